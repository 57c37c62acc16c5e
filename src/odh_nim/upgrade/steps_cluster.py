"""Switches the old controller off, and takes away what means Accounts and nothing else."""

from typing import Final

from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import ConflictError, NotFoundError, RejectedError
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.controller import Controller, judge_controller
from odh_nim.upgrade.find_cluster import REMOVED, kserve_field, nim_field
from odh_nim.upgrade.identity import (
    proves_access_binding,
    proves_access_role,
    proves_cluster_role,
    webhook_index,
)
from odh_nim.upgrade.inventory import Inventory
from odh_nim.upgrade.plan import Item
from odh_nim.upgrade.ports import ReadingCluster, UpgradeCluster
from odh_nim.upgrade.run import Outcome, Result, Run, delete_proven, look

_NIM: Final = "/spec/components/kserve/nim"


async def switch_off(run: Run, item: Item) -> Outcome:
    """Set nim to Removed: only once no Account is left, since then nobody serves finalizers."""
    if left := await accounts_left(run):
        return Outcome(item, Result.WAITING, f"waits until every Account is gone: {left[0]}")
    found = await look(run, item.subject)
    if found is None or kserve_field(found) is None:
        return Outcome(item, Result.SKIPPED, "it is not what was planned any more")
    nim = nim_field(found)
    if (nim or {}).get("managementState") == REMOVED:
        return Outcome(item, Result.ALREADY)
    patched = await run.cluster.patch(
        item.subject.resource, item.subject.name, json_patch=_off(found, nim)
    )
    if (nim_field(patched) or {}).get("managementState") != REMOVED:
        return Outcome(item, Result.FAILED, "the API server did not keep nim: Removed")
    return Outcome(item, Result.DONE)


def _off(found: Manifest, nim: Manifest | None) -> list[Manifest]:
    same = {
        "op": "test",
        "path": "/metadata/resourceVersion",
        "value": found["metadata"]["resourceVersion"],
    }
    if nim is None:
        return [same, {"op": "add", "path": _NIM, "value": {"managementState": REMOVED}}]
    # `add` replaces what is there; airGapped beside it stays.
    return [same, {"op": "add", "path": f"{_NIM}/managementState", "value": REMOVED}]


async def accounts_left(run: Run) -> list[str]:
    """List the Accounts again."""
    found = await _all_accounts(run.cluster)
    return [f"Account/{one['metadata']['namespace']}/{one['metadata']['name']}" for one in found]


async def _all_accounts(cluster: ReadingCluster) -> list[Manifest]:
    if not await cluster.served_versions(kinds.ACCOUNTS.group):
        return []
    try:
        return await cluster.list(kinds.ACCOUNTS)
    except NotFoundError:
        return []


async def remove_rights(run: Run, item: Item) -> Outcome:
    """Delete a role or a binding that still is what was planned."""

    def proves(found: Manifest) -> object:
        if found["kind"] == "ClusterRole":
            return proves_cluster_role(found)
        return (
            proves_access_role(found) if found["kind"] == "Role" else proves_access_binding(found)
        )

    return await delete_proven(run, item, proves)


async def remove_entry(run: Run, item: Item) -> Outcome:
    """Take the one entry for Accounts out of the shared webhook object."""
    if left := await accounts_left(run):
        return Outcome(item, Result.WAITING, f"waits until every Account is gone: {left[0]}")
    removed = await remove_webhook_entry(run.cluster)
    return Outcome(item, Result.DONE if removed else Result.ALREADY)


async def remove_webhook_entry(cluster: UpgradeCluster) -> bool:
    """Remove the entry; say whether it was there."""
    try:
        found = await cluster.get(kinds.VALIDATING_WEBHOOKS, old.WEBHOOKS)
    except NotFoundError:
        return False
    index = webhook_index(found)
    if index is None:
        return False
    patch = [
        {"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]},
        {"op": "test", "path": f"/webhooks/{index}/name", "value": old.WEBHOOK_ENTRY},
        {"op": "remove", "path": f"/webhooks/{index}"},
    ]
    await cluster.patch(kinds.VALIDATING_WEBHOOKS, old.WEBHOOKS, json_patch=patch)
    return True


async def remove_kind(run: Run, item: Item) -> Outcome:
    """Delete the kind Account: no Account may be left, and no controller may need it."""
    if left := await accounts_left(run):
        return Outcome(item, Result.SKIPPED, f"an Account is left: {left[0]}")
    controller = await controller_now(run.cluster)
    if not (controller.is_gone or run.view.consents.controller_is_gone):
        return Outcome(
            item,
            Result.WAITING,
            "the old controller ends at its next start without the kind; run again once the "
            f"operator has switched it off (it is {controller})",
        )
    return await delete_proven(run, item, lambda _: True)


async def controller_now(cluster: ReadingCluster) -> Controller:
    """Judge the old controller afresh."""
    inventory = Inventory()
    for resource, name in (
        (kinds.DEPLOYMENTS, old.CONTROLLER),
        (kinds.CONFIG_MAPS, old.CONTROLLER_PARAMETERS),
        (kinds.CLUSTER_ROLES, old.CONTROLLER_ROLE),
    ):
        inventory.objects[resource.kind] = await cluster.list(
            resource, field_selector=f"metadata.name={name}"
        )
    return judge_controller(inventory)


async def remove_enabled_entry(run: Run, item: Item) -> Outcome:
    """Take our entry out of the shared list of tiles."""
    for _ in range(3):
        found = await look(run, item.subject)
        value = ((found or {}).get("data") or {}).get(old.ENABLED_KEY)
        if found is None or value is None:
            return Outcome(item, Result.ALREADY)
        if found.get("immutable"):
            return Outcome(item, Result.SKIPPED, "it is immutable: make it anew without the entry")
        path = f"/data/{old.ENABLED_KEY}"
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": item.subject.uid},
            {"op": "test", "path": path, "value": value},
            {"op": "remove", "path": path},
        ]
        try:
            await run.cluster.patch(
                item.subject.resource, item.subject.name, item.subject.namespace, json_patch=patch
            )
        except (RejectedError, ConflictError):
            continue
        return Outcome(item, Result.DONE)
    return Outcome(item, Result.FAILED, "it changes again and again")
