"""What killed runs leave is found again, finished or deleted."""

import pytest

from odh_nim.deployment import (
    ObjectReference,
    delete_remainder,
    deploy,
    find_remainders,
)
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import ServerError
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import KEY, owners, plan

pytestmark = pytest.mark.anyio
WHOLE = plan(key=KEY, choice=KeyChoice.OWN, auth=True)
COUNT = len(WHOLE.manifests)


async def test_binding_that_may_not_be_seen_is_not_missed() -> None:
    cluster = FakeCluster()
    await deploy(cluster, WHOLE)
    cluster.forbidden = {"list RoleBinding"}

    assert (await find_remainders(cluster)).incomplete == ()


@pytest.mark.parametrize("count", range(COUNT))
async def test_run_killed_between_any_two_writes_is_found_and_can_be_finished(count: int) -> None:
    """R-DEP-08; F40."""
    cluster = FakeCluster(*WHOLE.manifests[:count])

    found = await find_remainders(cluster, "team-a")

    if count:
        [remainder] = found.incomplete
        assert (remainder.name, remainder.request_id) == ("llama", "request-1")
    await deploy(cluster, WHOLE, pauses=())
    assert owners(cluster.find("ServingRuntime", "llama")) == ["InferenceService/llama"]
    assert (await find_remainders(cluster, "team-a")).incomplete == ()


@pytest.mark.parametrize("count", range(1, COUNT))
async def test_remainder_can_be_deleted_newest_first(count: int) -> None:
    """R-DEP-08."""
    cluster = FakeCluster(*WHOLE.manifests[:count])
    [remainder] = (await find_remainders(cluster)).incomplete
    cluster.calls.clear()

    assert await delete_remainder(cluster, remainder) == ()

    roles = {"Role/llama-view-role", "RoleBinding/llama-view"}
    assert cluster.names() <= roles
    assert cluster.calls[-1].startswith("delete Secret/nvidia-nim-")
    assert cluster.calls == sorted(cluster.calls, key=lambda call: "Secret/nvidia-nim" in call)


async def test_whole_deployments_and_the_projects_key_are_no_remainder() -> None:
    cluster = FakeCluster()
    await deploy(cluster, plan(key=KEY, auth=True))

    assert await find_remainders(cluster) == await find_remainders(FakeCluster())


async def test_projects_key_survives_the_remainder_that_brought_it() -> None:
    cluster = FakeCluster(*plan(key=KEY).manifests[:4])
    [remainder] = (await find_remainders(cluster)).incomplete

    await delete_remainder(cluster, remainder)

    assert cluster.names() == {"Secret/nvidia-nim-secrets", "Secret/nvidia-nim-image-pull"}


async def test_claim_that_a_deletion_left_is_an_orphan() -> None:
    """R-EXT-04."""
    cluster = FakeCluster(gc=True)
    await deploy(cluster, plan())
    cluster.remove("InferenceService", "llama")

    found = await find_remainders(cluster)

    assert found.incomplete == ()
    assert [str(one) for one in found.orphan_claims] == ["PersistentVolumeClaim/nim-pvc-llama"]


async def test_claim_that_another_deployment_uses_is_no_orphan() -> None:
    cluster = FakeCluster(gc=True)
    await deploy(cluster, plan())
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    stock = {key: value for key, value in runtime["metadata"].items() if key == "namespace"}
    cluster.put({**runtime, "metadata": {**stock, "name": "stock"}})
    cluster.remove("InferenceService", "llama")

    assert (await find_remainders(cluster)).orphan_claims == ()


async def test_failed_list_says_nothing() -> None:
    """I5."""
    cluster = FakeCluster().fail(Fault.SERVER_ERROR, call="list ServingRuntime")

    with pytest.raises(ServerError):
        await find_remainders(cluster)


async def test_cluster_without_kserve_has_no_remainders() -> None:
    """F14."""
    cluster = FakeCluster()
    cluster.not_served = {"InferenceService", "ServingRuntime"}

    assert (await find_remainders(cluster)).incomplete == ()


async def test_what_cannot_be_deleted_is_named() -> None:
    cluster = FakeCluster(*WHOLE.manifests[:4])
    [remainder] = (await find_remainders(cluster)).incomplete
    cluster.forbidden = {"delete ServingRuntime"}

    [stays] = await delete_remainder(cluster, remainder)

    assert stays.subject == "ServingRuntime/llama"
    assert isinstance(remainder.objects[0], ObjectReference)
    assert cluster.names() == {"ServingRuntime/llama"}
