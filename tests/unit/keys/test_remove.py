"""Taking a key away: only what nobody refers to, and only what is ours."""

import pytest

from odh_nim.domain.errors import (
    ForbiddenError,
    KeyInUseError,
    KeyMissingError,
    SecretConflictError,
    ServerError,
)
from odh_nim.keys import plan_remove, remove_key
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import plan
from support.keys import key_secret, pull_secret

pytestmark = pytest.mark.anyio
BOTH = {"Secret/nvidia-nim-secrets", "Secret/nvidia-nim-image-pull"}


async def test_unused_key_goes_exactly() -> None:
    """R-KEY-17."""
    neighbour = key_secret(name="nvidia-nim-secrets-other")
    cluster = FakeCluster(key_secret(), pull_secret(), neighbour)

    gone = await remove_key(cluster, await plan_remove(cluster, "team-a"))

    assert {f"Secret/{name}" for name in gone} == BOTH
    assert cluster.names() == {"Secret/nvidia-nim-secrets-other"}


@pytest.mark.parametrize("stopped", ["true", "false"])
async def test_key_that_a_deployment_refers_to_stays(stopped: str) -> None:
    """R-KEY-17: stopped ones count."""
    objects = plan().objects
    objects[-1]["metadata"]["annotations"]["serving.kserve.io/stop"] = stopped
    cluster = FakeCluster(key_secret(), pull_secret(), *objects)
    planned = await plan_remove(cluster, "team-a")

    with pytest.raises(KeyInUseError, match="llama"):
        await remove_key(cluster, planned)

    assert cluster.names() >= BOTH
    assert cluster.writes() == []
    assert len(planned.consequences) == 1
    assert len(await remove_key(cluster, planned, force=True)) == 2


async def test_runtime_without_a_deployment_and_other_pods_count_too() -> None:
    """R-KEY-17."""
    runtime = next(item for item in plan().objects if item["kind"] == "ServingRuntime")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "workbench", "namespace": "team-a"},
        "spec": {"volumes": [{"name": "k", "secret": {"secretName": "nvidia-nim-secrets"}}]},
    }
    cluster = FakeCluster(key_secret(), pull_secret(), runtime, pod)

    planned = await plan_remove(cluster, "team-a")

    assert [user.name for user in planned.users] == ["Pod/workbench", "ServingRuntime/llama"]


async def test_own_key_of_one_deployment_does_not_touch_the_projects() -> None:
    own = "nvidia-nim-secrets-llama", "nvidia-nim-image-pull-llama"
    cluster = FakeCluster(
        key_secret(), pull_secret(), key_secret(name=own[0]), pull_secret(name=own[1])
    )

    gone = await remove_key(cluster, await plan_remove(cluster, "team-a", "llama"))

    assert set(gone) == set(own)
    assert cluster.names() == BOTH


async def test_secret_that_is_not_ours_is_never_deleted() -> None:
    """R-KEY-14."""
    cluster = FakeCluster(key_secret(labels={}), pull_secret())

    with pytest.raises(SecretConflictError):
        await plan_remove(cluster, "team-a")


async def test_nothing_there_is_told() -> None:
    with pytest.raises(KeyMissingError):
        await plan_remove(FakeCluster(), "team-a")


@pytest.mark.parametrize("kind", ["InferenceService", "ServingRuntime"])
async def test_list_that_fails_deletes_nothing(kind: str) -> None:
    """R-KEY-17: fail closed."""
    cluster = FakeCluster(key_secret(), pull_secret())
    cluster.fail(Fault.SERVER_ERROR, call=f"list {kind}")

    with pytest.raises(ServerError):
        await plan_remove(cluster, "team-a")
    cluster.forbidden.add(f"list {kind}")
    with pytest.raises(ForbiddenError):
        await plan_remove(cluster, "team-a")

    assert cluster.names() == BOTH


async def test_secret_changed_since_it_was_read_stays() -> None:
    cluster = FakeCluster(key_secret(), pull_secret())
    planned = await plan_remove(cluster, "team-a")
    cluster.put(key_secret(annotations={"nim.opendatahub.io/key-revision": "r9"}))

    with pytest.raises(SecretConflictError, match="nvidia-nim-secrets in team-a was changed"):
        await remove_key(cluster, planned)

    assert "Secret/nvidia-nim-secrets" in cluster.names()
