"""Walks a plan in the safe order. Safe to stop at any moment and to run again."""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import ClusterError, NotFoundError, UpgradeIncompleteError, printable
from odh_nim.upgrade.backup import Backup
from odh_nim.upgrade.find_projects import ADMIN_COPY
from odh_nim.upgrade.inventory import take_inventory
from odh_nim.upgrade.make_plan import make_plan
from odh_nim.upgrade.plan import Action, Item, Plan, Role
from odh_nim.upgrade.ports import UpgradeCluster
from odh_nim.upgrade.record import Mark, Record, store_record
from odh_nim.upgrade.run import Outcome, Result, Run
from odh_nim.upgrade.saved_plan import keep_to_saved
from odh_nim.upgrade.steps_account import remove_account, remove_child
from odh_nim.upgrade.steps_cluster import (
    remove_enabled_entry,
    remove_entry,
    remove_kind,
    remove_rights,
    switch_off,
)
from odh_nim.upgrade.steps_save import configure, save_catalog, save_choice, unsave_all
from odh_nim.upgrade.steps_secrets import (
    remove_admin_key,
    remove_leftover,
    remove_project_secret,
    remove_validator,
)
from odh_nim.upgrade.view import Consents, View, make_view

REVOKE: Final = (
    "Revoke the old admin key at NVIDIA (https://org.ngc.nvidia.com/setup/api-keys): every user of "
    "the old dashboard could read it (CVE-2026-86332)."
)
_HANDLERS: Final[Mapping[Role, Callable[[Run, Item], Awaitable[Outcome]]]] = {
    Role.VALIDATOR: remove_validator,
    Role.CATALOG: save_catalog,
    Role.MODEL_LIST: save_choice,
    Role.CONFIGURATION: configure,
    Role.ACCOUNT: remove_account,
    Role.CHILD: remove_child,
    Role.LEFTOVER: remove_leftover,
    Role.PROJECT_KEY: remove_project_secret,
    Role.PROJECT_PULL: remove_project_secret,
    Role.ADMIN_KEY: remove_admin_key,
    Role.ENABLED_APPS: remove_enabled_entry,
    Role.CLUSTER: switch_off,
    Role.RIGHTS: remove_rights,
    Role.WEBHOOK: remove_entry,
    Role.KIND: remove_kind,
}
# How long something that was deleted may take to come back before we look.
_LOOK_AGAIN: Final = 1.0


def _nobody(_: Outcome) -> None: ...


@dataclass(frozen=True)
class Options:
    """How to walk. `reports` keeps a report also where there was nothing to do."""

    applications_namespace: str | None = None
    consents: Consents = field(default_factory=Consents)
    # Only what this plan has too is done.
    saved_plan: Plan | None = None
    wait: float = 120.0
    poll: float = 0.2
    look_again: float = _LOOK_AGAIN
    reports: bool = False
    backup: Backup | None = None


@dataclass(frozen=True)
class Report:
    """What a walk did, what it left, and what people must do."""

    plan: Plan
    outcomes: tuple[Outcome, ...]
    left: tuple[str, ...]
    advice: tuple[str, ...]
    # Where it is kept, and whether this run changed it.
    namespace: str = ""
    record: Record = field(default_factory=Record)
    changed: bool = False

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return not self.left


async def apply_upgrade(
    cluster: UpgradeCluster,
    options: Options,
    *,
    told: Callable[[Outcome], None] = _nobody,
) -> Report:
    """Look again, then do what is due.

    Raises:
        UpgradeIncompleteError: Something could not be read; nothing was changed.

    """
    inventory = await take_inventory(cluster)
    view = make_view(inventory, options.applications_namespace, options.consents)
    plan = make_plan(view)
    if not plan.complete:
        raise UpgradeIncompleteError(plan.holes)
    due, unplanned = keep_to_saved(view, plan, options.saved_plan)
    run = Run(cluster, view, options.wait, options.poll, tuple(due))
    if due and options.backup is not None:
        await options.backup.save(cluster, due)
    home = _home(view)
    begun = await _begin(cluster, view, plan, due, home)
    for item in due:
        outcome = await _do(run, item)
        run.outcomes.append(outcome)
        told(outcome)
    left = [*unplanned, *_left(plan, run.outcomes), *await _came_back(run, options.look_again)]
    return await _end(run, plan, tuple(left), begun, options, home)


