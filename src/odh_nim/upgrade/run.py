"""One walk through a plan: what it knows, and what became of each line."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from odh_nim.domain.errors import ConflictError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade.identity import finalizers_of, is_going
from odh_nim.upgrade.plan import Item, Role, Subject
from odh_nim.upgrade.ports import UpgradeCluster
from odh_nim.upgrade.view import View

_POLL: Final = 0.2
_TRIES: Final = 4


class Result(StrEnum):
    """What became of a line of the plan."""

    DONE = "done"
    # Gone or changed before we came: by the controller, the garbage collector, an earlier run.
    ALREADY = "was done"
    WAITING = "waits"
    SKIPPED = "left alone"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """A line of the plan, and what became of it."""

    item: Item
    result: Result
    message: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether the line is done with."""
        return self.result in (Result.DONE, Result.ALREADY)

    def __str__(self) -> str:
        return f"{self.item.subject}: {self.message or self.result}"


@dataclass
class Run:
    """The state of one walk. `wait` bounds how long each object is waited for, in seconds."""

    cluster: UpgradeCluster
    view: View
    wait: float
    poll: float = _POLL
    items: tuple[Item, ...] = ()
    outcomes: list[Outcome] = field(default_factory=list)
    # Name of the saved copy, by the Account's uid.
    saved: dict[str, tuple[str, str]] = field(default_factory=dict)
    # The Account's uid and what must be saved before it goes.
    unsaved: set[tuple[str, str]] = field(default_factory=set)

    @property
    def controller_is_gone(self) -> bool:
        """Whether nobody but us removes the old finalizer."""
        return self.view.controller.is_gone or self.view.consents.controller_is_gone

    def lacks_a_copy(self, account: str) -> bool:
        """Whether something would be lost with this Account."""
        return any(uid == account for uid, _ in self.unsaved)

    def outcome_of(self, role: Role, uid: str = "") -> list[Outcome]:
        """Give what became of lines of one role."""
        return [
            outcome
            for outcome in self.outcomes
            if outcome.item.role is role and uid in ("", outcome.item.subject.uid)
        ]


async def look(run: Run, subject: Subject) -> Manifest | None:
    """Read an object again; None where it is gone, or another one has its name."""
    try:
        found = await run.cluster.get(subject.resource, subject.name, subject.namespace or None)
    except NotFoundError:
        return None
    return found if found["metadata"]["uid"] == subject.uid else None


async def delete_proven(
    run: Run,
    item: Item,
    proves: Callable[[Manifest], object],
    *,
    propagation: str = "Background",
) -> Outcome:
    """Delete an object that is still what the plan says, and wait until it is gone."""
    subject = item.subject
    for last in (*[False] * (_TRIES - 1), True):
        found = await look(run, subject)
        if found is None:
            return Outcome(item, Result.ALREADY)
        if is_going(found):
            return await wait_until_gone(run, item)
        same = found["metadata"]["resourceVersion"] == subject.resource_version
        if not same and not proves(found):
            return Outcome(item, Result.SKIPPED, "it changed and is not proven any more")
        try:
            await run.cluster.delete(
                subject.resource,
                subject.name,
                subject.namespace or None,
                uid=subject.uid,
                resource_version=found["metadata"]["resourceVersion"],
                propagation=propagation,
            )
        except NotFoundError:
            return Outcome(item, Result.ALREADY)
        except ConflictError:
            if last:
                return Outcome(item, Result.FAILED, "it changes again and again")
        else:
            return await wait_until_gone(run, item, after=Result.DONE)
    raise AssertionError("the last try returns")


async def wait_until_gone(run: Run, item: Item, *, after: Result = Result.ALREADY) -> Outcome:
    """Wait for an object whose deletion is requested; name the finalizers that hold it."""
    deadline = time.monotonic() + run.wait
    while True:
        found = await look(run, item.subject)
        if found is None:
            return Outcome(item, after)
        if time.monotonic() > deadline:
            held = ", ".join(finalizers_of(found)) or "the API server"
            return Outcome(item, Result.WAITING, f"being deleted, held by {held}")
        await asyncio.sleep(run.poll)
