"""Makes a plan of an inventory; pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.finding import Finding, Severity
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.configuration import find_configuration, find_model_lists
from odh_nim.upgrade.controller import Controller
from odh_nim.upgrade.find_accounts import Fate, find_accounts
from odh_nim.upgrade.find_cluster import (
    find_kind,
    find_rights,
    find_switch,
    find_webhook,
    is_air_gapped,
)
from odh_nim.upgrade.find_main import (
    find_admin_key,
    find_enabled_apps,
    find_leftovers,
    find_tile,
    find_validators,
)
from odh_nim.upgrade.find_projects import find_claims, find_project_secrets
from odh_nim.upgrade.identity import finalizers_of, key_secret_of
from odh_nim.upgrade.inventory import take_inventory
from odh_nim.upgrade.plan import Action, Facts, Item, Plan, Role
from odh_nim.upgrade.ports import ReadingCluster
from odh_nim.upgrade.view import Consents, View, make_view

NO_CONSENTS = Consents()


async def plan_upgrade(
    cluster: ReadingCluster,
    *,
    applications_namespace: str | None = None,
    consents: Consents = NO_CONSENTS,
) -> Plan:
    """Look at the whole cluster and say what a clean-up would do. Nothing is written.

    A plan that is not complete says what could not be read, and nothing in it is due.
    """
    inventory = await take_inventory(cluster)
    return make_plan(make_view(inventory, applications_namespace, consents))


def make_plan(view: View) -> Plan:
    """Decide about everything that was found."""
    air_gapped = is_air_gapped(view)
    items = list(find_validators(view))
    fates = find_accounts(view, air_gapped=air_gapped)
    items += _unique(item for fate in fates for item in fate.items)
    staying = _names_of_staying(fates)
    items += find_leftovers(view, _gone(items))
    items += find_project_secrets(view, _gone(items))
    items += find_admin_key(view, _gone(items), frozenset(f.uid for f in fates if f.stays))
    items += find_enabled_apps(view)
    anything_old = _is_anything_old(view, items)
    switches = list(find_switch(view, staying, anything_old=anything_old))
    items += find_model_lists(view)
    items += find_configuration(view, items, air_gapped=air_gapped and bool(switches))
    items += [*switches, *find_rights(view)]
    items += [*find_webhook(view, staying), *find_kind(view, staying)]
    items += [*find_tile(view), *find_claims(view)]
    holes = tuple(view.inventory.holes)
    ordered = sorted(items, key=lambda item: item.step)
    if holes:
        ordered = [_withheld(item) for item in ordered]
    return Plan(_facts(view, ordered, air_gapped=air_gapped), tuple(ordered), holes, _notes(view))


def _gone(items: Iterable[Item]) -> frozenset[str]:
    deleted = (item for item in items if item.action is Action.DELETE and item.is_due)
    return frozenset(item.subject.uid for item in deleted)


def _unique(items: Iterable[Item]) -> list[Item]:
    """Keep one line per object and role: two Accounts may mean one catalogue."""
    found: dict[tuple[str, Role], Item] = {}
    for item in items:
        key = (str(item.subject), item.role)
        if key not in found or item.action is Action.SAVE:
            found[key] = item
    return list(found.values())


def _names_of_staying(fates: Sequence[Fate]) -> tuple[str, ...]:
    return tuple(
        f"Account/{fate.account['metadata']['namespace']}/{fate.account['metadata']['name']}"
        for fate in fates
        if fate.stays
    )


def _is_anything_old(view: View, items: Sequence[Item]) -> bool:
    proven = any(item.proof and item.generation != "3" for item in items)
    accounts = bool(view.accounts())
    return proven or accounts or bool(view.record.state) or view.controller is not Controller.ABSENT


def _withheld(item: Item) -> Item:
    if item.action in (Action.KEEP, Action.REPORT):
        return item
    reason = f"would be: {item.action}; but not everything could be read"
    return replace(item, action=Action.KEEP, reason=reason)


def _facts(view: View, items: Sequence[Item], *, air_gapped: bool) -> Facts:
    generations = {
        item.generation
        for item in items
        if item.generation in ("1", "2a", "2b", "3") and item.role is not Role.PROJECT_KEY
    }
    return Facts(
        view.applications,
        view.controller.value,
        air_gapped,
        len(view.inventory.of(kinds.DATA_SCIENCE_CLUSTERS)),
        tuple(sorted(generations)),
    )


def _notes(view: View) -> tuple[Finding, ...]:
    return (*_missing_catalog(view), *_unserved_finalizers(view), *_other_homes(view))


def _missing_catalog(view: View) -> Iterator[Finding]:
    if view.accounts() and not view.in_applications(kinds.CONFIG_MAPS, names.CATALOG_CONFIG_MAP):
        yield Finding(
            Severity.WARNING,
            "catalog-missing",
            f"ConfigMap/{names.CATALOG_CONFIG_MAP}",
            "The new catalogue is not installed: after the clean-up nobody can deploy a model.",
            "Install it first: kubectl apply -k config/overlays/odh",
        )


def _unserved_finalizers(view: View) -> Iterator[Finding]:
    held = any(old.FINALIZER in finalizers_of(account) for account in view.accounts())
    if view.controller is Controller.REMOVED and held:
        yield Finding(
            Severity.NOTICE,
            "finalizer-unserved",
            "Account",
            "nim is switched off while Accounts exist: nobody serves their finalizer.",
            "The clean-up removes it; setting nim to Managed until then is the other way.",
        )


def _other_homes(view: View) -> Iterator[Finding]:
    """Name where the old product may have been as well; a user's project is not taken for it."""
    for account in view.accounts():
        namespace, name = key_secret_of(account)
        if name == old.ACCESS_SECRET and namespace not in view.applications:
            yield Finding(
                Severity.WARNING,
                "other-applications-namespace",
                f"Secret/{namespace}/{name}",
                f"An Account reads the admin's key in {namespace}, where no product is known.",
                f"If it was installed there: --applications-namespace {namespace}",
            )
