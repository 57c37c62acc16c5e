"""What planning knows: the inventory, where the old products lived, the admin's keys as digests."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from odh_nim.domain import resources as kinds
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.controller import Controller, judge_controller
from odh_nim.upgrade.digests import digest_of, key_digest, login_digest
from odh_nim.upgrade.identity import (
    account_owner,
    finalizers_of,
    is_going,
    proves_access_key,
    proves_leftover,
)
from odh_nim.upgrade.inventory import Inventory
from odh_nim.upgrade.kinds import at_version
from odh_nim.upgrade.plan import Action, Item, Role, Step, Subject
from odh_nim.upgrade.ports import ReadingCluster
from odh_nim.upgrade.record import Record, record_among
from odh_nim.upgrade.references import Reference


@dataclass(frozen=True)
class Consents:
    """What an admin agreed to beyond the clean-up itself."""

    delete_kind: bool = False
    delete_rights: bool = False
    remove_webhook_entry: bool = False
    controller_is_gone: bool = False
    keep_project_secrets: bool = False
    # Turn an admin's choice of models into the new catalogue.
    use_model_list: bool = False
    # Delete once more what came back after it was deleted.
    again: bool = False
    former_keys: tuple[ApiKey, ...] = ()


@dataclass(frozen=True)
class View:
    """An inventory with what follows from it."""

    inventory: Inventory
    consents: Consents
    applications: tuple[str, ...]
    controller: Controller
    record: Record
    admin_digests: frozenset[str] = field(repr=False)

    def accounts(self, namespace: str | None = None) -> list[Manifest]:
        """Give the Accounts, of one namespace or all."""
        return [
            account
            for account in self.inventory.of(kinds.ACCOUNTS)
            if namespace in (None, account["metadata"]["namespace"])
        ]

    def is_ending(self, namespace: str) -> bool:
        """Say whether a namespace is being deleted: nothing can be made in it any more."""
        spaces = self.inventory.named(kinds.NAMESPACES, namespace)
        return any(is_going(space) for space in spaces)

    def in_applications(self, resource: ApiResource, *wanted: str) -> list[Manifest]:
        """Give objects with one of these names where the old products were installed."""
        return [
            item
            for item in self.inventory.named(resource, *wanted)
            if item["metadata"].get("namespace") in self.applications
        ]

    def item(
        self,
        found: Manifest,
        resource: ApiResource,
        *,
        step: Step,
        role: Role,
        generation: str,
        action: Action,
        reason: str,
        proof: str = "",
        users: Iterable[Reference] = (),
        waits_for: tuple[str, ...] = (),
        account: str = "",
    ) -> Item:
        """Make a plan's line; what came back after a deletion is reported and left alone."""
        subject = subject_of(found, self.inventory.at(resource))
        came_back = self.record.deleted_before(str(subject), subject.uid)
        if action is Action.DELETE and came_back and not self.consents.again:
            action, step = Action.REPORT, Step.NOTHING
            reason = (
                f"it came back after it was deleted{_by(found)}; remove it where it comes from, "
                "or allow it with --again"
            )
        return Item(
            step,
            role,
            subject,
            generation,
            action,
            reason,
            proof,
            tuple(str(user) for user in users),
            waits_for,
            account,
        )


def subject_of(found: Manifest, resource: ApiResource) -> Subject:
    """Point at an object as it is now."""
    metadata = found["metadata"]
    return Subject(
        resource,
        metadata["name"],
        metadata.get("namespace") or "",
        metadata["uid"],
        metadata["resourceVersion"],
    )


def make_view(inventory: Inventory, setting: str | None, consents: Consents) -> View:
    """Derive what planning needs."""
    applications = find_applications(inventory, setting)
    record = record_among(inventory.of(kinds.CONFIG_MAPS), applications)
    return View(
        inventory,
        consents,
        applications,
        judge_controller(inventory),
        record,
        _admin_digests(inventory, applications) | {digest_of(key) for key in consents.former_keys},
    )


def find_applications(inventory: Inventory, setting: str | None) -> tuple[str, ...]:
    """Say where the old products were installed: what is named, else the known ones there are."""
    named = [setting] if setting else []
    for initialization in inventory.of(kinds.DSC_INITIALIZATIONS):
        namespace = (initialization.get("spec") or {}).get("applicationsNamespace")
        if isinstance(namespace, str) and namespace and namespace not in named:
            named.append(namespace)
    if named:
        return tuple(named)
    there = {item["metadata"]["name"] for item in inventory.of(kinds.NAMESPACES)}
    return tuple(name for name in old.APPLICATIONS_NAMESPACES if name in there)


async def find_homes(cluster: ReadingCluster, setting: str | None) -> tuple[str, ...]:
    """Say where reports are kept, without a whole inventory."""
    if setting:
        return (setting,)
    for version in await cluster.served_versions(kinds.DSC_INITIALIZATIONS.group):
        inventory = Inventory()
        try:
            listed = await cluster.list(at_version(kinds.DSC_INITIALIZATIONS, version))
        except (NotFoundError, ForbiddenError):
            continue
        inventory.objects[kinds.DSC_INITIALIZATIONS.kind] = listed
        if found := find_applications(inventory, None):
            return found
    return old.APPLICATIONS_NAMESPACES


def foreign_finalizers(item: Manifest) -> list[str]:
    """Name the finalizers that are somebody else's, and stay."""
    known = {old.FINALIZER, "foregroundDeletion", "orphan"}
    return [name for name in finalizers_of(item) if name not in known]


def except_gone(users: Iterable[Reference], gone: frozenset[str]) -> tuple[Reference, ...]:
    """Leave out users that go in the same run, and what they own."""
    return tuple(
        user for user in users if user.uid not in gone and not gone.intersection(user.owners)
    )


def _admin_digests(inventory: Inventory, applications: Sequence[str]) -> frozenset[str]:
    """Digest every key that is proven to be an admin's, before the first of them is deleted."""
    found: set[str | None] = set()
    accounts = inventory.of(kinds.ACCOUNTS)
    for secret in inventory.of(kinds.SECRETS):
        namespace, name = secret["metadata"]["namespace"], secret["metadata"]["name"]
        if namespace not in applications:
            continue
        beside = [one for one in accounts if one["metadata"]["namespace"] == namespace]
        if name == old.ACCESS_SECRET and proves_access_key(secret, beside):
            found.add(key_digest(secret, old.ACCESS_FIELD))
        elif account_owner(secret) or proves_leftover(secret):
            found.add(login_digest(secret))
    return frozenset(digest for digest in found if digest)


def _by(found: Manifest) -> str:
    managers = {str(one.get("manager")) for one in found["metadata"].get("managedFields") or []}
    return f" (written by {', '.join(sorted(managers))})" if managers else ""
