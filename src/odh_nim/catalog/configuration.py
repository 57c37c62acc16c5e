"""What an admin configured: `spec.nimConfig` of the dashboard, or the ConfigMap in its place.

Today's dashboard kind does not declare the field, and the API server drops it without a word. So
the same YAML is also read from a ConfigMap, and a value that was dropped is reported.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, InputError, NotFoundError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.nim_config import ConfigMapReference, NimConfig
from odh_nim.domain.resources import CONFIG_MAPS, DASHBOARD_CONFIGS, ApiResource

_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_NAME: Final = re.compile(r"[a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?")


class ConfigurationCluster(Protocol):
    """The one call that reading the configuration needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


async def load_nim_config(
    cluster: ConfigurationCluster, *, applications_namespace: str
) -> NimConfig:
    """Read the configuration: the dashboard's where it has one, else the ConfigMap's.

    Values of a wrong type are ignored with a warning; none of them switches a check off.
    """
    dashboard, config_map = await asyncio.gather(
        _read(cluster, DASHBOARD_CONFIGS, names.DASHBOARD_CONFIG, applications_namespace),
        _read(cluster, CONFIG_MAPS, names.CONFIG_MAP, applications_namespace),
    )
    return choose_config(dashboard, config_map)


def choose_config(
    dashboard: Manifest | Finding | None, config_map: Manifest | Finding | None
) -> NimConfig:
    """Decide which of two objects counts; a finding stands for one that could not be read."""
    findings = [found for found in (dashboard, config_map) if isinstance(found, Finding)]
    wanted = _from_dashboard(dashboard, findings) if isinstance(dashboard, dict) else None
    instead = _from_config_map(config_map, findings) if isinstance(config_map, dict) else None
    if wanted is not None:
        if instead is not None:
            message = f"It is not used: OdhDashboardConfig/{names.DASHBOARD_CONFIG} has a nimConfig"
            findings.append(_notice("config-map-unused", _CONFIG_MAP, f"{message}."))
        return parse_nim_config(wanted, source=_DASHBOARD, findings=findings)
    if instead is not None:
        return parse_nim_config(instead, source=_CONFIG_MAP, findings=findings)
    return NimConfig(findings=tuple(findings))


_DASHBOARD: Final = f"OdhDashboardConfig/{names.DASHBOARD_CONFIG}"
_CONFIG_MAP: Final = f"ConfigMap/{names.CONFIG_MAP}"


def parse_nim_config(
    value: object, *, source: str, findings: list[Finding] | None = None
) -> NimConfig:
    """Read a `nimConfig`; what has a wrong type is left out and reported."""
    found = list(findings or [])
    fields = _mapping(value, "nimConfig", source, found)
    disconnected = _mapping(fields.get("disconnected", {}), "disconnected", source, found)
    skip_check = _flag(fields, "disableKeyValidation", source, found)
    skip_keys = _flag(disconnected, "disableKeyCollection", source, found)
    if skip_check and skip_keys:
        message = "disableKeyCollection wins over disableKeyValidation: no keys are asked for."
        found.append(_notice("config-both-flags", source, message))
    custom = _custom_config_map(fields, source, found)
    return NimConfig(custom, not skip_check, not skip_keys, source, tuple(found))


def _from_dashboard(dashboard: Manifest, findings: list[Finding]) -> object:
    spec = dashboard.get("spec")
    value = spec.get("nimConfig") if isinstance(spec, dict) else None
    if value is None and _was_pruned(dashboard):
        findings.append(
            Finding(
                Severity.WARNING,
                "config-pruned",
                _DASHBOARD,
                "A nimConfig was applied, but this cluster's kind does not know the field and "
                "dropped it: it has no effect.",
                f"Write it into {_CONFIG_MAP}, key {names.CONFIG_MAP_KEY}.",
            )
        )
    return value


def _was_pruned(dashboard: Manifest) -> bool:
    try:
        applied = json.loads(annotations(dashboard).get(_LAST_APPLIED, "{}"))
        return applied.get("spec", {}).get("nimConfig") is not None
    except (ValueError, AttributeError, RecursionError):
        return False


def _from_config_map(config_map: Manifest, findings: list[Finding]) -> object:
    text = (config_map.get("data") or {}).get(names.CONFIG_MAP_KEY)
    if text is None:
        return None
    from odh_nim.manifests.yaml import load_yaml  # noqa: PLC0415 - YAML only where one is read

    try:
        return load_yaml(text)
    except InputError as error:
        findings.append(_ignored(names.CONFIG_MAP_KEY, _CONFIG_MAP, f"no YAML: {error.message}"))
        return None


def _mapping(value: object, field: str, source: str, findings: list[Finding]) -> Mapping[str, Any]:
    if isinstance(value, dict):
        return value
    findings.append(_ignored(field, source, f"{_shown(value)} is no mapping"))
    return {}


def _flag(fields: Mapping[str, Any], name: str, source: str, findings: list[Finding]) -> bool:
    value = fields.get(name, False)
    if isinstance(value, bool):
        return value
    findings.append(_ignored(name, source, f"{_shown(value)} is neither true nor false"))
    return False


def _custom_config_map(
    fields: Mapping[str, Any], source: str, findings: list[Finding]
) -> ConfigMapReference | None:
    if "customConfigMap" not in fields:
        return None
    value = fields["customConfigMap"]
    reference = value if isinstance(value, dict) else {}
    name, namespace = reference.get("name"), reference.get("namespace")
    if not _is_name(name) or not (namespace in (None, "") or _is_name(namespace)):
        reason = f"{_shown(value)} names no ConfigMap"
        findings.append(_ignored("customConfigMap", source, reason))
        return None
    return ConfigMapReference(str(name), namespace or None)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _shown(value: object) -> str:
    return printable(json.dumps(value, ensure_ascii=False, default=str), 60)


def _ignored(field: str, source: str, reason: str) -> Finding:
    message = f"`{field}` is ignored: {reason}."
    return Finding(Severity.WARNING, "config-ignored", source, message)


def _notice(code: str, subject: str, message: str) -> Finding:
    return Finding(Severity.NOTICE, code, subject, message)


async def _read(
    cluster: ConfigurationCluster, resource: ApiResource, name: str, namespace: str
) -> Manifest | Finding | None:
    try:
        return await cluster.get(resource, name, namespace)
    except NotFoundError:
        # A kind that is not served counts as well.
        return None
    except ForbiddenError:
        return Finding(
            Severity.WARNING,
            "config-forbidden",
            f"{resource.kind}/{name}",
            "It may not be read, so what it configures has no effect.",
            f"Ask an admin for the Role {names.READER_ROLE} in {namespace}.",
        )
