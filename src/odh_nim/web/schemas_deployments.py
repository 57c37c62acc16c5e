"""Deployments that are there: rows, details, events, logs, what a deletion does."""

from typing import Annotated, Literal

from pydantic import Field, RootModel

from odh_nim.domain.protocol import Protocol
from odh_nim.web.schemas import FindingOut, Wire
from odh_nim.web.schemas_deploy import EndpointOut, FailedOut, ObjectOut

Word = Literal["Ready", "Starting", "Failed", "Stopping", "Stopped", "Deleting", "Unknown"]
PhaseName = Literal["scheduling", "pulling image", "downloading weights", "loading model", "ready"]


class DeploymentRowOut(Wire):
    """One deployment in a list; `managedBy` is odh-nim, dashboard or NIMService (only shown)."""

    name: str
    project: str
    display_name: str
    model: str
    tag: str
    image: str
    status: Word
    phase: PhaseName | None
    message: str
    protocol: Protocol
    gpus: int
    replicas: int
    endpoints: list[EndpointOut]
    external_url: str
    key_secret: str | None
    claim: str | None
    created_at: str
    request_id: str | None
    managed_by: str
    auth: bool
    stopped: bool
    hardware_profile: str


class DraftOut(Wire):
    """What the wizard can be filled with again; null is not known."""

    model: str | None
    tag: str | None
    image: str | None
    name: str
    display_name: str | None
    protocol: Protocol | None
    claim: str | None
    size: str | None
    storage_class: str | None
    access_mode: str | None


class RemainderOut(Wire):
    """What an interrupted run left: to be resumed with the same request, or deleted."""

    request_id: str
    project: str
    name: str
    reason: str
    objects: list[ObjectOut]
    draft: DraftOut


class ProjectErrorOut(Wire):
    """A project that could not be read."""

    project: str
    message: str


class ClaimLeftOut(Wire):
    """A claim with weights that no deployment uses any more."""

    project: str
    name: str


class DeploymentsOut(Wire):
    """Deployments of one project, or of all that the caller may see."""

    items: list[DeploymentRowOut]
    incomplete: list[RemainderOut]
    orphan_claims: list[ClaimLeftOut]
    errors: list[ProjectErrorOut]


class PhaseOut(Wire):
    """One phase on the way to a served model."""

    name: PhaseName
    state: Literal["done", "active", "failed", "waiting"]
    since: str | None
    message: str


class ConditionOut(Wire):
    """One condition as KServe reports it."""

    type: str
    status: str
    reason: str
    message: str
    since: str


class PodOut(Wire):
    """One pod; `current` says that it is of the newest specification."""

    name: str
    phase: PhaseName
    current: bool
    ready: bool
    restarts: int
    node: str
    started_at: str


class ExplanationOut(Wire):
    """A recognised failure in plain words; `raw` is the cluster's own text."""

    code: str
    subject: str
    cause: str
    action: str
    raw: str
    fatal: bool


class KeyUseOut(Wire):
    """Which key a deployment uses."""

    kind: Literal["project", "own", "other", "none"]
    secret: str | None
    pull_secrets: list[str]


class DetailsOut(DeploymentRowOut):
    """Everything about one deployment."""

    description: str
    phases: list[PhaseOut]
    ready_replicas: int
    wanted_replicas: int
    pods: list[PodOut]
    conditions: list[ConditionOut]
    explanations: list[ExplanationOut]
    key: KeyUseOut
    objects: list[ObjectOut]
    yaml: str
    resource_version: str
    restart_pending: bool
    findings: list[FindingOut]


class StatusOut(Wire):
    """The deployment as it is now."""

    type: Literal["details"]
    details: DetailsOut


class GoneOut(Wire):
    """The deployment is there no more; the stream ends."""

    type: Literal["gone"]


class StatusEventOut(
    RootModel[Annotated[StatusOut | GoneOut | FailedOut, Field(discriminator="type")]]
):
    """One event of the stream."""


class EventOut(Wire):
    """One event of the cluster."""

    time: str
    type: Literal["Normal", "Warning"]
    reason: str
    object: str
    message: str
    count: int


class EventsOut(Wire):
    """Events, oldest first."""

    items: list[EventOut]


class ContainerOut(Wire):
    """A container whose log can be read; `previous` says that there is one of an earlier run."""

    pod: str
    container: str
    current: bool
    previous: bool


class ContainersOut(Wire):
    """Containers, those of the newest pod first."""

    items: list[ContainerOut]


class LineOut(Wire):
    """One line of a log."""

    type: Literal["line"]
    line: str


class EndOut(Wire):
    """The log ends here."""

    type: Literal["end"]


class LogEventOut(RootModel[Annotated[LineOut | EndOut | FailedOut, Field(discriminator="type")]]):
    """One event of the stream."""


class KeptOut(Wire):
    """An object that stays, and why."""

    kind: str
    name: str
    reason: str


class DeletionOut(Wire):
    """What a deletion would do; `claimUsers` are others that use the claim."""

    objects: list[ObjectOut]
    kept: list[KeptOut]
    claim: str | None
    claim_users: list[str]
    findings: list[FindingOut]


class DeletedOut(Wire):
    """What is gone, and what stays."""

    deleted: list[ObjectOut]
    kept: list[KeptOut]
    leftovers: list[FindingOut]
