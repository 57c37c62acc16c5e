"""Plan lines for generations 1 and 2a, and for the admin's key: the applications namespace."""

from collections.abc import Iterator

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest, labels
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.identity import (
    account_owner,
    is_child_name,
    key_secret_of,
    proves_access_key,
    proves_leftover,
    proves_orphan,
    proves_validator,
)
from odh_nim.upgrade.plan import Action, Item, Role, Step
from odh_nim.upgrade.references import Reference
from odh_nim.upgrade.view import View, except_gone

_NOT_PROVEN = "it has the name, but not the shape of the old integration: not ours to delete"


def find_validators(view: View) -> Iterator[Item]:
    """Find the CronJob of generation 1, its Jobs, and Pods that nobody owns any more."""
    cron_jobs = view.in_applications(kinds.CRON_JOBS, old.CRON_JOB)
    owners = {item["metadata"]["uid"] for item in cron_jobs if proves_validator(item)}
    for resource in (kinds.CRON_JOBS, kinds.JOBS, kinds.PODS):
        for found in view.inventory.of(resource):
            if found["metadata"]["namespace"] not in view.applications:
                continue
            for item in _validator(view, found, resource, frozenset(owners)):
                if item.action is Action.DELETE:
                    owners.add(item.subject.uid)
                yield item


def _validator(
    view: View, found: Manifest, resource: ApiResource, owners: frozenset[str]
) -> Iterator[Item]:
    proof = proves_validator(found, owners)
    if proof is None and resource is not kinds.CRON_JOBS:
        return
    yield view.item(
        found,
        resource,
        step=Step.SCHEDULE if proof else Step.NOTHING,
        role=Role.VALIDATOR,
        generation="1",
        action=Action.DELETE if proof else Action.REPORT,
        reason="it would make the other objects again" if proof else _NOT_PROVEN,
        proof=proof or "",
    )


def find_leftovers(view: View, gone: frozenset[str]) -> Iterator[Item]:
    """Find objects with fixed names, and children whose Account is gone."""
    account_uids = frozenset(account["metadata"]["uid"] for account in view.accounts())
    for resource in (kinds.CONFIG_MAPS, kinds.TEMPLATES, kinds.SECRETS):
        for found in view.inventory.of(resource):
            owner = account_owner(found)
            if owner is not None and owner.uid not in account_uids:
                yield from _orphan(view, found, resource, account_uids)
            elif owner is None and _is_fixed(view, found, resource):
                yield from _leftover(view, found, resource, gone)


def _is_fixed(view: View, found: Manifest, resource: ApiResource) -> bool:
    metadata = found["metadata"]
    if labels(found).get(names.MANAGED_BY_LABEL) == names.MANAGED_BY:
        return False
    fixed = {*old.MODEL_MAPS, old.RESULT_MAP} if resource is kinds.CONFIG_MAPS else set()
    fixed |= {old.SERVING_TEMPLATE} if resource is kinds.TEMPLATES else set()
    fixed |= {old.IMAGE_PULL_SECRET} if resource is kinds.SECRETS else set()
    return metadata["name"] in fixed and metadata["namespace"] in view.applications


def _leftover(
    view: View, found: Manifest, resource: ApiResource, gone: frozenset[str]
) -> Iterator[Item]:
    proof, users = proves_leftover(found), _users(view, found, resource, gone)
    action, reason = Action.DELETE, "left by generation 1 or 2a; nothing reads it"
    if proof is None:
        action, reason = Action.REPORT, _NOT_PROVEN
    elif users:
        action, reason = Action.KEEP, "something uses it"
    yield view.item(
        found,
        resource,
        step=Step.LEFTOVERS if action is Action.DELETE else Step.NOTHING,
        role=Role.LEFTOVER,
        generation="1",
        action=action,
        reason=reason,
        proof=proof or "",
        users=users,
    )


