"""Restarting deployments: how pods are replaced, what is believed, what is brought back."""

import copy
from typing import Any

import pytest

from odh_nim.deployment import (
    RestartOptions,
    RestartOutcome,
    RestartStep,
    RestartWord,
    plan_restarts,
    restart_deployments,
)
from odh_nim.domain.deployment_spec import Resources
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import STRATEGY_BEFORE
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import plan
from support.rolling_pods import node, pod

pytestmark = pytest.mark.anyio
REVISION = "nim.opendatahub.io/key-revision"
NO_WAIT = RestartOptions(wait=False)
SHORT = RestartOptions(within=0.5)
RECREATE = {"type": "Recreate"}


def cluster_with(*more: Manifest, gpus: int = 1, **changes: Any) -> FakeCluster:
    made = plan(resources=Resources(gpus=gpus), **changes)
    return FakeCluster(*made.objects, *more)


def stopped(cluster: FakeCluster, name: str = "llama") -> None:
    service = copy.deepcopy(cluster.find("InferenceService", name))
    assert service is not None
    service["metadata"]["annotations"]["serving.kserve.io/stop"] = "true"
    cluster.put(service)


def predictor(cluster: FakeCluster, name: str = "llama") -> dict[str, Any]:
    service = cluster.find("InferenceService", name)
    assert service is not None
    found: dict[str, Any] = service["spec"]["predictor"]
    return found


async def restarted(
    cluster: FakeCluster, *names: str, options: RestartOptions = NO_WAIT
) -> tuple[RestartOutcome, ...]:
    steps = await plan_restarts(cluster, names or ("llama",), "team-a")
    return await restart_deployments(cluster, steps, "team-a", mark="r2", options=options)


@pytest.mark.parametrize(
    ("total", "used", "gpus", "expected"),
    [
        (2, 1, 1, None),
        (1, 1, 1, RECREATE),
        (4, 2, 2, None),
        (3, 2, 2, RECREATE),
        (8, 1, 0, None),
    ],
)
async def test_strategy_follows_the_free_gpus(
    total: int, used: int, gpus: int, expected: dict[str, Any] | None
) -> None:
    """R-ROT-06; F23."""
    cluster = cluster_with(node(total), pod(gpus=used), gpus=gpus)

    (step,) = await plan_restarts(cluster, ["llama"], "team-a")

    assert step.strategy == expected
    assert bool(step.warning) is (expected is not None)


async def test_free_gpu_on_another_node_does_not_help_a_claim_of_one_node() -> None:
    """R-ROT-06."""
    cluster = cluster_with(node(1), node(8, "gpu-2"), pod())

    (step,) = await plan_restarts(cluster, ["llama"], "team-a")

    assert step.strategy == RECREATE


async def test_several_replicas_are_replaced_one_by_one() -> None:
    cluster = cluster_with(node(2), pod("a"), pod("b"), replicas=2)

    (step,) = await plan_restarts(cluster, ["llama"], "team-a")

    assert step.strategy == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
    }


async def test_who_may_not_see_nodes_keeps_the_strategy_for_now() -> None:
    cluster = cluster_with(node(1), pod())
    cluster.forbidden.add("list Node")

    (step,) = await plan_restarts(cluster, ["llama"], "team-a")

    assert (step.strategy, step.making_room) == (None, RECREATE)


async def test_mark_goes_into_the_predictor_and_nowhere_else() -> None:
    """R-ROT-05: the service's own metadata would restart it too, and belongs to the user."""
    cluster = cluster_with(node(8), pod())
    before = cluster.find("InferenceService", "llama")

    (outcome,) = await restarted(cluster)

    after = cluster.find("InferenceService", "llama")
    assert outcome.word is RestartWord.REQUESTED
    assert before is not None
    assert after is not None
    assert after["spec"]["predictor"].pop("annotations") == {REVISION: "r2"}
    assert after["spec"] == before["spec"]
    assert after["metadata"]["annotations"] == before["metadata"]["annotations"]


async def test_second_restart_with_the_same_mark_writes_nothing() -> None:
    """R-ROT-09."""
    cluster = cluster_with(node(8), pod())
    await restarted(cluster)
    writes = len(cluster.writes())

    (outcome,) = await restarted(cluster)

    assert (outcome.word, len(cluster.writes())) == (RestartWord.CURRENT, writes)


async def test_stopped_deployment_stays_stopped_and_is_not_written() -> None:
    """R-ROT-06."""
    cluster = cluster_with()
    stopped(cluster)

    (outcome,) = await restarted(cluster, options=SHORT)

    assert outcome.word is RestartWord.STOPPED
    assert cluster.writes() == []


