"""Plan lines for the cluster: the operator's switch, rights, the webhook entry, the kind."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.controller import Controller
from odh_nim.upgrade.identity import (
    proves_access_binding,
    proves_access_role,
    proves_cluster_role,
    webhook_index,
)
from odh_nim.upgrade.plan import Action, Item, Role, Step
from odh_nim.upgrade.view import View

REMOVED: Final = "Removed"
# What the schema of newer operators fills in by itself.
_DEFAULTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"managementState": "Managed"},
    {"managementState": "Managed", "airGapped": False},
)


def nim_field(cluster: Manifest) -> dict[str, Any] | None:
    """Read `spec.components.kserve.nim` of a DataScienceCluster; None where there is none."""
    nim = (kserve_field(cluster) or {}).get("nim")
    return nim if isinstance(nim, dict) else None


def kserve_field(cluster: Manifest) -> dict[str, Any] | None:
    """Read `spec.components.kserve`; None where KServe is not configured."""
    kserve = ((cluster.get("spec") or {}).get("components") or {}).get("kserve")
    return kserve if isinstance(kserve, dict) else None


def is_air_gapped(view: View) -> bool:
    """Say whether the old controller works without NVIDIA."""
    clusters = view.inventory.of(kinds.DATA_SCIENCE_CLUSTERS)
    return any((nim_field(cluster) or {}).get("airGapped") is True for cluster in clusters)


def nim_schema(definition: Manifest, version: str) -> dict[str, Any] | None:
    """Find the field in the served kind; where it is not, writing it is refused or dropped."""
    for one in (definition.get("spec") or {}).get("versions") or []:
        if one.get("name") != version:
            continue
        place: Any = (one.get("schema") or {}).get("openAPIV3Schema") or {}
        for step in ("spec", "components", "kserve", "nim"):
            place = (place.get("properties") or {}).get(step)
            if not isinstance(place, dict):
                return None
        found: dict[str, Any] = place
        return found if "managementState" in (found.get("properties") or {}) else None
    return None


def find_switch(view: View, staying: Sequence[str], *, anything_old: bool) -> Iterator[Item]:
    """Decide about `nim` of the DataScienceCluster; it is switched off last, never removed."""
    resource = view.inventory.at(kinds.DATA_SCIENCE_CLUSTERS)
    clusters = view.inventory.of(kinds.DATA_SCIENCE_CLUSTERS)
    for cluster in clusters:
        action, reason = _decide_switch(view, cluster, resource, anything_old=anything_old)
        if len(clusters) > 1 and action is Action.PATCH:
            reason = "there are several DataScienceClusters, which the operator refuses: choose one"
            action = Action.REPORT
        yield view.item(
            cluster,
            resource,
            step=Step.CLUSTER if action is Action.PATCH else Step.NOTHING,
            role=Role.CLUSTER,
            generation="2-3",
            action=action,
            reason=reason,
            waits_for=tuple(staying) if action is Action.PATCH else (),
        )


def _decide_switch(
    view: View, cluster: Manifest, resource: ApiResource, *, anything_old: bool
) -> tuple[Action, str]:
    definitions = view.inventory.named(kinds.CUSTOM_RESOURCE_DEFINITIONS, old.CLUSTER_CRD)
    schema = next((nim_schema(one, resource.version) for one in definitions), None)
    if schema is None:
        return Action.KEEP, "this operator has no nim field"
    if kserve_field(cluster) is None:
        return Action.KEEP, "KServe is not configured in it, so the old controller is off"
    nim = nim_field(cluster) or {}
    if nim.get("managementState") == REMOVED:
        return Action.KEEP, "nim is Removed already"
    new = view.in_applications(kinds.CONFIG_MAPS, names.CATALOG_CONFIG_MAP)
    if new and "default" in schema and nim in _DEFAULTS and not anything_old:
        return Action.KEEP, "nothing old is on this cluster, and nim is as the operator fills it in"
    return Action.PATCH, "set nim to Removed (a removed field would come back as Managed)"


def find_rights(view: View) -> Iterator[Item]:
    """Decide about roles that mean Accounts and nothing else."""
    for resource, found, proof in _rights(view):
        ships = _ships(view, found)
        action, reason = Action.DELETE, "the running operator does not ship it any more"
        if proof is None:
            action, reason = Action.REPORT, "it has the name, but not the labels and rules"
        elif ships and not view.consents.delete_rights:
            reason = "the running operator ships it and would bring it back (--delete-rights)"
            action = Action.REPORT
        elif ships:
            reason = "--delete-rights"
        yield view.item(
            found,
            resource,
            step=Step.RIGHTS if action is Action.DELETE else Step.NOTHING,
            role=Role.RIGHTS,
            generation="2-3",
            action=action,
            reason=reason,
            proof=proof or "",
        )


def _rights(view: View) -> Iterator[tuple[ApiResource, Manifest, str | None]]:
    for role in view.inventory.named(kinds.CLUSTER_ROLES, *old.CLUSTER_ROLES):
        yield kinds.CLUSTER_ROLES, role, proves_cluster_role(role)
    for binding in view.in_applications(kinds.ROLE_BINDINGS, old.ACCESS_BINDING):
        yield kinds.ROLE_BINDINGS, binding, proves_access_binding(binding)
    for role in view.in_applications(kinds.ROLES, old.ACCESS_ROLE):
        yield kinds.ROLES, role, proves_access_role(role)


def _ships(view: View, found: Manifest) -> bool:
    """Say whether the running operator ships an object.

    An operator stamps all it applies with one version, so a stamp that differs from the
    controller's is of an operator that is gone. Without an operator nobody ships anything.
    """
    controllers = view.inventory.named(kinds.DEPLOYMENTS, old.CONTROLLER)
    if not controllers:
        return bool(view.inventory.of(kinds.DATA_SCIENCE_CLUSTERS))
    stamp = annotations(found).get(old.VERSION_STAMP)
    now = {annotations(one).get(old.VERSION_STAMP) for one in controllers}
    return stamp is None or None in now or stamp in now


def find_webhook(view: View, staying: Sequence[str]) -> Iterator[Item]:
    """Decide about the one entry for Accounts; the object holds other entries and stays."""
    for webhooks in view.inventory.named(kinds.VALIDATING_WEBHOOKS, old.WEBHOOKS):
        if webhook_index(webhooks) is None:
            continue
        ships = view.controller is not Controller.REPLACED and _ships(view, webhooks)
        removes = view.consents.remove_webhook_entry or not ships
        action = Action.PATCH if removes else Action.REPORT
        yield view.item(
            webhooks,
            kinds.VALIDATING_WEBHOOKS,
            step=Step.RIGHTS if removes else Step.NOTHING,
            role=Role.WEBHOOK,
            generation="2-3",
            action=action,
            reason="remove the one entry for Accounts"
            if removes
            else "the running operator ships the entry (--remove-webhook-entry)",
            proof="exact name and path of the entry",
            waits_for=tuple(staying) if removes else (),
        )


def find_kind(view: View, staying: Sequence[str]) -> Iterator[Item]:
    """Decide about the kind Account itself: last, and only on request."""
    for definition in view.inventory.named(kinds.CUSTOM_RESOURCE_DEFINITIONS, old.ACCOUNT_CRD):
        wanted = view.consents.delete_kind
        yield view.item(
            definition,
            kinds.CUSTOM_RESOURCE_DEFINITIONS,
            step=Step.KIND if wanted else Step.NOTHING,
            role=Role.KIND,
            generation="2-3",
            action=Action.DELETE if wanted else Action.KEEP,
            reason="no Account is left, and no controller needs the kind"
            if wanted
            else "--delete-crd removes it, once no Account is left",
            proof="exact name",
            waits_for=tuple(staying) if wanted else (),
        )
