"""Stop and start."""

import pytest

from odh_nim.deployment import start, stop
from odh_nim.domain.errors import ConflictError, RejectedError, UnknownModelError
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.pods import service

pytestmark = pytest.mark.anyio
STOP = "serving.kserve.io/stop"


def mark(cluster: FakeCluster) -> str | None:
    found = cluster.find("InferenceService", "llama")
    assert found is not None
    value: str | None = (found["metadata"].get("annotations") or {}).get(STOP)
    return value


@pytest.mark.parametrize(
    "item", [service(), service(stop="false"), service(metadata={"annotations": {"a": "b"}})]
)
async def test_stop_and_start_flip_the_annotation_of_kserve(item: Manifest) -> None:
    """R-DEP-25."""
    cluster = FakeCluster(item)

    assert await stop(cluster, "llama", "team-a")
    assert mark(cluster) == "true"
    assert await start(cluster, "llama", "team-a")
    assert mark(cluster) == "false"


async def test_what_is_so_already_is_not_written() -> None:
    """R-DEP-25."""
    cluster = FakeCluster(service())

    assert not await start(cluster, "llama", "team-a")
    assert cluster.writes() == []


async def test_dry_run_writes_nothing() -> None:
    cluster = FakeCluster(service())

    assert await stop(cluster, "llama", "team-a", dry_run=True)
    assert mark(cluster) is None


async def test_change_meanwhile_is_read_again() -> None:
    """F3."""
    cluster = FakeCluster(service()).fail(Fault.CONFLICT, call="patch", times=2)

    assert await stop(cluster, "llama", "team-a")
    assert cluster.calls.count("get InferenceService/llama") == 3


async def test_tries_are_bounded() -> None:
    cluster = FakeCluster(service()).fail(Fault.REJECTED, call="patch", times=99)

    with pytest.raises(RejectedError):
        await stop(cluster, "llama", "team-a")
    assert len(cluster.writes()) == 5


async def test_deployment_that_goes_meanwhile_is_unknown() -> None:
    cluster = FakeCluster(service())

    def replace(call: str) -> None:
        if call.startswith("patch") and len(cluster.writes()) == 1:
            cluster.remove("InferenceService", "llama")

    cluster.on_call = replace

    with pytest.raises(UnknownModelError):
        await stop(cluster, "llama", "team-a")


async def test_operators_deployment_is_left_alone() -> None:
    """R-EXT-04."""
    owner = {"kind": "NIMService", "apiVersion": "apps.nvidia.com/v1", "name": "x", "uid": "1"}
    cluster = FakeCluster(service(metadata={"ownerReferences": [owner]}))

    with pytest.raises(ConflictError, match="NIMService"):
        await stop(cluster, "llama", "team-a")
    assert cluster.writes() == []


async def test_unknown_deployment_is_told() -> None:
    with pytest.raises(UnknownModelError):
        await stop(FakeCluster(), "llama", "team-a")
