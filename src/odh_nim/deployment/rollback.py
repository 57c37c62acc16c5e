"""Takes back what a failed request has made: exactly that, newest first."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from odh_nim.deployment.attempt import TRANSIENT, Getter, look, nap
from odh_nim.deployment.identity import request_of
from odh_nim.deployment.journal import Entry, Journal
from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.errors import ClusterError, ConflictError, NotFoundError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.resources import ApiResource


class Deleter(Getter, Protocol):
    """The calls that taking back needs."""

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
    ) -> None:
        """Delete what has this uid."""


async def roll_back(
    cluster: Deleter,
    journal: Journal,
    *,
    pauses: Sequence[float],
    deadline: float,
    report: Callable[[ObjectReference, str], None],
) -> tuple[Finding, ...]:
    """Delete what the journal's run created; give what stays, each with its command.

    It has a deadline of its own: what took so long before must not eat up its time.
    """
    stays: list[Finding] = []
    end = asyncio.get_running_loop().time() + deadline
    for entry in reversed(journal.entries):
        reason = ""
        if entry.taken_over:
            reason = "an earlier run of this request made it"
        elif entry.is_ours:
            try:
                async with asyncio.timeout_at(end):
                    await _take_back(cluster, entry, journal.request_id, pauses)
            except TimeoutError:
                reason = "there was no time left to delete it"
            except ClusterError as error:
                reason = error.cause
        if entry.taken_over or entry.is_ours:
            report(entry.reference, reason)
        if reason:
            stays.append(leftover(entry.reference, reason))
    return tuple(stays)


def leftover(reference: ObjectReference, reason: str) -> Finding:
    """Name an object that stays, with the command that removes it."""
    return Finding(
        Severity.ERROR,
        "leftover",
        str(reference),
        f"{reason.rstrip('.')}.",
        f"Remove it: {reference.delete_command}",
    )


async def _take_back(
    cluster: Deleter, entry: Entry, request_id: str, pauses: Sequence[float]
) -> None:
    found = entry.found
    if found is None:
        # Nobody knows whether it was stored; only what carries our mark is ours.
        found = await look(cluster, entry.reference, pauses)
        if found is None or request_of(found) != request_id:
            return
    await delete_exactly(cluster, ObjectReference.to(found, entry.reference.namespace), pauses)


async def delete_exactly(
    cluster: Deleter, reference: ObjectReference, pauses: Sequence[float]
) -> None:
    """Delete the very object a reference means; gone, or replaced by another, is as good.

    Raises:
        ClusterError: It is still there, or nobody knows.

    """
    for pause in (*pauses, None):
        try:
            await cluster.delete(
                reference.resource, reference.name, reference.namespace, uid=reference.uid
            )
        except NotFoundError:
            return
        except (ConflictError, *TRANSIENT):
            # Another object has the name now, or nobody knows: a look tells.
            found = await look(cluster, reference, pauses)
            if found is None or found["metadata"]["uid"] != reference.uid:
                return
            if found["metadata"].get("deletionTimestamp"):
                return
            if pause is None:
                raise
            await nap(pause)
        else:
            return
