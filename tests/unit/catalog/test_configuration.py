from typing import Any

import pytest

from odh_nim.catalog import load_nim_config
from odh_nim.catalog.configuration import parse_nim_config
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.nim_config import ConfigMapReference, NimConfig
from support.catalogs import FakeCluster


def dashboard(nim_config: Any = None, *, applied: str = "{}") -> Manifest:
    spec = {"dashboardConfig": {"disableNIMModelServing": True}}
    return {
        "kind": "OdhDashboardConfig",
        "metadata": {
            "name": "odh-dashboard-config",
            "namespace": "opendatahub",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied},
        },
        "spec": spec if nim_config is None else spec | {"nimConfig": nim_config},
    }


def instead(text: str) -> Manifest:
    return {
        "kind": "ConfigMap",
        "metadata": {"name": "odh-nim-config", "namespace": "opendatahub"},
        "data": {"nimConfig": text},
    }


async def load(cluster: FakeCluster) -> NimConfig:
    return await load_nim_config(cluster, applications_namespace="opendatahub")


@pytest.mark.anyio
async def test_nothing_configured_means_checks_are_on() -> None:
    """R-CFG-01; F50."""
    config = await load(FakeCluster(dashboard()))

    assert config == NimConfig()


@pytest.mark.anyio
async def test_every_value_of_the_dashboard_is_read() -> None:
    """R-CFG-01."""
    value = {
        "customConfigMap": {"name": "my-models", "namespace": "team"},
        "disableKeyValidation": True,
        "disconnected": {"disableKeyCollection": False},
    }

    config = await load(FakeCluster(dashboard(value)))

    assert config.custom_config_map == ConfigMapReference("my-models", "team")
    assert (config.validate_keys, config.collect_keys) == (False, True)
    assert config.source == "OdhDashboardConfig/odh-dashboard-config"
    assert config.findings == ()


@pytest.mark.parametrize("collection", [None, False, True])
@pytest.mark.parametrize("validation", [None, False, True])
def test_switched_off_keys_win_over_switched_off_checks(
    *, validation: bool | None, collection: bool | None
) -> None:
    """R-CFG-02; F50."""
    value: dict[str, Any] = {}
    if validation is not None:
        value["disableKeyValidation"] = validation
    if collection is not None:
        value["disconnected"] = {"disableKeyCollection": collection}

    config = parse_nim_config(value, source="here")

    assert config.validate_keys is not (validation is True)
    assert config.collect_keys is not (collection is True)
    codes = [finding.code for finding in config.findings]
    assert codes == (["config-both-flags"] if validation and collection else [])


@pytest.mark.parametrize("wrong", ["yes", "true", 1, None, [], {}])
def test_wrong_type_is_ignored_with_a_warning_and_switches_nothing_off(wrong: Any) -> None:
    """R-CFG-03, R-CFG-05, R-CFG-06; F50."""
    value = {"disableKeyValidation": wrong, "disconnected": {"disableKeyCollection": wrong}}

    config = parse_nim_config(value, source="here")

    assert config.may_ask_nvidia
    assert [finding.severity for finding in config.findings] == ["warning", "warning"]


@pytest.mark.parametrize(
    "wrong", [None, "name", {}, {"name": 5}, {"name": "A B"}, {"name": "a", "namespace": 1}]
)
def test_custom_config_map_of_a_wrong_type_is_ignored_with_a_warning(wrong: Any) -> None:
    """R-CFG-03."""
    config = parse_nim_config({"customConfigMap": wrong}, source="here")

    assert config.custom_config_map is None
    assert "`customConfigMap` is ignored" in config.findings[0].message


@pytest.mark.anyio
@pytest.mark.parametrize("served", [True, False])
async def test_config_map_counts_where_the_dashboard_has_no_value(*, served: bool) -> None:
    """R-CFG-07."""
    cluster = FakeCluster(dashboard(), instead("disableKeyValidation: true\n"))
    if not served:
        cluster.not_served.add("OdhDashboardConfig")

    config = await load(cluster)

    assert config.validate_keys is False
    assert config.source == "ConfigMap/odh-nim-config"


@pytest.mark.anyio
async def test_dashboard_counts_where_both_have_a_value() -> None:
    """R-CFG-07."""
    cluster = FakeCluster(dashboard({}), instead("disableKeyValidation: true\n"))

    config = await load(cluster)

    assert config.validate_keys is True
    assert [finding.code for finding in config.findings] == ["config-map-unused"]


@pytest.mark.anyio
async def test_value_that_the_api_server_dropped_is_reported() -> None:
    """R-CFG-07."""
    applied = '{"spec": {"nimConfig": {"disableKeyValidation": true}}}'

    config = await load(FakeCluster(dashboard(applied=applied)))

    assert config.validate_keys is True
    assert [finding.code for finding in config.findings] == ["config-pruned"]


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["[", "- 1", "yes", "a: 1\na: 2"])
async def test_config_map_that_is_no_mapping_is_ignored_with_a_warning(text: str) -> None:
    """R-CFG-03."""
    config = await load(FakeCluster(instead(text)))

    assert config.may_ask_nvidia
    assert config.findings[0].severity == "warning"


@pytest.mark.anyio
async def test_configuration_that_may_not_be_read_is_reported() -> None:
    cluster = FakeCluster(dashboard({"disableKeyValidation": True}))
    cluster.forbidden.add("OdhDashboardConfig")

    config = await load(cluster)

    assert config.validate_keys is True
    assert [finding.code for finding in config.findings] == ["config-forbidden"]


@pytest.mark.anyio
async def test_only_the_two_objects_are_read() -> None:
    """R-CFG-09: neither DataScienceCluster nor the old switches."""
    cluster = FakeCluster(dashboard())

    await load(cluster)

    assert sorted(cluster.calls) == [
        "get ConfigMap/odh-nim-config in opendatahub",
        "get OdhDashboardConfig/odh-dashboard-config in opendatahub",
    ]
