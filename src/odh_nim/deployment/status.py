"""How far a deployment is, judged from its pods; pure."""

from dataclasses import dataclass
from enum import StrEnum

from odh_nim.deployment.explain import Explanation


class StatusWord(StrEnum):
    """One word for a list."""

    READY = "Ready"
    STARTING = "Starting"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    DELETING = "Deleting"
    UNKNOWN = "Unknown"


class Phase(StrEnum):
    """The way of a pod to a served model."""

    SCHEDULING = "scheduling"
    PULLING = "pulling image"
    WEIGHTS = "downloading weights"
    LOADING = "loading model"
    READY = "ready"


@dataclass(frozen=True)
class PodStatus:
    """One pod of a deployment; `current` says that it is of the newest ReplicaSet."""

    name: str
    phase: Phase
    current: bool
    ready: bool
    restarts: int = 0
    node: str = ""
    started_at: str = ""


@dataclass(frozen=True)
class Status:
    """Where a deployment stands; `explanations` are the failures that are recognised."""

    word: StatusWord
    phase: Phase | None
    message: str
    ready_replicas: int
    wanted_replicas: int
    pods: tuple[PodStatus, ...] = ()
    explanations: tuple[Explanation, ...] = ()
