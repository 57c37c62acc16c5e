"""Deletes what generation 1 left, copies of keys that nothing names, then the admin's key."""

from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.find_projects import is_admin_copy
from odh_nim.upgrade.identity import (
    key_secret_of,
    proves_access_key,
    proves_leftover,
    proves_validator,
)
from odh_nim.upgrade.inventory import uses_in
from odh_nim.upgrade.plan import Item, Role
from odh_nim.upgrade.references import Reference, Wanted
from odh_nim.upgrade.run import Outcome, Result, Run, delete_proven
from odh_nim.upgrade.steps_cluster import accounts_left
from odh_nim.upgrade.view import except_gone


async def remove_validator(run: Run, item: Item) -> Outcome:
    """Delete the CronJob with its Jobs, a Job with its Pods, or a Pod."""
    known = frozenset(one.subject.uid for one in run.items if one.role is Role.VALIDATOR)
    return await delete_proven(
        run, item, lambda found: proves_validator(found, known), propagation="Foreground"
    )


async def remove_leftover(run: Run, item: Item) -> Outcome:
    """Delete an object with a fixed name that nobody owns."""
    if _schedule_is_left(run):
        return Outcome(item, Result.SKIPPED, "the validator that makes it is still there")
    if item.subject.resource.kind == "Secret" and (users := await _users(run, item)):
        return Outcome(item, Result.SKIPPED, f"{users[0]} uses it since")
    return await delete_proven(run, item, proves_leftover)


async def remove_project_secret(run: Run, item: Item) -> Outcome:
    """Delete a copy of the admin's key, after asking once more who names it."""
    if users := await _users(run, item):
        return Outcome(item, Result.SKIPPED, f"{users[0]} uses it since")
    return await delete_proven(run, item, lambda found: is_admin_copy(run.view, found))


async def remove_admin_key(run: Run, item: Item) -> Outcome:
    """Delete the admin's key, once no Account and no validator reads it."""
    if _schedule_is_left(run):
        return Outcome(item, Result.SKIPPED, "the validator that reads it is still there")
    if await accounts_left(run):
        for account in await run.cluster.list(kinds.ACCOUNTS):
            if key_secret_of(account) == (item.subject.namespace, item.subject.name):
                name = account["metadata"]["name"]
                return Outcome(item, Result.WAITING, f"Account/{name} still reads it")
    if users := await _users(run, item):
        return Outcome(item, Result.SKIPPED, f"{users[0]} uses it since")
    return await delete_proven(run, item, _is_access_key)


def _is_access_key(secret: Manifest) -> object:
    return proves_access_key(secret, ())


def _schedule_is_left(run: Run) -> bool:
    return any(not one.is_fine for one in run.outcome_of(Role.VALIDATOR))


async def _users(run: Run, item: Item) -> tuple[Reference, ...]:
    namespace, name = item.subject.namespace, item.subject.name
    uses = await uses_in(run.cluster, namespace, Wanted(frozenset({name})))
    gone = frozenset(one.item.subject.uid for one in run.outcomes if one.is_fine)
    found = except_gone(uses.of_secret(namespace, name), gone)
    return tuple(user for user in found if user.kind != old.ACCOUNT_KIND or item.role in _PROJECT)


_PROJECT = (Role.PROJECT_KEY, Role.PROJECT_PULL)