async def test_deployment_of_the_operator_is_left_to_it() -> None:
    cluster = cluster_with()
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps.nvidia.com/v1alpha1", "kind": "NIMService", "name": "x", "uid": "1"}
    ]
    cluster.put(service)

    (outcome,) = await restarted(cluster)

    assert (outcome.word, cluster.writes()) == (RestartWord.OPERATORS, [])


async def test_deleted_deployment_is_no_failure() -> None:
    outcomes = await restart_deployments(
        FakeCluster(), [RestartStep("gone")], "team-a", mark="r2", options=SHORT
    )

    assert [one.word for one in outcomes] == [RestartWord.GONE]


async def test_new_ready_pod_ends_the_wait_and_gives_the_strategy_back() -> None:
    """R-ROT-06."""
    cluster = cluster_with(node(1), pod())
    original = predictor(cluster)["deploymentStrategy"]
    seen: list[dict[str, Any]] = []

    def kserve(call: str) -> None:
        marks = predictor(cluster).get("annotations") or {}
        if call.startswith("list Pod") and marks.get(REVISION) == "r2":
            seen.append(predictor(cluster)["deploymentStrategy"])
            if cluster.find("Pod", "llama-1"):
                cluster.remove("Pod", "llama-1")
            cluster.put(pod("llama-2", mark="r2"))

    cluster.on_call = kserve

    (outcome,) = await restarted(cluster, options=SHORT)

    assert outcome.word is RestartWord.RESTARTED
    assert seen[0] == RECREATE
    assert predictor(cluster)["deploymentStrategy"] == original


async def test_old_pod_that_is_ready_is_not_success() -> None:
    """R-ROT-06: Ready lies."""
    cluster = cluster_with(node(8), pod())
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["status"] = {"conditions": [{"type": "Ready", "status": "True"}]}
    cluster.put(service)

    (outcome,) = await restarted(cluster, options=SHORT)

    assert (outcome.word, outcome.old_serves) == (RestartWord.LATE, True)


async def test_first_that_fails_ends_the_run_and_spares_the_others() -> None:
    """R-ROT-08, R-ROT-06."""
    second = plan(name="other", resources=Resources(gpus=0)).objects
    cluster = cluster_with(
        node(8),
        pod(),
        pod("llama-2", mark="r2", ready=False, waiting="ImagePullBackOff"),
        pod("other-1", deployment="other"),
        *second,
    )

    first, other = await restarted(cluster, "llama", "other", options=SHORT)

    assert (first.word, first.old_serves) == (RestartWord.FAILED, True)
    assert first.explanations[0].code == "pull-401"
    assert other.word is RestartWord.SKIPPED
    assert "annotations" not in predictor(cluster, "other")


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.CONFLICT, Fault.SERVER_ERROR])
async def test_lost_reply_and_conflict_mark_once(fault: Fault) -> None:
    """F3."""
    cluster = cluster_with(node(8), pod())
    cluster.fail(fault, call="patch InferenceService")

    (outcome,) = await restarted(cluster)

    assert outcome.word is RestartWord.REQUESTED
    assert predictor(cluster)["annotations"] == {REVISION: "r2"}


async def test_change_by_somebody_else_meanwhile_is_kept() -> None:
    """F3: never a blind replace."""
    cluster = cluster_with(node(8), pod())
    steps = await plan_restarts(cluster, ["llama"], "team-a")
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["spec"]["predictor"]["annotations"] = {"theirs": "1"}
    cluster.put(service)

    await restart_deployments(cluster, steps, "team-a", mark="r2", options=NO_WAIT)

    assert predictor(cluster)["annotations"] == {"theirs": "1", REVISION: "r2"}


async def test_forbidden_patch_is_a_failure_with_its_reason() -> None:
    cluster = cluster_with(node(8), pod())
    cluster.forbidden.add("patch InferenceService")

    (outcome,) = await restarted(cluster)

    assert outcome.word is RestartWord.FAILED
    assert "may not patch" in outcome.message


async def test_forced_pull_is_taken_back_by_the_next_restart() -> None:
    """R-ROT-07."""
    cluster = cluster_with(node(8), pod())
    await restarted(cluster, options=RestartOptions(wait=False, pull_always=True))
    once = predictor(cluster)["model"].get("imagePullPolicy")
    steps = await plan_restarts(cluster, ["llama"], "team-a")

    await restart_deployments(cluster, steps, "team-a", mark="r3", options=NO_WAIT)

    assert once == "Always"
    assert "imagePullPolicy" not in predictor(cluster)["model"]
    assert predictor(cluster)["annotations"] == {REVISION: "r3"}


