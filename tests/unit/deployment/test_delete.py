"""Deletion: a plan that names everything, then exactly that."""

import asyncio
from typing import Any

import pytest

from odh_nim.deployment import DeletePlan, delete, deploy, plan_delete
from odh_nim.domain.deployment_spec import ExistingClaim, KeyChoice
from odh_nim.domain.errors import (
    DeleteFailedError,
    ForbiddenError,
    PreflightError,
    ServerError,
    UnknownModelError,
)
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import KEY, plan

pytestmark = pytest.mark.anyio


async def deployed(*, gc: bool = True, **changes: Any) -> FakeCluster:
    cluster = FakeCluster(gc=gc)
    await deploy(cluster, plan(**changes))
    return cluster


def names(wanted: DeletePlan) -> list[str]:
    return [str(one) for one in wanted.deletes]


async def test_plan_names_every_object_and_keeps_the_claim() -> None:
    """R-DEP-26."""
    cluster = await deployed(key=KEY, choice=KeyChoice.OWN, auth=True, tokens=("ci",))
    before = cluster.snapshot()

    wanted = await plan_delete(cluster, "llama", "team-a")

    assert names(wanted) == [
        "InferenceService/llama",
        "ServingRuntime/llama",
        "Secret/ci-llama-sa",
        "RoleBinding/llama-view",
        "Role/llama-view-role",
        "ServiceAccount/llama-sa",
        "Secret/nvidia-nim-secrets-llama",
        "Secret/nvidia-nim-image-pull-llama",
    ]
    assert [str(one.object) for one in wanted.keeps] == ["PersistentVolumeClaim/nim-pvc-llama"]
    assert cluster.snapshot() == before


async def test_projects_key_is_kept_and_said_so() -> None:
    """R-DEP-26, R-KEY-13."""
    wanted = await plan_delete(await deployed(key=KEY), "llama", "team-a")

    assert {str(one.object) for one in wanted.keeps} == {
        "PersistentVolumeClaim/nim-pvc-llama",
        "Secret/nvidia-nim-secrets",
        "Secret/nvidia-nim-image-pull",
    }


@pytest.mark.parametrize("gc", [True, False])
async def test_exactly_the_plan_is_deleted(*, gc: bool) -> None:
    """R-DEP-26."""
    cluster = await deployed(gc=gc, key=KEY, auth=True, tokens=("ci",))
    wanted = await plan_delete(cluster, "llama", "team-a")

    await delete(cluster, wanted)

    assert cluster.names() == {
        "PersistentVolumeClaim/nim-pvc-llama",
        "Secret/nvidia-nim-secrets",
        "Secret/nvidia-nim-image-pull",
    }


async def test_claim_goes_last_and_only_when_asked_for() -> None:
    """R-DEP-26."""
    cluster = await deployed()
    wanted = await plan_delete(cluster, "llama", "team-a", with_claim=True)
    cluster.calls.clear()

    await delete(cluster, wanted)

    assert cluster.names() == set()
    deletes = [call for call in cluster.calls if call.startswith("delete")]
    assert deletes[0] == "delete InferenceService/llama"
    assert deletes[-1] == "delete PersistentVolumeClaim/nim-pvc-llama"


async def test_claim_that_others_use_is_kept_with_their_names() -> None:
    """R-DEP-26."""
    cluster = await deployed()
    await deploy(cluster, plan("request-2", name="other", storage=ExistingClaim("nim-pvc-llama")))

    wanted = await plan_delete(cluster, "llama", "team-a", with_claim=True)

    assert wanted.claim_users == ("ServingRuntime/other",)
    before = cluster.snapshot()
    with pytest.raises(PreflightError, match="ServingRuntime/other"):
        await delete(cluster, wanted)
    assert cluster.snapshot() == before


async def test_runtime_that_another_service_uses_is_kept() -> None:
    """R-DEP-26; I2."""
    cluster = await deployed()
    other = cluster.find("InferenceService", "llama")
    assert other is not None
    cluster.put({**other, "metadata": {**other["metadata"], "name": "second"}})

    wanted = await plan_delete(cluster, "llama", "team-a")

    assert names(wanted) == ["InferenceService/llama"]
    assert "InferenceService/second" in wanted.keeps[0].reason


async def test_objects_that_only_have_the_name_are_spared() -> None:
    """R-EXT-04; I2."""
    cluster = await deployed()
    for kind, name in (("ServiceAccount", "llama-sa"), ("Secret", "nvidia-nim-secrets-llama")):
        cluster.put({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})

    wanted = await plan_delete(cluster, "llama", "team-a")
    await delete(cluster, wanted)

    assert {"ServiceAccount/llama-sa", "Secret/nvidia-nim-secrets-llama"} <= cluster.names()
    assert len(wanted.keeps) >= 3


@pytest.mark.parametrize(
    "call",
    ["list InferenceService", "list ServingRuntime", "list Pod", "list Secret", "get Secret"],
)
async def test_failed_read_plans_no_deletion(call: str) -> None:
    """R-DEP-26; I5."""
    cluster = await deployed()
    cluster.fail(Fault.SERVER_ERROR, call=call)

    with pytest.raises(ServerError):
        await plan_delete(cluster, "llama", "team-a")


async def test_roles_that_may_not_be_seen_are_no_obstacle() -> None:
    cluster = await deployed(auth=True)
    cluster.forbidden = {"get Role", "get RoleBinding"}

    wanted = await plan_delete(cluster, "llama", "team-a")
    await delete(cluster, wanted)

    assert [one.code for one in wanted.findings] == ["cannot-tell"]
    assert cluster.names() == {"PersistentVolumeClaim/nim-pvc-llama"}


