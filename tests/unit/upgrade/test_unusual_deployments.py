"""Deployments that no dashboard made in this way: shared, stopped, broken, of somebody else."""

from typing import Any

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import ClusterError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade.deployments import OldProject, find_projects
from odh_nim.upgrade.migrate import migrate_project
from odh_nim.upgrade.migration import plan_deployment_move, plan_project_move
from odh_nim.upgrade.move import MigrateOptions, Moved
from odh_nim.upgrade.rollout import Pace
from support.cluster_faults import Fault
from support.old_cluster_edits import copied, find, merge, without
from support.old_clusters import content
from support.upgrade_cluster import UpgradeCluster, old_cluster

pytestmark = pytest.mark.anyio

KEY = ApiKey("nvapi-canary-0123456789abcdef")
WAITING = MigrateOptions(within=2, pace=Pace(settle=0.05, patience=0.05, poll=0.01))
NO_WAIT = MigrateOptions(within=None)
SPACE = "support-bot"
SERVICE = f"InferenceService/{SPACE}/llama-support"
OTHER = f"InferenceService/{SPACE}/rerank-support"
RUNTIME = f"ServingRuntime/{SPACE}/llama-support"
SHARED = {"predictor": {"model": {"runtime": "llama-support"}}}


async def project_of(cluster: UpgradeCluster) -> OldProject:
    (project,) = await find_projects(cluster, SPACE)
    return project


def contents(cluster: UpgradeCluster) -> dict[str, Manifest]:
    return {name: content(one) for name, one in cluster.snapshot_by_name().items()}


def follow(cluster: UpgradeCluster, *, broken: str = "") -> list[str]:
    """Play a KServe that makes new pods when the runtime changes; tell who was asked to restart."""
    asked: list[str] = []
    listed = cluster.list

    async def list_pods(resource: ApiResource, *args: Any, **kwargs: Any) -> list[Manifest]:
        if resource.kind == "Pod" and any("patch ServingRuntime" in one for one in cluster.calls):
            name = str(kwargs["label_selector"]).partition("=")[2]
            cluster.put(new_pod(name, find(cluster, RUNTIME)["spec"], serves=name != broken))
        return await listed(resource, *args, **kwargs)

    cluster.list = list_pods  # type: ignore[method-assign]  # the fake's own seam for what KServe does
    cluster.on_call = lambda call: asked.append(call) if "patch InferenceService" in call else None
    return asked


def new_pod(name: str, spec: dict[str, Any], *, serves: bool) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-new",
            "namespace": SPACE,
            "labels": {"serving.kserve.io/inferenceservice": name},
        },
        "spec": spec,
        "status": {
            "conditions": [{"type": "Ready", "status": str(serves)}],
            "containerStatuses": [
                {"state": {} if serves else {"waiting": {"reason": "ErrImagePull"}}}
            ],
        },
    }


async def test_a_shared_runtime_restarts_its_deployments_once() -> None:
    """R-MIG-06."""
    cluster = old_cluster("gen2b")
    merge(OTHER, spec=SHARED)(cluster)
    asked = follow(cluster)
    move = plan_project_move(await project_of(cluster))

    results = await migrate_project(cluster, move, KEY, WAITING)

    assert [one.moved for one in results] == [Moved.DONE, Moved.DONE]
    assert asked == []


async def test_a_shared_runtime_is_put_back_for_all_if_one_does_not_serve() -> None:
    """R-MIG-06."""
    cluster = old_cluster("gen2b")
    merge(OTHER, spec=SHARED)(cluster)
    before = content(find(cluster, RUNTIME))
    follow(cluster, broken="rerank-support")
    move = plan_project_move(await project_of(cluster))

    results = await migrate_project(cluster, move, KEY, WAITING)

    assert [one.moved for one in results] == [Moved.RESTORED, Moved.RESTORED]
    assert "ErrImagePull" in results[0].reason
    assert content(find(cluster, RUNTIME)) == before
    assert not cluster.find("Secret", "nvidia-nim-image-pull", SPACE)


