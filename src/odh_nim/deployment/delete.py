"""Deletes a deployment: first a plan that names everything, then exactly that."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

from odh_nim.deployment.attempt import TRANSIENT, Getter
from odh_nim.deployment.delete_plan import DeletePlan
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.rollback import Deleter, delete_exactly, leftover
from odh_nim.domain.errors import (
    ClusterError,
    DeleteFailedError,
    NotFoundError,
    PreflightError,
)
from odh_nim.domain.finding import Finding, errors_of
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, PERSISTENT_VOLUME_CLAIMS

_PAUSES: Final = (0.3, 1.0, 3.0)
_FIRST_LOOK: Final = 0.2
_LOOK: Final = 2.0


class DeleteCluster(Deleter, Getter, Protocol):
    """The calls that a deletion needs."""


async def delete(
    cluster: DeleteCluster,
    plan: DeletePlan,
    *,
    wait: float = 120,
    pauses: Sequence[float] = _PAUSES,
) -> tuple[ObjectReference, ...]:
    """Delete what a plan names and wait until it is gone; gives what was deleted.

    The InferenceService goes first: while it is there KServe would make anew what is missing. The
    claim goes last, when nothing that writes to it is left.

    Raises:
        PreflightError: The plan has errors; nothing was deleted.
        DeleteFailedError: Something is still there.

    """
    errors = errors_of(list(plan.findings))
    if errors:
        raise PreflightError(f"The deletion of {plan.name}", errors)
    end = asyncio.get_running_loop().time() + wait
    done: list[ObjectReference] = []
    for stage in _stages(plan.deletes):
        refused = [await _delete(cluster, one, pauses) for one in stage]
        # Nobody waits for the end of what was not told to go.
        told = [one for one, why in zip(stage, refused, strict=True) if why is None]
        stays = refused + [await _wait(cluster, one, end) for one in told]
        left = [one for one in stays if one is not None]
        if left:
            raise DeleteFailedError(plan.name, left)
        done += stage
    return tuple(done)


def _stages(deletes: Iterable[ObjectReference]) -> list[list[ObjectReference]]:
    """Split into what must be gone before the rest is touched."""
    first: list[ObjectReference] = []
    middle: list[ObjectReference] = []
    last: list[ObjectReference] = []
    for one in deletes:
        if one.resource is INFERENCE_SERVICES:
            first.append(one)
        elif one.resource is PERSISTENT_VOLUME_CLAIMS:
            last.append(one)
        else:
            middle.append(one)
    return [stage for stage in (first, middle, last) if stage]


async def _delete(
    cluster: DeleteCluster, reference: ObjectReference, pauses: Sequence[float]
) -> Finding | None:
    try:
        await delete_exactly(cluster, reference, pauses)
    except ClusterError as error:
        return leftover(reference, error.cause)
    return None


async def _wait(cluster: DeleteCluster, reference: ObjectReference, end: float) -> Finding | None:
    """Wait until finalizers are done with an object."""
    loop = asyncio.get_running_loop()
    pause, found = _FIRST_LOOK, None
    while True:
        try:
            found = await cluster.get(reference.resource, reference.name, reference.namespace)
        except NotFoundError:
            return None
        except TRANSIENT:
            # Looked at again; what is known of it stays.
            pass
        except ClusterError as error:
            return leftover(reference, f"whether it is gone cannot be told: {error.cause}")
        if found is not None and found["metadata"]["uid"] != reference.uid:
            return None
        if loop.time() + pause > end:
            return leftover(reference, _held_by(found))
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LOOK)


def _held_by(found: Manifest | None) -> str:
    finalizers = (found or {}).get("metadata", {}).get("finalizers") or []
    if finalizers:
        return f"it waits for {', '.join(map(str, finalizers))}"
    return "it is still there"
