"""The catalogue is read once and shown to whoever may read it: S1, S22, R-CFG-04, R-UI-15."""

import pytest

from odh_nim.domain.errors import CatalogError
from odh_nim.journeys.site import SiteReader
from support.catalogs import config_map
from support.web import LLAMA, World, catalogue

pytestmark = pytest.mark.anyio
GET = "get ConfigMap/nvidia-nim-models-data"


@pytest.fixture
def world() -> World:
    found = World()
    found.cluster.users[None] = "me"  # type: ignore[index]  # nobody is set
    return found


async def test_the_catalogue_is_read_once_per_writing(world: World) -> None:
    """S22."""
    reader = SiteReader("opendatahub")
    first = await reader.read(world.cluster)
    second = await reader.read(world.cluster)
    assert first.catalog is second.catalog

    world.cluster.put(catalogue(displayName="Another text"))
    third = await reader.read(world.cluster)

    assert third.mark != first.mark
    assert third.require().catalog.models[0].display_name == "Another text"


async def test_who_may_not_read_it_gets_nothing_from_memory(world: World) -> None:
    """S1: what is remembered is shown only after the caller's own request."""
    reader = SiteReader("opendatahub")
    assert (await reader.read(world.cluster)).catalog
    world.cluster.forbidden.add("get ConfigMap")

    site = await reader.read(world.cluster)

    assert site.catalog is None
    with pytest.raises(CatalogError, match="may not be read"):
        site.require()


async def test_a_custom_catalogue_that_is_missing_is_never_replaced_in_silence(
    world: World,
) -> None:
    """R-CFG-04."""
    world.cluster.put(
        config_map({"nimConfig": "customConfigMap: {name: ours}"}, name="odh-nim-config")
    )
    reader = SiteReader("opendatahub")

    with pytest.raises(CatalogError, match="opendatahub/ours does not exist"):
        (await reader.read(world.cluster)).require()

    world.cluster.put(config_map(catalogue()["data"], name="ours"))
    site = await reader.read(world.cluster)
    assert site.require().catalog.source == "ConfigMap opendatahub/ours"
    assert site.mark is not None
    assert site.mark.custom


async def test_without_an_installation_the_defaults_hold(world: World) -> None:
    """R-UI-15: the cause is known, and a key can still be stored."""
    world.cluster.remove("ConfigMap", "nvidia-nim-models-data", "opendatahub")
    site = await SiteReader(None).read(world.cluster)

    assert site.applications_namespace is None
    assert site.config.may_ask_nvidia
    with pytest.raises(CatalogError):
        site.require()


async def test_looking_for_the_place_reads_no_catalogue(world: World) -> None:
    """S22."""
    site = await SiteReader(None).read(world.cluster)

    assert site.applications_namespace == "opendatahub"
    assert [model.key for model in site.require().catalog.models] == [LLAMA]
