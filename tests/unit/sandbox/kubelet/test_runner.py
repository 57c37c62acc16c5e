"""Pods, nodes and time, as the kubelet stand-in plays them."""

import asyncio

import pytest

from odh_nim.domain.resources import NODES
from odh_nim.sandbox.kubelet.timings import Timings
from support.kubelet_cluster import FakeCluster, until
from support.kubelet_pods import pod, pull_secret
from support.kubelet_runs import FAST, is_ready, running, waits_for


@pytest.mark.anyio
async def test_nodes_are_there_and_healthy_when_the_stand_in_has_started() -> None:
    """R-EXT-07."""
    cluster = FakeCluster()

    async with running(cluster):
        nodes = {item["metadata"]["name"]: item for item in await cluster.list(NODES)}

    assert {name: node["status"]["capacity"]["nvidia.com/gpu"] for name, node in nodes.items()} == {
        "gpu-1": "8",
        "gpu-2": "2",
    }
    assert all(node["status"]["conditions"][0]["status"] == "True" for node in nodes.values())
    assert cluster.has("Lease", "gpu-1")


@pytest.mark.anyio
async def test_restarted_stand_in_keeps_since_when_its_nodes_are_ready() -> None:
    cluster = FakeCluster()
    async with running(cluster):
        node = cluster.find("Node", "gpu-1")
    node["status"]["conditions"][0]["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    cluster.put(node)

    async with running(cluster):
        condition = cluster.find("Node", "gpu-1")["status"]["conditions"][0]

    assert condition["lastTransitionTime"] == "2026-01-01T00:00:00Z"
    assert condition["lastHeartbeatTime"] > "2026-01-01T00:00:00Z"


@pytest.mark.anyio
async def test_pod_with_a_good_key_gets_ready_and_its_events_tell_how() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        cluster.put(pod(readinessProbe={"httpGet": {"path": "/v1/health/ready"}}))
        await until(lambda: is_ready(cluster))

    status = cluster.find("Pod", "llama")["status"]
    assert status["phase"] == "Running"
    assert {item["type"]: item["status"] for item in status["conditions"]}["Ready"] == "True"
    assert cluster.reasons("llama") == ["Pulling", "Pulled", "Created", "Started", "Unhealthy"]
    event = cluster.events("llama")[0]
    assert event["involvedObject"]["fieldPath"] == "spec.containers{kserve-container}"
    assert event["source"] == {"component": "kubelet", "host": "gpu-1"}


@pytest.mark.anyio
async def test_pods_of_other_nodes_and_of_none_are_left_alone() -> None:
    cluster = FakeCluster()

    async with running(cluster):
        cluster.put(pod("elsewhere", node="real-1"))
        cluster.put(pod("pending", node=None))
        cluster.put(pod("ours", image="quay.io/x/y:1"))
        await until(lambda: is_ready(cluster, "ours"))

    assert "status" not in cluster.find("Pod", "elsewhere")
    assert "status" not in cluster.find("Pod", "pending")


@pytest.mark.anyio
async def test_deleted_pod_is_stopped_and_let_go() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        stored = cluster.put(pod())
        await until(lambda: is_ready(cluster))
        cluster.mark_deleted(stored)
        await until(lambda: not cluster.has("Pod", "llama"))

    assert cluster.reasons("llama")[-1] == "Killing"
    assert cluster.writes[-2:] == ["patch Pod/llama/status", "delete Pod/llama"]


@pytest.mark.anyio
async def test_pod_that_never_started_is_let_go_too() -> None:
    cluster = FakeCluster()

    async with running(cluster):
        stored = cluster.put(pod())
        await until(lambda: waits_for(cluster) == "ImagePullBackOff")
        cluster.mark_deleted(stored)
        await until(lambda: not cluster.has("Pod", "llama"))

    assert "Killing" not in cluster.reasons("llama")


@pytest.mark.anyio
async def test_pod_of_the_same_name_starts_anew() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        stored = cluster.put(pod(behaviour="never-ready"))
        await until(lambda: "Started" in cluster.reasons("llama"))
        cluster.remove(stored)
        cluster.put(pod())
        await until(lambda: is_ready(cluster))


@pytest.mark.anyio
async def test_pods_go_on_after_a_restart_of_the_stand_in() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())
    cluster.put(pod())
    cluster.put(pod("bad", behaviour="pull=403"))
    async with running(cluster):
        await until(lambda: is_ready(cluster))
        await until(lambda: waits_for(cluster, "bad") == "ImagePullBackOff")
    before, written = cluster.find("Pod", "llama"), len(cluster.events("llama"))

    async with running(cluster):
        await until(lambda: cluster.reasons("bad").count("Pulling") > 1)
        await until(lambda: waits_for(cluster, "bad") == "ImagePullBackOff")

    assert cluster.find("Pod", "llama")["status"] == before["status"]
    assert len(cluster.events("llama")) == written


@pytest.mark.anyio
async def test_idle_stand_in_asks_and_writes_nothing() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        cluster.put(pod())
        await until(lambda: is_ready(cluster))
        await asyncio.sleep(0.05)
        written = list(cluster.writes)
        await asyncio.sleep(0.3)

        assert cluster.writes == written


@pytest.mark.anyio
async def test_changed_timings_count_at_once() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster, Timings(pull=60)) as kubelet:
        cluster.put(pod())
        await until(lambda: "Pulling" in cluster.reasons("llama"))
        kubelet.timings = FAST
        await until(lambda: is_ready(cluster))
