"""Writes an edit so that pods are replaced once, and brings everything back when a write fails.

KServe makes new pods for a changed ServingRuntime and again for a changed InferenceService. Where
both change, the runtime is written first with `disabled: true`: KServe then leaves the running
pods alone and waits. The service follows, and the last write lets KServe go on with both changes at
once (measured with 0.20: one new ReplicaSet). Until that write nothing has been restarted, so what
fails before it is taken back without a trace. KServe hears of the two kinds by two watches, which
may overtake each other, and says nothing of a service behind a disabled runtime (its
observedGeneration stays): so each of these writes is given time to arrive before the next.
"""

import asyncio
import copy
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from odh_nim.deployment.diff import diff_of
from odh_nim.deployment.edit import EditPlan, ObjectPatch
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.settle import settle
from odh_nim.domain.errors import (
    BusyError,
    ClusterError,
    ConflictError,
    EditConflictError,
    EditFailedError,
    NotFoundError,
    OdhNimError,
    RejectedError,
    ServerError,
    UnreachableError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SERVING_RUNTIMES,
    ApiResource,
)

_PAUSES: Final = (0.2, 0.5, 1.0)
_DEADLINE: Final = 60.0
# Seconds between writes that KServe must see in order; a watch brings one in milliseconds.
_HOLD: Final = 0.5
_TRANSIENT: Final = (UnreachableError, ServerError, BusyError)
_PARTS: Final = (("metadata", "annotations"), ("metadata", "labels"), ("spec",))


class Patching(Protocol):
    """Changes objects, or lets the API server check a change."""

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
    ) -> Manifest:
        """Change what the patch names."""


