"""A deployment as lists, pages and commands show it."""

from dataclasses import dataclass

from odh_nim.deployment.status import Phase, StatusWord
from odh_nim.domain.protocol import Protocol


@dataclass(frozen=True)
class Endpoint:
    """An address as a client dials it; `note` says what to know before."""

    protocol: Protocol
    address: str
    external: bool = False
    note: str = ""


@dataclass(frozen=True)
class DeploymentView:
    """One row; texts are the cluster's, cleaned.

    `managed_by` is `odh-nim`, `dashboard` for those the stock dashboard made, or `NIMService` for
    those that belong to NVIDIA's operator and are only shown.
    """

    name: str
    namespace: str
    display_name: str
    model: str
    tag: str
    image: str
    status: StatusWord
    phase: Phase | None
    message: str
    protocol: Protocol
    gpus: int
    replicas: int
    endpoints: tuple[Endpoint, ...]
    key_secret: str | None
    pull_secrets: tuple[str, ...]
    claim: str | None
    created_at: str
    request_id: str | None
    managed_by: str
    runtime: str
    uid: str
    auth: bool = False
    stopped: bool = False
    hardware_profile: str = ""

    @property
    def external_url(self) -> str:
        """The address outside the cluster; empty where there is none."""
        return next((item.address for item in self.endpoints if item.external), "")
