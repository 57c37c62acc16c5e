"""What a plan must know about the cluster: who exposes services, and KServe's defaults."""

from dataclasses import dataclass
from typing import Protocol

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource


class SurroundingsCluster(Protocol):
    """The calls that looking around needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def serves(self, resource: ApiResource) -> bool:
        """Say whether the cluster knows a type."""


@dataclass(frozen=True)
class Surroundings:
    """The defaults hold where nothing could be read.

    `routes` says that the kind Route is served: Open Data Hub exposes deployments itself.
    `default_mode` is KServe's default deployment mode, None where it cannot be told.
    """

    routes: bool = False
    default_mode: str | None = None
    headless: bool | None = None
    kserve_makes_ingress: bool = False

    @property
    def deployment_mode(self) -> str | None:
        """The mode to write on an InferenceService; None where the default is right already."""
        raise NotImplementedError

    @property
    def needs_ingress(self) -> bool:
        """Whether nobody else makes a way in from outside."""
        return not self.routes and not self.kserve_makes_ingress


async def read_surroundings(
    cluster: SurroundingsCluster, *, applications_namespace: str | None
) -> Surroundings:
    """Look around with the caller's rights; what may not be read stays unknown."""
    raise NotImplementedError
