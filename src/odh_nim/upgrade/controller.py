"""Whether the old controller is at work, judged by what is there and not by version numbers.

Only a controller that is proven gone lets us take its finalizer away ourselves.
"""

from enum import StrEnum

from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.inventory import Inventory


class Controller(StrEnum):
    """What is known of the old controller."""

    SERVING = "serving"
    REMOVED = "switched off"
    ABSENT = "absent"
    # A controller runs that knows no Accounts any more.
    REPLACED = "replaced"
    UNKNOWN = "unknown"

    @property
    def is_gone(self) -> bool:
        """Whether nobody serves the finalizer any more."""
        return self in (Controller.REMOVED, Controller.ABSENT, Controller.REPLACED)


def judge_controller(inventory: Inventory) -> Controller:
    """Judge all deployments of the controller; one that serves is enough."""
    running = [
        item
        for item in inventory.named(kinds.DEPLOYMENTS, old.CONTROLLER)
        if (item.get("spec") or {}).get("replicas", 1) > 0
    ]
    found = {_state(inventory, deployment) for deployment in running}
    for state in (Controller.SERVING, Controller.UNKNOWN, Controller.REMOVED, Controller.REPLACED):
        if state in found:
            return state
    return Controller.ABSENT


def _state(inventory: Inventory, deployment: Manifest) -> Controller:
    pod = ((deployment.get("spec") or {}).get("template") or {}).get("spec") or {}
    variables = [
        variable
        for container in pod.get("containers") or []
        for variable in container.get("env") or []
        if variable.get("name") == old.STATE_ENV
    ]
    if not variables:
        return _without_variable(inventory)
    namespace = deployment["metadata"]["namespace"]
    values = {_value(inventory, variable, namespace) for variable in variables}
    if values == {old.REMOVED}:
        return Controller.REMOVED
    return Controller.UNKNOWN if None in values else Controller.SERVING


def _value(inventory: Inventory, variable: Manifest, namespace: str) -> str | None:
    source = (variable.get("valueFrom") or {}).get("configMapKeyRef")
    if source is None:
        return str(variable.get("value", ""))
    for config_map in inventory.named(kinds.CONFIG_MAPS, str(source.get("name"))):
        if config_map["metadata"]["namespace"] == namespace:
            value = (config_map.get("data") or {}).get(str(source.get("key")))
            return value if value is None else str(value)
    return None


def _without_variable(inventory: Inventory) -> Controller:
    """Judge a controller that is not told a state: the newer one, if it has no right either."""
    for role in inventory.named(kinds.CLUSTER_ROLES, old.CONTROLLER_ROLE):
        groups = {group for rule in role.get("rules") or [] for group in rule.get("apiGroups", [])}
        return Controller.UNKNOWN if old.ACCOUNT_GROUP in groups else Controller.REPLACED
    return Controller.UNKNOWN