class EditCluster(Patching, Protocol):
    """The calls that editing needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    def dry_run(self) -> Patching:
        """Give a client that cannot write."""


def json_patch(before: Manifest, after: Manifest) -> list[Manifest]:
    """Write the change of one object; its tests hold only for an object as it was read.

    Status and resourceVersion are not tested: controllers change them all the time.
    """
    tests = [{"op": "test", "path": "/metadata/uid", "value": before["metadata"]["uid"]}]
    changes: list[Manifest] = []
    for part in _PARTS:
        path = "/" + "/".join(part)
        old, new = _part(before, part), _part(after, part)
        if old is not None:
            tests.append({"op": "test", "path": path, "value": old})
        if new is not None and new != old:
            changes.append({"op": "add", "path": path, "value": new})
        elif new is None and old is not None:
            changes.append({"op": "remove", "path": path})
    return [*tests, *changes]


async def check_edit_writes(cluster: EditCluster, plan: EditPlan) -> None:
    """Let the API server and its webhooks check every write; nothing is written.

    Raises:
        EditConflictError: An object is not what the plan was made from.
        ClusterError: A write is refused.

    """
    dry = cluster.dry_run()
    answers = await asyncio.gather(
        *(_send(dry, one, one.before, one.after) for one in plan.patches), return_exceptions=True
    )
    for answer in answers:
        if isinstance(answer, ConflictError | RejectedError | NotFoundError):
            await _tell_conflict(cluster, plan)
        if isinstance(answer, BaseException):
            raise answer


async def apply_edit(
    cluster: EditCluster,
    plan: EditPlan,
    *,
    report: Callable[[ObjectReference], None] = lambda _: None,
    pauses: Sequence[float] = _PAUSES,
    deadline: float = _DEADLINE,
    hold: float = _HOLD,
) -> tuple[ObjectReference, ...]:
    """Write the change, or leave the deployment as it was; give what was changed.

    Raises:
        EditConflictError: Somebody else changed an object since the plan was made.
        EditFailedError: A write failed; what was written is taken back, or named.
        ClusterError: The API server refuses the change beforehand.

    """
    await check_edit_writes(cluster, plan)
    run = _Run(cluster, plan, pauses)
    try:
        async with asyncio.timeout(deadline):
            for before, after, pause in _writes(plan, hold):
                await settle(run.write(before, after), grace=deadline)
                report(ObjectReference.to(after, plan.namespace))
                await asyncio.sleep(pause)
    except (OdhNimError, TimeoutError) as error:
        cause = error if isinstance(error, OdhNimError) else _late(plan, deadline)
        leftovers = await settle(run.take_back(), grace=deadline)
        if isinstance(error, RejectedError | ConflictError) and not leftovers:
            await _tell_conflict(cluster, plan)
        raise EditFailedError(plan.name, cause, leftovers) from error
    except asyncio.CancelledError:
        await settle(run.take_back(), grace=deadline)
        raise
    return tuple(patch.reference for patch in plan.patches)


def _writes(plan: EditPlan, hold: float) -> list[tuple[Manifest, Manifest, float]]:
    """List the writes in order: what is there before, what after, and the pause that follows."""
    by_kind = {patch.reference.resource: patch for patch in plan.patches}
    claim = by_kind.get(PERSISTENT_VOLUME_CLAIMS)
    runtime, service = by_kind.get(SERVING_RUNTIMES), by_kind.get(INFERENCE_SERVICES)
    writes = [(claim.before, claim.after, 0.0)] if claim else []
    if runtime and service and runtime.restarts and service.restarts:
        held = copy.deepcopy(runtime.after)
        held["spec"]["disabled"] = True
        writes += [
            (runtime.before, held, hold),
            (service.before, service.after, hold),
            (held, runtime.after, 0.0),
        ]
    else:
        # The one that restarts nothing first: the other one's pods then have both.
        pair = [one for one in (runtime, service) if one]
        pair.sort(key=lambda one: one.restarts)
        writes += [(one.before, one.after, 0.0) for one in pair]
    return writes


class _Run:
    """The writes of one edit, and the way back."""

    def __init__(self, cluster: EditCluster, plan: EditPlan, pauses: Sequence[float]) -> None:
        self._cluster = cluster
        self._plan = plan
        self._pauses = pauses
        self._begun: list[tuple[Manifest, Manifest]] = []

    async def write(self, before: Manifest, after: Manifest) -> None:
        """Write once; a lost reply is settled by looking."""
        self._begun.append((before, after))
        patch = _patch_for(self._plan, before)
        lost = False
        for pause in (*self._pauses, None):
            try:
                await _send(self._cluster, patch, before, after)
            except _TRANSIENT:
                # Stored or not: what is there decides.
                lost = True
                if await self._is(after):
                    return
                if pause is None:
                    raise
                await asyncio.sleep(pause)
            except ClusterError:
                if not lost:
                    # Surely not written by us: whatever is there is not ours to take back.
                    self._begun.pop()
                raise
            else:
                return

    async def _is(self, wanted: Manifest) -> bool:
        reference = ObjectReference.to(wanted, self._plan.namespace)
        try:
            found = await self._cluster.get(reference.resource, reference.name, reference.namespace)
        except _TRANSIENT:
            return False
        return all(_part(found, part) == _part(wanted, part) for part in _PARTS)

    async def take_back(self) -> tuple[Finding, ...]:
        """Bring back what was written, newest first; name what stays."""
        stays = []
        for before, after in reversed(self._begun):
            reference = ObjectReference.to(after, self._plan.namespace)
            try:
                if not await self._is(after):
                    continue
                if reference.resource is PERSISTENT_VOLUME_CLAIMS:
                    stays.append(_stays(reference, "A claim that has grown cannot shrink."))
                    continue
                await _send(self._cluster, _patch_for(self._plan, after), after, before)
            except ClusterError as error:
                if not await self._gave_back(before):
                    stays.append(_stays(reference, error.cause))
        return tuple(stays)

    async def _gave_back(self, before: Manifest) -> bool:
        try:
            return await self._is(before)
        except ClusterError:
            return False


async def _send(
    cluster: Patching, patch: ObjectPatch, before: Manifest, after: Manifest
) -> Manifest:
    where = patch.reference
    return await cluster.patch(
        where.resource, where.name, where.namespace, json_patch=json_patch(before, after)
    )


def _patch_for(plan: EditPlan, item: Manifest) -> ObjectPatch:
    return next(one for one in plan.patches if one.before["kind"] == item["kind"])


async def _tell_conflict(cluster: EditCluster, plan: EditPlan) -> None:
    """Say what somebody else changed, if anybody did.

    Raises:
        EditConflictError: With the difference to what was read.

    """
    diffs = []
    for patch in plan.patches:
        where = patch.reference
        try:
            now = await cluster.get(where.resource, where.name, where.namespace)
        except NotFoundError:
            diffs.append(f"{where} is gone.")
            continue
        if any(_part(now, part) != _part(patch.before, part) for part in _PARTS):
            diffs.append(diff_of(patch.before, now))
    if diffs:
        raise EditConflictError(plan.name, plan.namespace, "\n".join(diffs))


def _part(item: Manifest, path: tuple[str, ...]) -> Any:
    found: Any = item
    for name in path:
        found = (found or {}).get(name)
    return found


def _stays(reference: ObjectReference, reason: str) -> Finding:
    return Finding(Severity.ERROR, "leftover", str(reference), f"{reason.rstrip('.')}.")


def _late(plan: EditPlan, deadline: float) -> OdhNimError:
    return UnreachableError(
        f"edit deployment {plan.name} in {plan.namespace}", f"no end within {deadline:.0f} s."
    )
