"""A server that runs on sees what changed, and shows nobody what is not theirs."""

import pytest

from odh_nim.domain.errors import CatalogError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS, ApiResource
from odh_nim.journeys.site import SiteReader
from support.catalogs import config_map, entry
from support.cluster import FakeCluster

SHIPPED = "nvidia-nim-models-data"
NO_KEYS = "disconnected:\n  disableKeyCollection: true\n"
OWN = "customConfigMap:\n  name: our-models\n"


class Installed(FakeCluster):
    """Tells which objects were read with their content."""

    def __init__(self) -> None:
        super().__init__(
            config_map({"llama-3.1-8b-instruct": entry()}),
            config_map({"own": entry(name="own")}, name="our-models"),
            config_map({"nimConfig": "{}"}, name="odh-nim-config"),
        )
        self.not_served = {"OdhDashboardConfig", "DSCInitialization"}
        self.whole: list[str] = []

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        self.whole.append(name)
        return await super().get(resource, name, namespace)

    async def change(self, name: str, data: dict[str, str]) -> None:
        item = await self.get(CONFIG_MAPS, name, "opendatahub")
        await self.replace(item | {"data": data})
        self.whole.clear()


@pytest.mark.anyio
async def test_changed_configuration_counts_at_the_next_request() -> None:
    """R-CFG-08: both ways, without a restart."""
    where, reader = Installed(), SiteReader(None)
    seen = [(await reader.read(where)).config.collect_keys]
    for text in (NO_KEYS, "{}"):
        await where.change("odh-nim-config", {"nimConfig": text})
        seen.append((await reader.read(where)).config.collect_keys)

    assert seen == [True, False, True]


@pytest.mark.anyio
async def test_catalogue_that_is_named_counts_at_the_next_request() -> None:
    """R-CFG-08, R-CFG-04."""
    where, reader = Installed(), SiteReader(None)
    before = (await reader.read(where)).require().catalog
    await where.change("odh-nim-config", {"nimConfig": OWN})

    after = (await reader.read(where)).require().catalog

    assert [model.key for model in before.models] == ["llama-3.1-8b-instruct"]
    assert [model.key for model in after.models] == ["own"]


@pytest.mark.anyio
async def test_catalogue_is_read_whole_once_until_it_changes() -> None:
    """R-CAT-22; S22."""
    where, reader = Installed(), SiteReader(None)
    first = await reader.read(where)
    where.whole.clear()

    again = await reader.read(where)
    read = list(where.whole)
    await where.change(SHIPPED, {"own": entry(name="own")})
    changed = await reader.read(where)

    assert again.mark == first.mark
    assert SHIPPED not in read
    assert changed.mark != first.mark
    assert [model.key for model in changed.require().catalog.models] == ["own"]


@pytest.mark.anyio
async def test_remembered_catalogue_is_shown_only_to_who_may_read_it() -> None:
    """R-KEY-16; S1, S22."""
    where, reader = Installed(), SiteReader("opendatahub")
    await reader.read(where)
    where.forbidden = {"get ConfigMap"}

    hidden = await reader.read(where)

    with pytest.raises(CatalogError):
        hidden.require()
