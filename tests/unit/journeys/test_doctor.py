"""What an examination finds."""

from typing import Any

import pytest

from odh_nim.deployment import deploy
from odh_nim.domain.manifest import Manifest
from odh_nim.journeys.doctor import Report, examine
from odh_nim.manifests.secrets import build_key_secrets
from support.cluster import FakeCluster
from support.deployments import KEY, plan
from support.plans import KEY as API_KEY

DSC = "datascienceclusters.datasciencecluster.opendatahub.io"


class Examined(FakeCluster):
    """A cluster with a project, and an API server that says who is who."""

    def __init__(self, *objects: Manifest) -> None:
        project = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}
        super().__init__(project, *objects)

    async def server_version(self) -> str:
        return "v1.36.3"

    async def who_am_i(self) -> str:
        return "alice"


async def codes(cluster: Examined, namespace: str = "team-a") -> dict[str, str]:
    report = await examine(cluster, namespace, setting="opendatahub")
    return {finding.code: finding.subject for finding in report.findings}


def data_science_cluster(nim: dict[str, Any] | None) -> Manifest:
    kserve = {} if nim is None else {"nim": nim}
    return {
        "apiVersion": "datasciencecluster.opendatahub.io/v1",
        "kind": "DataScienceCluster",
        "metadata": {"name": "default-dsc"},
        "spec": {"components": {"kserve": kserve}},
    }


def crd(*fields: str) -> Manifest:
    kserve = {"properties": {field: {"type": "object"} for field in fields}}
    spec = {"properties": {"components": {"properties": {"kserve": kserve}}}}
    schema = {"openAPIV3Schema": {"properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": DSC},
        "spec": {"versions": [{"name": "v1", "served": True, "schema": schema}]},
    }


@pytest.mark.anyio
async def test_missing_catalogue_and_missing_project_are_errors() -> None:
    """R-EXT-01."""
    report = await examine(Examined(), "nowhere", setting="opendatahub")

    assert {"catalog-missing", "no-project"} <= {finding.code for finding in report.findings}
    assert report.errors >= 2


@pytest.mark.anyio
async def test_unfinished_deployment_is_named_with_its_objects() -> None:
    """R-EXT-01, R-DEP-08."""
    cluster = Examined()
    wanted = plan(key=KEY)
    await deploy(cluster, wanted)
    service = next(item for item in wanted.manifests if item["kind"] == "InferenceService")
    cluster.remove("InferenceService", service["metadata"]["name"])

    found = await codes(cluster)

    assert found["unfinished"] == "deployment llama"


@pytest.mark.anyio
async def test_secrets_that_do_not_agree_are_found_without_showing_the_key() -> None:
    """R-EXT-01, R-KEY-15."""
    key_secret, _ = build_key_secrets(API_KEY, revision="1")
    cluster = Examined(key_secret)

    report: Report = await examine(cluster, "team-a", setting="opendatahub")

    assert "key-incomplete" in {finding.code for finding in report.findings}
    assert API_KEY.reveal() not in repr(report)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("nim", "fields", "expected"),
    [
        ({"managementState": "Managed"}, ["nim"], "dsc-nim-managed"),
        (None, ["nim"], "dsc-nim-managed"),
        ({"managementState": "Removed"}, ["nim"], None),
        ({"managementState": "Managed"}, [], "dsc-nim-written"),
        (None, [], None),
    ],
)
async def test_flag_of_the_old_integration_is_told(
    nim: dict[str, Any] | None, fields: list[str], expected: str | None
) -> None:
    """R-CLN-09: absent counts as Managed; a kind without the field drops what is written."""
    found = await codes(Examined(data_science_cluster(nim), crd(*fields)))

    told = {code for code in found if code.startswith("dsc-")}
    assert told == ({expected} if expected else set())


@pytest.mark.anyio
async def test_who_may_not_look_is_told_so_and_nothing_fails() -> None:
    cluster = Examined()
    cluster.forbidden = {"list Node", "list StorageClass", "list Account"}

    report = await examine(cluster, "team-a", setting="opendatahub")

    assert {"Account", "gpus", "storage"} <= {finding.subject for finding in report.findings}