async def test_policy_that_a_user_chose_is_not_taken_away() -> None:
    """R-ROT-07."""
    cluster = cluster_with(node(8), pod())
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["spec"]["predictor"]["model"]["imagePullPolicy"] = "Always"
    cluster.put(service)

    await restarted(cluster, options=RestartOptions(wait=False, pull_always=True))
    steps = await plan_restarts(cluster, ["llama"], "team-a")
    await restart_deployments(cluster, steps, "team-a", mark="r3", options=NO_WAIT)

    assert predictor(cluster)["model"]["imagePullPolicy"] == "Always"


def runtime_notes(cluster: FakeCluster) -> dict[str, str]:
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    return {
        name: text
        for name, text in (runtime["metadata"].get("annotations") or {}).items()
        if name == STRATEGY_BEFORE
    }


async def test_changed_strategy_is_noted_before_and_the_note_goes_at_the_end() -> None:
    """R-ROT-06, R-ROT-09: a kill at any moment leaves what tells how it was."""
    cluster = cluster_with(node(1), pod())
    original = predictor(cluster)["deploymentStrategy"]
    noted: list[bool] = []

    def kserve(call: str) -> None:
        if call.startswith("patch InferenceService"):
            noted.append(bool(runtime_notes(cluster)))
        if call.startswith("list Pod") and REVISION in predictor(cluster).get("annotations", {}):
            if cluster.find("Pod", "llama-1"):
                cluster.remove("Pod", "llama-1")
            cluster.put(pod("llama-2", mark="r2"))

    cluster.on_call = kserve

    await restarted(cluster, options=SHORT)

    # The change, and the way back.
    assert noted == [True, True]
    assert runtime_notes(cluster) == {}
    assert predictor(cluster)["deploymentStrategy"] == original


async def test_next_run_brings_back_what_a_killed_one_or_one_without_waiting_changed() -> None:
    """R-ROT-09."""
    cluster = cluster_with(node(1), pod())
    original = predictor(cluster)["deploymentStrategy"]
    (outcome,) = await restarted(cluster)
    assert (outcome.word, "--resume" in outcome.message) == (RestartWord.REQUESTED, True)
    assert predictor(cluster)["deploymentStrategy"] == RECREATE
    cluster.remove("Pod", "llama-1")
    cluster.put(pod("llama-2", mark="r2"))

    (outcome,) = await restarted(cluster, options=SHORT)

    assert outcome.word is RestartWord.CURRENT
    assert predictor(cluster)["deploymentStrategy"] == original
    assert runtime_notes(cluster) == {}


async def test_strategy_that_a_user_chose_meanwhile_stays() -> None:
    cluster = cluster_with(node(1), pod())
    await restarted(cluster)
    service = copy.deepcopy(cluster.find("InferenceService", "llama"))
    assert service is not None
    service["spec"]["predictor"]["deploymentStrategy"] = chosen = {"type": "RollingUpdate"}
    cluster.put(service)
    cluster.remove("Pod", "llama-1")
    cluster.put(pod("llama-2", mark="r2"))

    await restarted(cluster, options=SHORT)

    assert predictor(cluster)["deploymentStrategy"] == chosen


@pytest.mark.parametrize("fault", ["patch ServingRuntime", None])
async def test_restart_does_not_need_a_runtime_of_the_project(fault: str | None) -> None:
    """Who may not change runtimes, or uses one of the whole cluster, restarts all the same."""
    cluster = cluster_with(node(1), pod())
    steps = await plan_restarts(cluster, ["llama"], "team-a")
    if fault:
        cluster.forbidden.add(fault)
    else:
        cluster.remove("ServingRuntime", "llama")

    (outcome,) = await restart_deployments(cluster, steps, "team-a", mark="r2", options=NO_WAIT)

    assert outcome.word is RestartWord.REQUESTED
    assert predictor(cluster)["deploymentStrategy"] == RECREATE


async def test_pods_that_run_with_the_key_already_are_said_to() -> None:
    """R-ROT-09: a resumed rotation claims no restart that was not one."""
    cluster = cluster_with(node(8), pod())
    await restarted(cluster)
    cluster.put(pod(mark="r2"))

    (outcome,) = await restarted(cluster, options=SHORT)

    assert outcome.word is RestartWord.CURRENT


async def test_restart_that_was_asked_for_is_waited_for_and_its_failure_told() -> None:
    """R-ROT-09: a killed run does not make a pod come up."""
    cluster = cluster_with(node(8), pod())
    await restarted(cluster)
    cluster.put(pod("llama-2", mark="r2", ready=False, waiting="ImagePullBackOff"))
    writes = len(cluster.writes())

    (outcome,) = await restarted(cluster, options=SHORT)

    assert (outcome.word, outcome.old_serves) == (RestartWord.FAILED, True)
    assert len(cluster.writes()) == writes
