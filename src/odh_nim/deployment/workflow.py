"""Creates a deployment: all of it, or nothing that stays."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from odh_nim.deployment.plan import Plan
from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.finding import Finding
from odh_nim.domain.manifest import Manifest


class Creator(Protocol):
    """Creates objects."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""


class DeployCluster(Creator, Protocol):
    """The calls that a deployment needs."""

    def dry_run(self) -> Creator:
        """Give a client that cannot write."""


class Action(StrEnum):
    """What a step does."""

    CHECK = "check"
    CREATE = "create"
    OWN = "own"
    TAKE_BACK = "take back"


@dataclass(frozen=True)
class Step:
    """One step that is done, for whoever shows progress."""

    action: Action
    subject: ObjectReference
    note: str = ""


@dataclass(frozen=True)
class Deployed:
    """What a deployment consists of now; `taken_over` was there from the same request."""

    name: str
    namespace: str
    request_id: str
    objects: tuple[ObjectReference, ...]
    taken_over: tuple[ObjectReference, ...] = ()
    findings: tuple[Finding, ...] = ()


async def deploy(
    cluster: DeployCluster,
    plan: Plan,
    *,
    report: Callable[[Step], None] | None = None,
    deadline: float = 120,
) -> Deployed:
    """Create every object of a plan, or leave the project as it was.

    The same plan again (same request id) finishes what an interrupted run began. A cancellation
    lets the write in flight finish and then takes everything back before it goes on.

    Raises:
        PreflightError: The API server refuses several objects; nothing was written.
        AlreadyExistsError: A name is taken by an object of somebody else.
        ConflictError: The same request id was used for another specification.
        DeployFailedError: A write failed; what this run created is taken back, or named.

    """
    raise NotImplementedError
