import pytest

from odh_nim.catalog import find_applications_namespace, find_installation, load_catalog
from odh_nim.domain.errors import CatalogError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.nim_config import ConfigMapReference, NimConfig
from support.catalogs import FakeCluster, config_map, entry

SHIPPED = config_map({"llama-3.1-8b-instruct": entry()})
CUSTOM = NimConfig(
    ConfigMapReference("my-models"), source="OdhDashboardConfig/odh-dashboard-config"
)


def initialization(namespace: str) -> Manifest:
    return {
        "kind": "DSCInitialization",
        "metadata": {"name": "default-dsci"},
        "spec": {"applicationsNamespace": namespace},
    }


@pytest.mark.anyio
async def test_catalogue_is_one_get() -> None:
    """R-CAT-22."""
    cluster = FakeCluster(SHIPPED)

    catalog = await load_catalog(cluster, applications_namespace="opendatahub", config=NimConfig())

    assert cluster.calls == ["get ConfigMap/nvidia-nim-models-data in opendatahub"]
    assert catalog.source == "ConfigMap opendatahub/nvidia-nim-models-data"


@pytest.mark.anyio
async def test_custom_catalogue_replaces_the_shipped_one() -> None:
    """R-CFG-04: in the applications namespace where none is named."""
    own = config_map({"own": entry(name="own", registry="mirror.example")}, name="my-models")

    installation = await find_installation(
        FakeCluster(
            SHIPPED,
            own,
            {
                "kind": "OdhDashboardConfig",
                "metadata": {"name": "odh-dashboard-config", "namespace": "opendatahub"},
                "spec": {"nimConfig": {"customConfigMap": {"name": "my-models"}}},
            },
        ),
        setting=None,
    )

    assert [model.key for model in installation.catalog.models] == ["own"]
    assert installation.catalog.source == "ConfigMap opendatahub/my-models"


@pytest.mark.anyio
async def test_missing_custom_catalogue_is_an_error_and_the_shipped_one_is_not_used() -> None:
    """R-CFG-04; F36, S19."""
    with pytest.raises(CatalogError, match="opendatahub/my-models does not exist") as failure:
        await load_catalog(
            FakeCluster(SHIPPED), applications_namespace="opendatahub", config=CUSTOM
        )

    assert "customConfigMap" in str(failure.value)


@pytest.mark.anyio
async def test_custom_catalogue_that_may_not_be_read_names_the_needed_role() -> None:
    """R-CFG-04."""
    cluster = FakeCluster(SHIPPED)
    cluster.forbidden.add("my-models")

    with pytest.raises(CatalogError, match=r"a Role in opendatahub .* resourceNames \[my-models\]"):
        await load_catalog(cluster, applications_namespace="opendatahub", config=CUSTOM)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("data", "reason"), [({}, "empty"), ({"x": "{"}, "none of its 1 entries can be used")]
)
async def test_catalogue_without_models_is_an_error(data: dict[str, str], reason: str) -> None:
    """R-CFG-04; F36."""
    cluster = FakeCluster(SHIPPED, config_map(data, name="my-models"))

    with pytest.raises(CatalogError, match=reason):
        await load_catalog(cluster, applications_namespace="opendatahub", config=CUSTOM)


@pytest.mark.anyio
async def test_setting_names_the_applications_namespace_without_a_call() -> None:
    cluster = FakeCluster()

    assert await find_applications_namespace(cluster, setting="mine") == "mine"
    assert cluster.calls == []


@pytest.mark.anyio
async def test_operator_names_the_applications_namespace() -> None:
    cluster = FakeCluster(SHIPPED, initialization("elsewhere"))

    assert await find_applications_namespace(cluster, setting=None) == "elsewhere"


@pytest.mark.anyio
@pytest.mark.parametrize("refusal", ["forbidden", "not_served"])
async def test_first_known_namespace_with_a_catalogue_is_taken(refusal: str) -> None:
    first = config_map({"a": entry()}, namespace="redhat-ods-applications")
    second = config_map({"a": entry()}, namespace="odh-nim")
    cluster = FakeCluster(second, first)
    getattr(cluster, refusal).add("DSCInitialization")

    assert await find_applications_namespace(cluster, setting=None) == "redhat-ods-applications"


@pytest.mark.anyio
async def test_no_catalogue_anywhere_says_how_to_install_it() -> None:
    """F36."""
    with pytest.raises(CatalogError, match="kubectl apply -k config/overlays"):
        await find_installation(FakeCluster(), setting=None)


@pytest.mark.anyio
@pytest.mark.parametrize(("setting", "calls"), [(None, 6), ("opendatahub", 3)])
async def test_everything_is_read_with_few_calls(setting: str | None, calls: int) -> None:
    cluster = FakeCluster(SHIPPED)

    installation = await find_installation(cluster, setting=setting)

    assert installation.applications_namespace == "opendatahub"
    assert len(installation.catalog.models) == 1
    assert len(cluster.calls) == calls
