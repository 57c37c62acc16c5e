"""The configuration of a disconnected cluster: its own catalogue, and no question to NVIDIA."""

from typing import Any

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import DASHBOARD_CONFIGS
from odh_nim.manifests.yaml import dump_yaml


def nim_config(*, catalog: str, namespace: str | None, collect_keys: bool) -> dict[str, Any]:
    """Build `nimConfig`: with keys collected they are stored unasked, else there are none."""
    reference = {"name": catalog, **({"namespace": namespace} if namespace else {})}
    config: dict[str, Any] = {"customConfigMap": reference}
    if collect_keys:
        return {**config, "disableKeyValidation": True}
    return {**config, "disconnected": {"disableKeyCollection": True}}


def nim_config_map(config: dict[str, Any], namespace: str | None) -> Manifest:
    """Build the ConfigMap for clusters whose dashboard does not keep the field."""
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names.CONFIG_MAP,
            **place,
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "data": {names.CONFIG_MAP_KEY: dump_yaml(config)},
    }


def dashboard_patch(config: dict[str, Any], namespace: str | None) -> Manifest:
    """Build the same as a part of the dashboard's configuration, to be merged into it.

    Older dashboards know `disableKeyValidation` only, so it is always there; the other one wins.
    """
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": DASHBOARD_CONFIGS.api_version,
        "kind": DASHBOARD_CONFIGS.kind,
        "metadata": {"name": names.DASHBOARD_CONFIG, **place},
        "spec": {"nimConfig": {**config, "disableKeyValidation": True}},
    }