def _orphan(
    view: View, found: Manifest, resource: ApiResource, account_uids: frozenset[str]
) -> Iterator[Item]:
    proof = proves_orphan(found, account_uids)
    users = _users(view, found, resource, frozenset())
    deletes = proof is not None and not users
    owner = account_owner(found)
    fixed = owner is not None and not found["metadata"]["name"].startswith(f"{owner.name}-")
    if proof is None and not is_child_name(
        found["metadata"]["name"], found["kind"], owner.name if owner else ""
    ):
        return
    yield view.item(
        found,
        resource,
        step=Step.LEFTOVERS if deletes else Step.NOTHING,
        role=Role.CHILD,
        generation="2a" if fixed else "2b",
        action=Action.DELETE if deletes else Action.KEEP,
        reason="its Account is gone" if deletes else "something uses it, or others own it too",
        proof=proof or "",
        users=users,
        account=owner.uid if owner else "",
    )


def _users(
    view: View, found: Manifest, resource: ApiResource, gone: frozenset[str]
) -> tuple[Reference, ...]:
    if resource is not kinds.SECRETS:
        return ()
    metadata = found["metadata"]
    return except_gone(view.inventory.uses.of_secret(metadata["namespace"], metadata["name"]), gone)


def find_admin_key(view: View, gone: frozenset[str], staying: frozenset[str]) -> Iterator[Item]:
    """Find the admin's key; it goes after everything that reads it, or is proven by it."""
    for secret in view.in_applications(kinds.SECRETS, old.ACCESS_SECRET):
        namespace = secret["metadata"]["namespace"]
        proof = proves_access_key(secret, view.accounts(namespace))
        if proof is None and view.record.proves(secret):
            proof = "proven before its Account was deleted"
        if proof is None:
            yield view.item(
                secret,
                kinds.SECRETS,
                step=Step.NOTHING,
                role=Role.ADMIN_KEY,
                generation="2",
                action=Action.REPORT,
                reason=_NOT_PROVEN,
            )
            continue
        waits = tuple(
            f"Account/{account['metadata']['namespace']}/{account['metadata']['name']}"
            for account in view.accounts()
            if account["metadata"]["uid"] in staying
            and key_secret_of(account) == (namespace, old.ACCESS_SECRET)
        )
        users = except_gone(view.inventory.uses.of_secret(namespace, old.ACCESS_SECRET), gone)
        users = tuple(user for user in users if user.kind != old.ACCOUNT_KIND)
        yield view.item(
            secret,
            kinds.SECRETS,
            step=Step.NOTHING if users else Step.ADMIN_KEY,
            role=Role.ADMIN_KEY,
            generation="1" if labels(secret).get(names.DASHBOARD_LABEL) == "true" else "2",
            action=Action.KEEP if users else Action.DELETE,
            reason="something else uses it"
            if users
            else "every user of the old dashboard could read it; revoke the key at NVIDIA",
            proof=proof,
            users=users,
            waits_for=waits,
        )


def find_enabled_apps(view: View) -> Iterator[Item]:
    """Find the tile's entry in the shared list; only the entry goes."""
    for config_map in view.in_applications(kinds.CONFIG_MAPS, old.ENABLED_APPS):
        if old.ENABLED_KEY not in (config_map.get("data") or {}):
            continue
        item = view.item(
            config_map,
            kinds.CONFIG_MAPS,
            step=Step.ADMIN_KEY,
            role=Role.ENABLED_APPS,
            generation="1",
            action=Action.PATCH,
            reason=f"remove the entry {old.ENABLED_KEY}; every other entry stays",
            proof="exact name and entry",
        )
        again = view.record.changed_before(str(item.subject), item.subject.uid)
        if again and not view.consents.again:
            item = view.item(
                config_map,
                kinds.CONFIG_MAPS,
                step=Step.NOTHING,
                role=Role.ENABLED_APPS,
                generation="1",
                action=Action.REPORT,
                reason=f"the entry {old.ENABLED_KEY} came back: a running dashboard writes it",
            )
        yield item


def find_tile(view: View) -> Iterator[Item]:
    """Name the tile: the dashboard ships it, and brings it back."""
    for tile in view.in_applications(kinds.ODH_APPLICATIONS, old.TILE):
        yield view.item(
            tile,
            kinds.ODH_APPLICATIONS,
            step=Step.NOTHING,
            role=Role.TILE,
            generation="1-3",
            action=Action.REPORT,
            reason="shipped by the dashboard, which brings it back; it goes with a newer dashboard",
        )
