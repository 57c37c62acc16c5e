"""What is installed in a cluster, read with the caller's rights and remembered by version.

A long-lived server reads the catalogue once and not once per page: what is remembered is used only
after the caller's own request for the object's metadata has shown that they may read it, and that
it is the same writing. Nothing of any user is remembered.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.catalog import (
    Catalog,
    Installation,
    find_applications_namespace,
    load_catalog,
    load_nim_config,
)
from odh_nim.domain import names
from odh_nim.domain.errors import CatalogError, ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.nim_config import NimConfig
from odh_nim.domain.resources import CONFIG_MAPS, ApiResource

# The shipped catalogue, custom ones, and their older writings.
_REMEMBERED: Final = 8


class SiteCluster(Protocol):
    """The calls that reading the installation needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def get_metadata(
        self, resource: ApiResource, name: str, namespace: str | None = None
    ) -> Manifest:
        """Give an object without its content."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""


@dataclass(frozen=True)
class Mark:
    """One writing of one catalogue."""

    namespace: str
    name: str
    uid: str
    version: str
    custom: bool


@dataclass(frozen=True)
class Site:
    """The installation; without a usable catalogue `problem` says why.

    `mark` changes whenever the catalogue does.
    """

    applications_namespace: str | None
    config: NimConfig
    catalog: Catalog | None = None
    problem: CatalogError | None = None
    mark: Mark | None = None

    @classmethod
    def of(cls, found: Installation) -> "Site":
        """Describe an installation that was read once, for one command."""
        return cls(found.applications_namespace, found.config, found.catalog)

    def require(self) -> Installation:
        """Go on only with a catalogue.

        Raises:
            CatalogError: There is none.

        """
        if self.problem is not None:
            raise self.problem
        assert self.applications_namespace is not None
        assert self.catalog is not None
        return Installation(self.applications_namespace, self.config, self.catalog)


class SiteReader:
    """Reads the installation of one cluster; one for the life of a process."""

    def __init__(self, setting: str | None) -> None:
        self._setting = setting
        self._catalogs: OrderedDict[Mark, Catalog] = OrderedDict()

    async def read(self, cluster: SiteCluster) -> Site:
        """Read the configuration and the catalogue in use."""
        try:
            namespace = await find_applications_namespace(
                _MetadataInstead(cluster), setting=self._setting
            )
        except CatalogError as error:
            return Site(None, NimConfig(), problem=error)
        config, shipped = await asyncio.gather(
            load_nim_config(cluster, applications_namespace=namespace),
            _mark(cluster, namespace, names.CATALOG_CONFIG_MAP, custom=False),
        )
        custom = config.custom_config_map
        mark = shipped
        if custom is not None:
            mark = await _mark(cluster, custom.namespace or namespace, custom.name, custom=True)
        if mark is not None and mark in self._catalogs:
            self._catalogs.move_to_end(mark)
            return Site(namespace, config, self._catalogs[mark], mark=mark)
        try:
            catalog = await load_catalog(cluster, applications_namespace=namespace, config=config)
        except CatalogError as error:
            return Site(namespace, config, problem=error)
        if mark is not None:
            self._remember(mark, catalog)
        return Site(namespace, config, catalog, mark=mark)

    def _remember(self, mark: Mark, catalog: Catalog) -> None:
        self._catalogs[mark] = catalog
        while len(self._catalogs) > _REMEMBERED:
            self._catalogs.popitem(last=False)


async def _mark(cluster: SiteCluster, namespace: str, name: str, *, custom: bool) -> Mark | None:
    """Ask as the caller which writing there is; None where it may not be read, or is not there."""
    try:
        metadata = (await cluster.get_metadata(CONFIG_MAPS, name, namespace))["metadata"]
    except (NotFoundError, ForbiddenError):
        return None
    return Mark(namespace, name, metadata["uid"], metadata["resourceVersion"], custom)


class _MetadataInstead:
    """Looks for the catalogue without reading it: where it is is all that is asked."""

    def __init__(self, cluster: SiteCluster) -> None:
        self._cluster = cluster

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        return await self._cluster.get_metadata(resource, name, namespace)

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        return await self._cluster.list(resource, namespace)