@pytest.mark.parametrize("way", ["no replicas wanted", "a Deployment at zero"])
async def test_what_runs_no_pod_is_changed_and_not_waited_for(way: str) -> None:
    """R-ROT-06."""
    cluster = old_cluster("gen2b")
    without(f"Pod/{SPACE}/llama-support-predictor-6c9f7d58b4-x7k2p")(cluster)
    if way == "no replicas wanted":
        merge(SERVICE, spec={"predictor": {"minReplicas": 0}})(cluster)
    else:
        merge(f"Deployment/{SPACE}/llama-support-predictor", spec={"replicas": 0})(cluster)
    move = plan_deployment_move(await project_of(cluster), "llama-support")

    results = await migrate_project(cluster, move, KEY, WAITING)

    assert [one.moved for one in results] == [Moved.STOPPED]
    assert "nvidia-nim-secrets-llama-support" in str(find(cluster, RUNTIME))


async def test_predictor_without_a_runtime_is_changed_itself() -> None:
    """R-MIG-02, R-MIG-05."""
    cluster = old_cluster("gen2b")
    spec = find(cluster, RUNTIME)["spec"]
    own = {"containers": spec["containers"], "imagePullSecrets": spec["imagePullSecrets"]}
    merge(SERVICE, spec={"predictor": {"model": None} | own})(cluster)
    runtime = find(cluster, RUNTIME)
    move = plan_deployment_move(await project_of(cluster), "llama-support")

    await migrate_project(cluster, move, KEY, NO_WAIT)

    changed = str(find(cluster, SERVICE)["spec"])
    assert "'nvidia-nim-secrets-llama-support'" in changed
    assert "'nvidia-nim-image-pull-llama-support'" in changed
    assert find(cluster, RUNTIME) == runtime


async def test_what_is_no_nim_or_cannot_be_told_is_named_and_left_alone() -> None:
    """R-MIG-02."""
    cluster = old_cluster("gen2b")
    env = [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "nvidia-nim-secrets"}}}]
    merge(OTHER, spec={"predictor": {"model": {"runtime": "absent", "env": env}}})(cluster)
    vllm, granite = f"ServingRuntime/{SPACE}/vllm", f"InferenceService/{SPACE}/granite"
    copied(RUNTIME, "vllm")(cluster)
    plain = [{"name": "kserve-container", "image": "vllm", "env": env}]
    merge(vllm, metadata={"annotations": None}, spec={"containers": plain})(cluster)
    copied(OTHER, "granite")(cluster)
    merge(granite, spec={"predictor": {"model": {"runtime": "vllm", "env": None}}})(cluster)
    before = {name: find(cluster, name) for name in (OTHER, vllm, granite)}
    move = plan_project_move(await project_of(cluster))

    await migrate_project(cluster, move, KEY, NO_WAIT)

    why = dict(move.skipped)
    assert "absent is not there" in why["rerank-support"]
    assert why["granite"].startswith("it is no NIM, but it names ngc-secret and nvidia-nim-secrets")
    assert {name: find(cluster, name) for name in before} == before


async def test_pods_that_cannot_be_listed_leave_everything_as_it_was() -> None:
    """R-MIG-06."""
    cluster = old_cluster("gen2b")
    move = plan_project_move(await project_of(cluster))
    before = contents(cluster)
    cluster.fail(Fault.FORBIDDEN, call="list Pod", times=9)

    results = await migrate_project(cluster, move, KEY, WAITING)

    assert [one.moved for one in results] == [Moved.RESTORED]
    assert contents(cluster) == before


async def test_copy_that_cannot_be_rewritten_is_a_refusal_that_changes_nothing() -> None:
    """R-MIG-04: an immutable Secret, or a webhook that refuses."""
    cluster = old_cluster("gen2b")
    move = plan_project_move(await project_of(cluster))
    before = contents(cluster)
    cluster.fail(Fault.REJECTED, call="replace Secret")

    with pytest.raises(ClusterError):
        await migrate_project(cluster, move, KEY, WAITING)

    assert contents(cluster) == before
