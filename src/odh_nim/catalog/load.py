"""Finds and reads what is installed: where, how configured, which catalogue.

The calls are made at once wherever none needs the other's answer: every command starts with them.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.catalog.catalog import Catalog, parse_catalog
from odh_nim.catalog.configuration import ConfigurationCluster, load_nim_config
from odh_nim.domain import names
from odh_nim.domain.errors import CatalogError, ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.nim_config import NimConfig
from odh_nim.domain.resources import CONFIG_MAPS, DSC_INITIALIZATIONS, ApiResource

_INSTALL: Final = (
    "An admin installs it with `kubectl apply -k config/overlays/openshift` (odh, kubernetes); "
    "where it is installed elsewhere, name it with --applications-namespace."
)


class CatalogCluster(ConfigurationCluster, Protocol):
    """The calls that finding the catalogue needs."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""


@dataclass(frozen=True)
class Installation:
    """What is installed in a cluster."""

    applications_namespace: str
    config: NimConfig
    catalog: Catalog


async def find_installation(cluster: CatalogCluster, *, setting: str | None) -> Installation:
    """Find and read everything in two round trips, in one where the namespace is set.

    Raises:
        CatalogError: There is no usable catalogue.

    """
    if setting:
        config, found = await asyncio.gather(
            load_nim_config(cluster, applications_namespace=setting),
            _get_or_error(cluster, names.CATALOG_CONFIG_MAP, setting),
        )
        namespace, shipped = setting, found if isinstance(found, dict) else None
    else:
        namespace, shipped = await _locate(cluster)
        config = await load_nim_config(cluster, applications_namespace=namespace)
    if config.custom_config_map is None and shipped is not None:
        catalog = _usable(parse_catalog(shipped, custom=False))
    else:
        catalog = await load_catalog(cluster, applications_namespace=namespace, config=config)
    return Installation(namespace, config, catalog)


async def find_applications_namespace(cluster: CatalogCluster, *, setting: str | None) -> str:
    """Find the namespace of the catalogue: the setting, the operator's, or the first that has it.

    Raises:
        CatalogError: None of the known namespaces has a catalogue.

    """
    return setting or (await _locate(cluster))[0]


async def load_catalog(
    cluster: ConfigurationCluster, *, applications_namespace: str, config: NimConfig
) -> Catalog:
    """Read the catalogue in use; a custom one is never replaced by the shipped one in silence.

    Raises:
        CatalogError: It is missing, may not be read, or has nothing that can be used.

    """
    custom = config.custom_config_map
    name = custom.name if custom else names.CATALOG_CONFIG_MAP
    namespace = (custom and custom.namespace) or applications_namespace
    found = await _get_or_error(cluster, name, namespace)
    if isinstance(found, dict):
        return _usable(parse_catalog(found, custom=custom is not None))
    place = f"ConfigMap {namespace}/{name}"
    why = f" It is set as customConfigMap in {config.source}." if custom else ""
    if isinstance(found, ForbiddenError):
        raise CatalogError(
            f"The catalogue {place} may not be read.{why}",
            remedy=f"An admin lets every user read it: a Role in {namespace} with the verb get on "
            f"configmaps, resourceNames [{name}], bound to system:authenticated.",
        ) from found
    raise CatalogError(
        f"The catalogue {place} does not exist.{why}",
        remedy="An admin creates it, or removes customConfigMap." if custom else _INSTALL,
    ) from found


def _usable(catalog: Catalog) -> Catalog:
    if catalog.models:
        return catalog
    reason = f"none of its {len(catalog.broken)} entries can be used" if catalog.broken else "empty"
    first = f" ({catalog.broken[0]})" if catalog.broken else ""
    raise CatalogError(
        f"The catalogue {catalog.source} holds no models: {reason}{first}.",
        remedy="An admin fills it or installs it again.",
    )


async def _locate(cluster: CatalogCluster) -> tuple[str, Manifest | None]:
    known = names.APPLICATIONS_NAMESPACES
    catalogs = [_get_or_error(cluster, names.CATALOG_CONFIG_MAP, namespace) for namespace in known]
    named, found = await asyncio.gather(_named_by_operator(cluster), asyncio.gather(*catalogs))
    answers = dict(zip(known, found, strict=True))
    if named:
        answer = answers.get(named)
        return named, answer if isinstance(answer, dict) else None
    for namespace, answer in answers.items():
        if isinstance(answer, dict):
            return namespace, answer
    hidden = [space for space, answer in answers.items() if isinstance(answer, ForbiddenError)]
    seen = f" It may not be read in {', '.join(hidden)}." if hidden else ""
    raise CatalogError(
        f"There is no ConfigMap {names.CATALOG_CONFIG_MAP} in {', '.join(known)}.{seen}",
        remedy=_INSTALL,
    )


async def _named_by_operator(cluster: CatalogCluster) -> str | None:
    try:
        found = await cluster.list(DSC_INITIALIZATIONS)
    except (NotFoundError, ForbiddenError):
        # Not Open Data Hub, or a user without that right, which is the rule.
        return None
    for initialization in found:
        namespace = (initialization.get("spec") or {}).get("applicationsNamespace")
        if isinstance(namespace, str) and namespace:
            return namespace
    return None


async def _get_or_error(
    cluster: ConfigurationCluster, name: str, namespace: str
) -> Manifest | NotFoundError | ForbiddenError:
    try:
        return await cluster.get(CONFIG_MAPS, name, namespace)
    except (NotFoundError, ForbiddenError) as error:
        return error