async def test_finalizers_are_waited_for() -> None:
    """R-DEP-26; F48."""
    cluster = await deployed()
    held = cluster.find("InferenceService", "llama")
    assert held is not None
    held["metadata"]["finalizers"] = ["odh.inferenceservice.finalizers"]
    cluster.put(held)
    wanted = await plan_delete(cluster, "llama", "team-a")

    async def finalize() -> None:
        await asyncio.sleep(0.1)
        assert "ServingRuntime/llama" in cluster.names()
        cluster.remove("InferenceService", "llama")

    acting = asyncio.ensure_future(finalize())
    await delete(cluster, wanted)
    await acting

    assert cluster.names() == {"PersistentVolumeClaim/nim-pvc-llama"}


async def test_finalizer_that_does_not_go_is_named() -> None:
    """F48."""
    cluster = await deployed()
    held = cluster.find("InferenceService", "llama")
    assert held is not None
    held["metadata"]["finalizers"] = ["odh.inferenceservice.finalizers"]
    cluster.put(held)
    wanted = await plan_delete(cluster, "llama", "team-a", with_claim=True)

    with pytest.raises(DeleteFailedError, match=r"waits for odh\.inferenceservice\.finalizers"):
        await delete(cluster, wanted, wait=0.3)

    assert "PersistentVolumeClaim/nim-pvc-llama" in cluster.names()


async def test_object_made_anew_under_the_name_is_spared() -> None:
    """I2."""
    cluster = await deployed(gc=False)
    wanted = await plan_delete(cluster, "llama", "team-a")
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    cluster.remove("ServingRuntime", "llama")
    cluster.put(runtime)

    await delete(cluster, wanted)

    assert "ServingRuntime/llama" in cluster.names()


async def test_second_run_has_nothing_to_do() -> None:
    """I6."""
    cluster = await deployed()
    wanted = await plan_delete(cluster, "llama", "team-a")
    await delete(cluster, wanted)
    before = cluster.snapshot()

    await delete(cluster, wanted)

    assert cluster.snapshot() == before


async def test_missing_right_names_what_is_still_there() -> None:
    cluster = await deployed(gc=False)
    wanted = await plan_delete(cluster, "llama", "team-a")
    cluster.forbidden = {"delete ServingRuntime"}

    # At once: nobody waits for the end of what may not be deleted.
    async with asyncio.timeout(5):
        with pytest.raises(DeleteFailedError, match="ServingRuntime/llama") as failure:
            await delete(cluster, wanted, wait=600)

    assert failure.value.leftovers[0].remedy.startswith("Remove it: kubectl delete servingruntimes")


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.SERVER_ERROR])
async def test_lost_reply_does_not_stop_a_deletion(fault: Fault) -> None:
    """F6."""
    cluster = await deployed()
    wanted = await plan_delete(cluster, "llama", "team-a", with_claim=True)
    for call in ("delete InferenceService", "delete PersistentVolumeClaim", "get Inference"):
        cluster.fail(fault, call=call)

    await delete(cluster, wanted, pauses=(0.0, 0.0))

    assert cluster.names() == set()


async def test_what_a_killed_run_left_can_be_deleted() -> None:
    """R-DEP-08."""
    cluster = FakeCluster(*plan(key=KEY, choice=KeyChoice.OWN).manifests[:4])

    await delete(cluster, await plan_delete(cluster, "llama", "team-a", with_claim=True))

    assert cluster.names() == set()


async def test_deletion_that_was_cut_short_before_the_claim_can_be_finished() -> None:
    """R-DEP-26: the same command again, and only where the claim is asked for."""
    cluster = await deployed()
    await delete(cluster, await plan_delete(cluster, "llama", "team-a"))

    with pytest.raises(UnknownModelError):
        await plan_delete(cluster, "llama", "team-a")
    wanted = await plan_delete(cluster, "llama", "team-a", with_claim=True)

    assert names(wanted) == ["PersistentVolumeClaim/nim-pvc-llama"]


async def test_claim_of_somebody_else_is_not_deleted_for_its_name() -> None:
    """I2: only what carries our mark is ours."""
    theirs: Manifest = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "nim-pvc-llama"},
        "spec": {},
    }
    cluster = FakeCluster(theirs)

    with pytest.raises(UnknownModelError):
        await plan_delete(cluster, "llama", "team-a", with_claim=True)


async def test_deployment_of_nvidias_operator_is_not_deleted() -> None:
    """R-EXT-04."""
    owner = {"kind": "NIMService", "apiVersion": "apps.nvidia.com/v1", "name": "x", "uid": "1"}
    item: Manifest = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "theirs", "ownerReferences": [owner]},
        "spec": {"predictor": {}},
    }
    cluster = FakeCluster(item)

    with pytest.raises(PreflightError, match="NIMService"):
        await delete(cluster, await plan_delete(cluster, "theirs", "team-a"))


async def test_unknown_names_and_other_models_are_not_deleted() -> None:
    other: Manifest = {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "sklearn"},
        "spec": {"predictor": {"model": {"runtime": "x"}}},
    }
    cluster = FakeCluster(other)

    for name in ("sklearn", "nothing"):
        with pytest.raises(UnknownModelError):
            await plan_delete(cluster, name, "team-a")
    cluster.forbidden = {"get InferenceService"}
    with pytest.raises(ForbiddenError):
        await plan_delete(cluster, "sklearn", "team-a")
