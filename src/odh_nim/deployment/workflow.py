"""Creates a deployment: all of it, or nothing that stays."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from odh_nim.deployment.attempt import Attempt
from odh_nim.deployment.dry_run import CheckCluster, check_manifests
from odh_nim.deployment.journal import Journal
from odh_nim.deployment.ownership import Patcher, own, owner_reference
from odh_nim.deployment.plan import Plan
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.rollback import Deleter, leftover, roll_back
from odh_nim.deployment.settle import settle
from odh_nim.domain.errors import (
    AlreadyExistsError,
    DeployFailedError,
    NamespaceTerminatingError,
    OdhNimError,
    PreflightError,
    UnauthorizedError,
    UnclearReplyError,
)
from odh_nim.domain.finding import Finding
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, ROLE_BINDINGS, SECRETS

_DEADLINE: Final = 120.0
_ROLLBACK_DEADLINE: Final = 30.0
# A write in flight gets so long to come back when the run is cancelled.
_GRACE: Final = 10.0
_PAUSES: Final = (0.3, 1.0, 3.0)
# These are refused, or removed by the cluster, while the Role and the ServiceAccount they name
# are not there.
_DEPENDENT: Final = (ROLE_BINDINGS.kind, SECRETS.kind)


class DeployCluster(CheckCluster, Patcher, Deleter, Protocol):
    """The calls that a deployment needs."""


class Action(StrEnum):
    """What a step does."""

    CHECK = "check"
    CREATE = "create"
    OWN = "own"
    TAKE_BACK = "take back"


@dataclass(frozen=True)
class Step:
    """One step that is done, for whoever shows progress; a note says what was not as usual."""

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


Report = Callable[[Step], None]


async def deploy(
    cluster: DeployCluster,
    plan: Plan,
    *,
    report: Report | None = None,
    deadline: float = _DEADLINE,
    pauses: Sequence[float] = _PAUSES,
    grace: float = _GRACE,
) -> Deployed:
    """Create every object of a plan, or leave the project as it was.

    The same plan again (same request id) finishes what an interrupted run began. A cancellation
    lets the write in flight finish (`grace` seconds) and then takes everything back.

    Raises:
        PreflightError: The plan has errors, or the API server refuses several objects.
        AlreadyExistsError: A name is taken by an object of somebody else.
        ConflictError: The same request id was used for another specification.
        DeployFailedError: A write failed; what this run created is taken back, or named.
        ClusterError: The API server refused before anything was written.

    """
    if plan.errors:
        raise PreflightError(f"Deployment {plan.spec.name}", plan.errors)
    run = _Run(cluster, plan, report or (lambda _step: None), pauses, grace)
    try:
        async with asyncio.timeout(deadline):
            await check_manifests(
                cluster, plan, pauses=pauses, report=lambda one: run.tell(Action.CHECK, one)
            )
            await run.create_all()
    except TimeoutError:
        late = UnclearReplyError(
            f"create deployment {plan.spec.name} in {plan.spec.namespace}",
            f"it was not done within {deadline:.0f} s.",
        )
        raise await run.failed(late) from None
    except OdhNimError as error:
        failure = await run.failed(error)
        if failure is error:
            raise
        raise failure from error
    except BaseException:
        # Ctrl-C, a closed browser tab, or a fault of ours: the project is left as it was.
        await run.take_back()
        raise
    return run.result()


class _Run:
    """One run of a plan: what it has begun decides what is taken back."""

    def __init__(
        self,
        cluster: DeployCluster,
        plan: Plan,
        report: Report,
        pauses: Sequence[float],
        grace: float,
    ) -> None:
        self._cluster = cluster
        self._plan = plan
        self._report = report
        self._pauses = pauses
        self._grace = grace
        self._journal = Journal(plan.request_id)
        self._attempt = Attempt(cluster, plan.request_id, plan.spec.name, pauses)

    async def create_all(self) -> None:
        """Create in order, the contested names one by one: of two runs exactly one wins.

        Whoever gets a name first holds it; names are taken in the same order by all. What comes
        after the InferenceService is nobody else's any more and goes out together.
        """
        manifests = list(self._plan.manifests)
        last = next(
            index for index, item in enumerate(manifests) if item["kind"] == INFERENCE_SERVICES.kind
        )
        made = [
            await settle(self._create(item), grace=self._grace) for item in manifests[: last + 1]
        ]
        owner = owner_reference(made[last])
        later = [_with_owner(item, owner) for item in manifests[last + 1 :]]
        # Refused without their Role and ServiceAccount, or removed by the cluster.
        dependent = [item for item in later if item["kind"] in _DEPENDENT]
        first = [item for item in later if item not in dependent]
        await self._together(
            *(self._own(item, owner) for item in made if self._plan.owns(item)),
            *(self._create(item) for item in first),
        )
        await self._together(*(self._create(item) for item in dependent))

    async def failed(self, error: OdhNimError) -> OdhNimError:
        """Take back, and say how it ended."""
        name = self._plan.spec.name
        if isinstance(error, NamespaceTerminatingError):
            # Whatever was created goes with the project; asking for it only adds refusals.
            return error
        if isinstance(error, UnauthorizedError):
            stays = self._cannot_take_back()
        else:
            stays = await self.take_back()
        if self._journal.is_clean or (isinstance(error, AlreadyExistsError) and not stays):
            return error
        return DeployFailedError(name, error, stays)

    async def take_back(self) -> tuple[Finding, ...]:
        """Roll back with a deadline of its own; a cancellation waits for it."""

        def tell(reference: ObjectReference, reason: str) -> None:
            self.tell(Action.TAKE_BACK, reference, f"stays: {reason}" if reason else "")

        return await settle(
            roll_back(
                self._cluster,
                self._journal,
                pauses=self._pauses,
                deadline=_ROLLBACK_DEADLINE,
                report=tell,
            ),
            grace=_ROLLBACK_DEADLINE,
        )

    def tell(self, action: Action, subject: ObjectReference, note: str = "") -> None:
        """Report one step."""
        self._report(Step(action, subject, note))

    def result(self) -> Deployed:
        """Say what there is now."""
        spec, entries = self._plan.spec, self._journal.entries
        return Deployed(
            spec.name,
            spec.namespace,
            self._plan.request_id,
            objects=tuple(ObjectReference.to(one.found) for one in entries if one.found),
            taken_over=tuple(one.reference for one in entries if one.taken_over),
        )

    async def _create(self, manifest: Manifest) -> Manifest:
        entry = self._journal.begin(ObjectReference.to(manifest))
        found = await self._attempt.create(manifest, entry)
        self.tell(Action.CREATE, entry.reference, "taken over" if entry.taken_over else "")
        return found

    async def _own(self, found: Manifest, owner: Manifest) -> None:
        await own(self._cluster, found, owner, self._pauses)
        self.tell(Action.OWN, ObjectReference.to(found))

    async def _together(self, *steps: Awaitable[object]) -> None:
        """Do steps at the same time; all of them have ended when one failed."""
        if not steps:
            return

        async def all_of_them() -> None:
            answers = await asyncio.gather(*steps, return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException):
                    raise answer

        await settle(all_of_them(), grace=self._grace)

    def _cannot_take_back(self) -> tuple[Finding, ...]:
        """Name everything: without a valid login nothing can be deleted, or looked at."""
        reason = (
            "the login has expired: log in again, then deploy with the same request id "
            f"({self._plan.request_id}) to finish, or delete it"
        )
        entries = [one for one in reversed(self._journal.entries) if one.found or one.doubtful]
        return tuple(leftover(entry.reference, reason) for entry in entries)


def _with_owner(manifest: Manifest, owner: Manifest) -> Manifest:
    owned = copy.deepcopy(manifest)
    owned["metadata"]["ownerReferences"] = [owner]
    return owned
