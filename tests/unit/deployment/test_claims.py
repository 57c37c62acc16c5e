import pytest

from odh_nim.deployment import ClaimView, deploy, list_claims
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster
from support.deployments import plan

pytestmark = pytest.mark.anyio

IMAGE = {"nim.opendatahub.io/preload-image": "nvcr.io/nim/a/b:1"}


def claim(name: str, **metadata: object) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, **metadata},
        "spec": {"accessModes": ["ReadWriteMany"], "storageClassName": "nfs"},
        "status": {"phase": "Bound", "capacity": {"storage": "80Gi"}},
    }


async def test_claims_with_weights_come_first_with_their_folder_and_users() -> None:
    """R-DEP-14."""
    marks = {"dashboard.opendatahub.io/nim-pvc": "true"}
    folder = {"dashboard.opendatahub.io/nim-subpath": "cache"}
    cluster = FakeCluster(
        claim("a-data"),
        claim("going", deletionTimestamp="2026-01-01T00:00:00Z"),
        claim("x-loading", annotations=IMAGE),
        claim("y-loaded", annotations=IMAGE, labels={"nim.opendatahub.io/preloaded": "true"}),
        claim("z-weights", annotations=marks | folder),
    )
    await deploy(cluster, plan())

    found = await list_claims(cluster, "team-a")

    assert [one.name for one in found] == [
        "y-loaded",
        "nim-pvc-llama",
        "z-weights",
        "a-data",
        "x-loading",
    ]
    assert found[1].users == ("llama",)
    assert found[2] == ClaimView(
        "z-weights",
        "80Gi",
        ("ReadWriteMany",),
        "nfs",
        "Bound",
        for_nim=True,
        sub_path="cache",
    )


async def test_cluster_without_kserve_has_claims_all_the_same() -> None:
    """F14."""
    cluster = FakeCluster(claim("data"))
    cluster.not_served = {"ServingRuntime"}

    assert [one.name for one in await list_claims(cluster, "team-a")] == ["data"]