def _home(view: View) -> str:
    there = {item["metadata"]["name"] for item in view.inventory.of(kinds.NAMESPACES)}
    able = (name for name in view.applications if name in there and not view.is_ending(name))
    return next(able, "")


async def _begin(
    cluster: UpgradeCluster, view: View, plan: Plan, due: list[Item], home: str
) -> Record:
    """Remember, before the first deletion, what will be deleted and what is proven."""
    deleted = [_mark(item) for item in due if item.action is Action.DELETE]
    proven = [_mark(item) for item in plan.items if _holds_admins_key(item)]
    before = view.record
    record = Record(
        "running",
        _now(),
        _with(before.deleted, deleted),
        before.changed,
        _with(before.proven, proven),
        before.left,
        _advice(before, due),
    )
    marks = (record.deleted, record.proven) != (before.deleted, before.proven)
    if not due or not home or not marks:
        return before
    await store_record(cluster, record, home)
    return record


def _holds_admins_key(item: Item) -> bool:
    return item.proof == ADMIN_COPY or (item.role is Role.ADMIN_KEY and bool(item.proof))


async def _do(run: Run, item: Item) -> Outcome:
    try:
        outcome = await _HANDLERS[item.role](run, item)
    except NotFoundError:
        # The object or its whole kind went meanwhile.
        outcome = Outcome(item, Result.ALREADY)
    except ClusterError as error:
        outcome = Outcome(item, Result.FAILED, printable(str(error), 300))
    if item.role is Role.CONFIGURATION and not outcome.is_fine:
        unsave_all(run)
    return outcome


def _left(plan: Plan, outcomes: list[Outcome]) -> list[str]:
    waiting = [f"{item.subject}: waits for {', '.join(item.waits_for)}" for item in plan.waiting]
    return [*(str(outcome) for outcome in outcomes if not outcome.is_fine), *waiting]


async def _came_back(run: Run, pause: float) -> list[str]:
    """Look again at what was deleted: somebody may apply it from a repository."""
    deleted = [one for one in run.outcomes if one.is_fine and one.item.action is Action.DELETE]
    if not any(one.result is Result.DONE for one in deleted):
        return []
    await asyncio.sleep(pause)
    found: list[str] = []
    for outcome in deleted:
        subject = outcome.item.subject
        try:
            now = await run.cluster.get(subject.resource, subject.name, subject.namespace or None)
        except ClusterError:
            continue
        if now["metadata"]["uid"] != subject.uid:
            found.append(f"{subject}: it came back after it was deleted; it is left alone")
    return found


async def _end(
    run: Run, plan: Plan, left: tuple[str, ...], begun: Record, options: Options, home: str
) -> Report:
    changed = [
        _mark(one.item)
        for one in run.outcomes
        if one.result is Result.DONE and one.item.action is Action.PATCH and one.item.subject.uid
    ]
    advice = _advice(begun, run.items)
    record = Record(
        "waiting" if left else "done",
        _now(),
        begun.deleted,
        _with(begun.changed, changed),
        begun.proven,
        left,
        advice,
    )
    known = bool(begun.state) or bool(run.outcomes) or options.reports
    writes = bool(home) and known and not record.says_the_same(begun)
    if writes:
        await store_record(run.cluster, record, home)
    return Report(plan, tuple(run.outcomes), left, advice, home, record, writes)


def _advice(before: Record, due: Iterable[Item]) -> tuple[str, ...]:
    """Say it from the moment on in which the key is about to go: a stop in between loses it.

    An Account of the applications namespace may read its key from a Secret of any name.
    """
    keys = any(
        item.role is Role.ADMIN_KEY or (item.role is Role.ACCOUNT and item.generation != "3")
        for item in due
    )
    return tuple(dict.fromkeys([*before.advice, *([REVOKE] if keys else [])]))


def _with(before: tuple[Mark, ...], more: list[Mark]) -> tuple[Mark, ...]:
    return tuple(dict.fromkeys([*before, *more]))


def _mark(item: Item) -> Mark:
    subject = item.subject
    version = subject.resource_version if _holds_admins_key(item) else ""
    return Mark(str(subject), subject.uid, version)


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
