"""KServe's defaults and who exposes services, as far as the caller may see them."""

import json
from typing import Any

import pytest

from odh_nim.deployment import Surroundings, read_surroundings
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster

pytestmark = pytest.mark.anyio


def settings(namespace: str, **parts: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "inferenceservice-config", "namespace": namespace},
        "data": {key: json.dumps(value) for key, value in parts.items()},
    }


SERVERLESS = {
    "deploy": {"defaultDeploymentMode": "Serverless"},
    "service": {"serviceClusterIPNone": True},
    "ingress": {"disableIngressCreation": False},
}


@pytest.mark.parametrize("namespace", ["kserve", "opendatahub"])
async def test_defaults_of_kserve_are_read_where_it_lives(namespace: str) -> None:
    """R-DEP-17, R-EXT-03."""
    cluster = FakeCluster(settings(namespace, **SERVERLESS))

    found = await read_surroundings(cluster, applications_namespace="opendatahub")

    assert found == Surroundings(
        routes=True, default_mode="Serverless", headless=True, kserve_makes_ingress=True
    )
    assert found.deployment_mode == "RawDeployment"
    assert not found.needs_ingress


async def test_what_may_not_be_read_stays_unknown() -> None:
    cluster = FakeCluster(settings("kserve", **SERVERLESS))
    cluster.forbidden = {"get ConfigMap"}
    cluster.not_served = {"Route"}

    found = await read_surroundings(cluster, applications_namespace=None)

    assert found == Surroundings()
    assert found.needs_ingress


async def test_broken_settings_are_no_ones_default() -> None:
    broken = settings("kserve", deploy=["x"])
    broken["data"]["ingress"] = "{"

    found = await read_surroundings(FakeCluster(broken), applications_namespace=None)

    assert found == Surroundings(routes=True)
