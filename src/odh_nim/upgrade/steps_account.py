"""Deletes Accounts: while the old controller serves their finalizer, or in its place."""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import (
    ClusterError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RejectedError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.find_accounts import pull_names
from odh_nim.upgrade.identity import (
    account_owner,
    finalizers_of,
    is_child_name,
    is_going,
)
from odh_nim.upgrade.inventory import uses_in
from odh_nim.upgrade.plan import Item, Role
from odh_nim.upgrade.references import Reference, Wanted
from odh_nim.upgrade.run import Outcome, Result, Run, delete_proven, look, wait_until_gone
from odh_nim.upgrade.steps_cluster import remove_webhook_entry
from odh_nim.upgrade.view import foreign_finalizers

_TRIES: Final = 5
_AFTER_A_LATE_ONE: Final = 2.0


async def remove_account(run: Run, item: Item) -> Outcome:
    """Delete one Account and wait for its end."""
    found = await look(run, item.subject)
    if found is None:
        return Outcome(item, Result.ALREADY)
    if run.lacks_a_copy(item.subject.uid):
        return Outcome(item, Result.SKIPPED, "its catalogue could not be saved")
    if not is_going(found):
        users = await _users(run, found)
        if users:
            named = ", ".join(str(user) for user in users[:3])
            return Outcome(item, Result.SKIPPED, f"its pull Secret is in use since ({named})")
        refused = await _request(run, item)
        if refused is not None:
            return refused
    return await _see_off(run, item)


async def _users(run: Run, account: Manifest) -> list[Reference]:
    names = pull_names(account, run.view.inventory.of(kinds.SECRETS))
    namespace = account["metadata"]["namespace"]
    uses = await uses_in(run.cluster, namespace, Wanted(names))
    found = (user for name in names for user in uses.of_secret(namespace, name))
    return [user for user in found if user.kind != old.ACCOUNT_KIND]


async def _request(run: Run, item: Item) -> Outcome | None:
    subject = item.subject
    # The controller writes the status all the time: the version is read anew for each try.
    for _ in range(_TRIES):
        found = await look(run, subject)
        if found is None:
            return Outcome(item, Result.DONE)
        try:
            await run.cluster.delete(
                subject.resource,
                subject.name,
                subject.namespace,
                uid=subject.uid,
                resource_version=found["metadata"]["resourceVersion"],
            )
        except NotFoundError:
            return Outcome(item, Result.DONE)
        except ConflictError:
            continue
        return None
    return Outcome(item, Result.FAILED, "it changes again and again")


async def _see_off(run: Run, item: Item) -> Outcome:
    # A controller that has not answered for one Account is not waited for with each of the others.
    late = any(one.result is Result.WAITING for one in run.outcome_of(Role.ACCOUNT))
    deadline = time.monotonic() + (min(run.wait, _AFTER_A_LATE_ONE) if late else run.wait)
    message = ""
    while True:
        found = await look(run, item.subject)
        if found is None:
            return Outcome(item, Result.DONE)
        held = old.FINALIZER in finalizers_of(found)
        if held and run.controller_is_gone:
            message = await _take_finalizer(run, item, found)
        elif not held and (foreign := foreign_finalizers(found)):
            return Outcome(
                item, Result.WAITING, f"waits for a finalizer that is not ours: {foreign[0]}"
            )
        if time.monotonic() > deadline:
            return Outcome(item, Result.WAITING, message or _late(found))
        await asyncio.sleep(run.poll)


def _late(found: Manifest) -> str:
    if old.FINALIZER in finalizers_of(found):
        return (
            "the old controller has not removed its finalizer yet; if it is gone for good, say so "
            "with --controller-is-gone"
        )
    return "it is still being deleted"


async def _take_finalizer(run: Run, item: Item, found: Manifest) -> str:
    """Remove the children, then exactly the one finalizer; say what stands in the way."""
    for child in children_of(run.items, item.subject.uid):
        try:
            outcome = await remove_child(run, child)
        except ForbiddenError:
            # Its owner is about to go: the garbage collector takes it.
            continue
        if not outcome.is_fine:
            return f"its child {outcome}"
    index = finalizers_of(found).index(old.FINALIZER)
    path = f"/metadata/finalizers/{index}"
    patch = [
        {"op": "test", "path": "/metadata/uid", "value": item.subject.uid},
        {"op": "test", "path": path, "value": old.FINALIZER},
        {"op": "remove", "path": path},
    ]
    try:
        await run.cluster.patch(
            item.subject.resource, item.subject.name, item.subject.namespace, json_patch=patch
        )
    except NotFoundError:
        return ""
    except (RejectedError, ConflictError) as error:
        return await _refused(run, error)
    except ClusterError as error:
        if "webhook" not in error.cause.lower():
            raise
        return await _refused(run, error)
    return ""


async def _refused(run: Run, error: ClusterError) -> str:
    if "webhook" not in error.cause.lower():
        return error.cause
    if run.view.consents.remove_webhook_entry and await remove_webhook_entry(run.cluster):
        return ""
    return (
        "the webhook of the old controller refuses every change of an Account, also the removal "
        "of its finalizer: repair the controller, or allow --remove-webhook-entry"
    )


def children_of(items: Sequence[Item], account: str) -> list[Item]:
    """Give the planned deletions of an Account's children."""
    return [
        item
        for item in items
        if item.role is Role.CHILD and item.account == account and item.is_due
    ]


async def remove_child(run: Run, item: Item) -> Outcome:
    """Delete a child that its Account's end has left, with the owner's uid as proof."""
    accounts = run.outcome_of(Role.ACCOUNT, item.account)
    if any(one.result in (Result.SKIPPED, Result.FAILED) for one in accounts):
        return Outcome(item, Result.SKIPPED, "its Account stays")
    found = await look(run, item.subject)
    if found is None:
        return Outcome(item, Result.ALREADY)
    if any(one.result is Result.WAITING for one in accounts) and await _is_served(run, accounts):
        return Outcome(item, Result.WAITING, "goes with its Account")
    if item.subject.resource.kind == "Secret":
        namespace, name = item.subject.namespace, item.subject.name
        uses = await uses_in(run.cluster, namespace, Wanted(frozenset({name})))
        users = [one for one in uses.of_secret(namespace, name) if one.kind != old.ACCOUNT_KIND]
        if users:
            return Outcome(item, Result.SKIPPED, f"{users[0]} uses it since")
    try:
        return await delete_proven(run, item, lambda child: _is_child(child, item.account))
    except ForbiddenError:
        if not any(one.is_fine for one in accounts):
            raise
        return await wait_until_gone(run, item)


async def _is_served(run: Run, accounts: Sequence[Outcome]) -> bool:
    """Say whether the old controller still has to do its part."""
    found = await look(run, accounts[0].item.subject)
    return found is not None and old.FINALIZER in finalizers_of(found)


def _is_child(child: Manifest, account: str) -> bool:
    owner = account_owner(child)
    return (
        owner is not None
        and owner.uid == account
        and is_child_name(child["metadata"]["name"], child["kind"], owner.name)
    )
