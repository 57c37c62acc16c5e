"""Plan lines for inputs that must outlive the old integration: configuration and model choices."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import InputError
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.yaml import load_yaml
from odh_nim.upgrade.plan import Action, Item, Role, Step, Subject
from odh_nim.upgrade.view import View

CUSTOM: str = "customConfigMap"
DISCONNECTED: str = "disconnected"
NO_KEYS: str = "disableKeyCollection"


def find_configuration(view: View, items: Sequence[Item], *, air_gapped: bool) -> Iterator[Item]:
    """Decide what the new configuration must say because of what goes away."""
    there = {item["metadata"]["name"] for item in view.inventory.of(kinds.NAMESPACES)}
    homes = [
        namespace
        for namespace in view.applications
        if namespace in there and not view.is_ending(namespace)
    ]
    if not homes:
        return
    saved = [
        item
        for item in items
        if item.role in (Role.CATALOG, Role.MODEL_LIST)
        and item.action is Action.SAVE
        and item.subject.namespace in view.applications
    ]
    config = current_config(view, homes[0])
    wanted = []
    if saved and CUSTOM not in config:
        wanted.append(f"{CUSTOM} names the saved catalogue")
    disconnected = config.get(DISCONNECTED)
    collects = not (isinstance(disconnected, dict) and disconnected.get(NO_KEYS) is True)
    if air_gapped and collects:
        wanted.append(f"{DISCONNECTED}.{NO_KEYS}: true, as the cluster is air-gapped")
    if not wanted:
        return
    yield Item(
        Step.SAVE,
        Role.CONFIGURATION,
        _subject(view, homes[0]),
        "new",
        Action.PATCH,
        "; ".join(wanted),
    )


def current_config(view: View, namespace: str) -> dict[str, Any]:
    """Read the configuration in effect: the dashboard's where it has one, else the ConfigMap's."""
    for dashboard in view.inventory.named(kinds.DASHBOARD_CONFIGS, names.DASHBOARD_CONFIG):
        value = (dashboard.get("spec") or {}).get("nimConfig")
        if dashboard["metadata"]["namespace"] == namespace and isinstance(value, dict):
            return value
    for config_map in view.inventory.named(kinds.CONFIG_MAPS, names.CONFIG_MAP):
        if config_map["metadata"]["namespace"] == namespace:
            return config_of(config_map)
    return {}


def config_of(config_map: Manifest) -> dict[str, Any]:
    """Read the configuration of the ConfigMap; empty where it has none that can be read."""
    try:
        value = load_yaml((config_map.get("data") or {}).get(names.CONFIG_MAP_KEY, "") or "{}")
    except InputError:
        return {}
    return value if isinstance(value, dict) else {}


def _subject(view: View, namespace: str) -> Subject:
    for dashboard in view.inventory.named(kinds.DASHBOARD_CONFIGS, names.DASHBOARD_CONFIG):
        if dashboard["metadata"]["namespace"] == namespace:
            return Subject(
                view.inventory.at(kinds.DASHBOARD_CONFIGS),
                names.DASHBOARD_CONFIG,
                namespace,
                dashboard["metadata"]["uid"],
            )
    return Subject(kinds.CONFIG_MAPS, names.CONFIG_MAP, namespace)


def find_model_lists(view: View) -> Iterator[Item]:
    """Name an admin's choice of models; it stays, and can become the new catalogue."""
    wanted = {}
    for account in view.accounts():
        reference = (account.get("spec") or {}).get("modelListConfig") or {}
        if name := reference.get("name"):
            namespace = reference.get("namespace") or account["metadata"]["namespace"]
            wanted[namespace, name] = account["metadata"]
    for config_map in view.inventory.of(kinds.CONFIG_MAPS):
        metadata = config_map["metadata"]
        owner = wanted.get((metadata["namespace"], metadata["name"]))
        if owner is None:
            continue
        saves = view.consents.use_model_list and bool(choice_of(view, config_map))
        saves = saves and not view.is_ending(metadata["namespace"])
        yield view.item(
            config_map,
            kinds.CONFIG_MAPS,
            step=Step.SAVE if saves else Step.NOTHING,
            role=Role.MODEL_LIST,
            generation="2b",
            action=Action.SAVE if saves else Action.KEEP,
            reason=_offer(view, config_map),
            proof=f"named by Account/{owner['name']}",
            account=owner["uid"],
        )


def choice_of(view: View, config_map: Manifest) -> dict[str, str]:
    """Give the entries of the new catalogue that an admin's choice names."""
    chosen = set(chosen_models(config_map))
    found: dict[str, str] = {}
    for catalog in view.in_applications(kinds.CONFIG_MAPS, names.CATALOG_CONFIG_MAP):
        entries = (catalog.get("data") or {}).items()
        found |= {key: text for key, text in entries if key in chosen}
    return found


def _offer(view: View, config_map: Manifest) -> str:
    chosen = chosen_models(config_map)
    known = {
        key
        for catalog in view.in_applications(kinds.CONFIG_MAPS, names.CATALOG_CONFIG_MAP)
        for key in catalog.get("data") or {}
    }
    text = f"an admin's choice of {len(chosen)} models; it stays"
    unknown = [name for name in chosen if known and name not in known]
    if unknown:
        text += f"; not in the new catalogue: {', '.join(unknown[:5])}"
    return f"{text}. --use-model-list makes a custom catalogue of it"


def chosen_models(config_map: Manifest) -> list[str]:
    """Read the model ids of a choice; empty where there are none that can be read."""
    try:
        value = json.loads((config_map.get("data") or {}).get("models", "[]"))
    except (ValueError, TypeError):
        return []
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
