"""Pods that fail, and a cluster that does."""

import asyncio
from typing import Any

import pytest

from odh_nim.domain.errors import UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import NODES, PODS, SECRETS, ApiResource
from odh_nim.sandbox.kubelet.runner import KubeletStandIn
from support.kubelet_cluster import FakeCluster, until
from support.kubelet_pods import IMAGE, pod, pull_secret
from support.kubelet_runs import BROKEN, FAST, Judge, container_of, is_ready, running, waits_for


@pytest.mark.anyio
async def test_start_fails_where_nodes_cannot_be_written() -> None:
    cluster = FakeCluster()
    cluster.failing[NODES] = BROKEN

    with pytest.raises(UnreachableError):
        async with running(cluster):
            pass


@pytest.mark.anyio
async def test_bad_key_backs_off_until_the_secret_is_corrected() -> None:
    """R-KEY-09: a refused key shows itself as a real container runtime shows it."""
    cluster = FakeCluster()
    cluster.put(pull_secret("nvapi-BAD-CANARY-00000000000"))

    async with running(cluster):
        cluster.put(pod())
        await until(lambda: waits_for(cluster) == "ImagePullBackOff")
        message = container_of(cluster)["state"]["waiting"]["message"]
        cluster.put(pull_secret())
        await until(lambda: is_ready(cluster))

    assert message.startswith(f'Back-off pulling image "{IMAGE}": ErrImagePull: failed to pull')
    assert message.endswith("402 Payment Required")
    assert "CANARY" not in str(cluster.events("llama"))


@pytest.mark.anyio
async def test_event_that_happens_again_is_counted() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret("nvapi-BAD-CANARY-00000000000"))

    async with running(cluster):
        cluster.put(pod())
        await until(lambda: any(item["count"] > 2 for item in cluster.events("llama")))

    texts = [(item["reason"], item["message"]) for item in cluster.events("llama")]
    assert len(texts) == len(set(texts))


@pytest.mark.anyio
async def test_missing_pull_secret_is_told_and_the_pull_is_anonymous() -> None:
    cluster = FakeCluster()

    async with running(cluster):
        cluster.put(pod())
        await until(lambda: waits_for(cluster) == "ImagePullBackOff")

    assert "FailedToRetrieveImagePullSecret" in cluster.reasons("llama")
    assert "anonymous token" in container_of(cluster)["state"]["waiting"]["message"]


@pytest.mark.anyio
async def test_missing_key_secret_is_a_config_error_until_it_is_there() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())
    reference = {"secretKeyRef": {"name": "nvidia-nim-secrets", "key": "NGC_API_KEY"}}

    async with running(cluster):
        cluster.put(pod(env=[{"name": "NGC_API_KEY", "valueFrom": reference}]))
        await until(lambda: waits_for(cluster) == "CreateContainerConfigError")
        message = container_of(cluster)["state"]["waiting"]["message"]
        secret = pull_secret(name="nvidia-nim-secrets")
        cluster.put(secret | {"data": {"NGC_API_KEY": "eA=="}})
        await until(lambda: is_ready(cluster))

    assert message == 'secret "nvidia-nim-secrets" not found'


@pytest.mark.anyio
async def test_missing_volume_source_keeps_the_container_from_being_created() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())
    waiting = pod()
    waiting["spec"]["volumes"] = [{"name": "config", "configMap": {"name": "modelconfig"}}]

    async with running(cluster):
        cluster.put(waiting)
        await until(lambda: "FailedMount" in cluster.reasons("llama"))
        assert waits_for(cluster) == "ContainerCreating"
        cluster.put(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "modelconfig", "namespace": "team-a"},
            }
        )
        await until(lambda: is_ready(cluster))

    assert cluster.events("llama")[0]["message"] == (
        'MountVolume.SetUp failed for volume "config" : configmap "modelconfig" not found'
    )


@pytest.mark.anyio
async def test_one_broken_pod_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())
    broken = pod("broken", env=[{"name": "X", "valueFrom": {"secretKeyRef": {"no": "name"}}}])

    async with running(cluster):
        cluster.put(broken)
        await until(lambda: "team-a/broken" in caplog.text)
        cluster.put(pod())
        await until(lambda: is_ready(cluster))

    assert not is_ready(cluster, "broken")


@pytest.mark.anyio
async def test_pod_whose_status_cannot_be_read_harms_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())
    status = {"containerStatuses": [{"name": "kserve-container", "state": {"running": {}}}]}

    async with running(cluster):
        cluster.put(pod("broken") | {"status": status})
        await until(lambda: "Pod/broken cannot be understood" in caplog.text)
        cluster.put(pod())
        await until(lambda: is_ready(cluster))


@pytest.mark.anyio
async def test_cluster_that_answers_errors_is_asked_again() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        cluster.failing[SECRETS] = BROKEN
        cluster.put(pod())
        await until(lambda: "Pulling" not in cluster.reasons("llama"))
        await asyncio.sleep(0.05)
        del cluster.failing[SECRETS]
        await until(lambda: is_ready(cluster))


@pytest.mark.anyio
async def test_what_happens_while_the_watch_is_broken_is_not_missed() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster) as kubelet:
        stored = cluster.put(pod("first"))
        await until(lambda: is_ready(cluster, "first"))
        cluster.failing[PODS] = BROKEN
        cluster.break_watches(BROKEN)
        await asyncio.sleep(0.05)
        cluster.remove(stored)
        cluster.put(pod("second"))
        del cluster.failing[PODS]
        await until(lambda: is_ready(cluster, "second"))

        assert kubelet.find_pod("team-a", "first") is None


@pytest.mark.anyio
async def test_unknown_behaviour_is_told_once() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        cluster.put(pod(behaviour="slow-lod=3s,never-ready"))
        await until(lambda: "UnknownBehaviour" in cluster.reasons("llama"))

    assert cluster.reasons("llama").count("UnknownBehaviour") == 1
    assert "slow-lod=3s" in cluster.events("llama")[-1]["message"]


@pytest.mark.anyio
async def test_ordered_pull_status_is_answered_without_asking() -> None:
    cluster = FakeCluster()
    judge = Judge()

    async with KubeletStandIn(cluster, judge=judge, timings=FAST):
        cluster.put(pod(behaviour="pull=451"))
        await until(lambda: waits_for(cluster) == "ImagePullBackOff")

    assert container_of(cluster)["state"]["waiting"]["message"].endswith(
        "451 Unavailable For Legal Reasons"
    )
    assert judge.asked == []


@pytest.mark.anyio
async def test_crash_backs_off_between_restarts_and_is_counted() -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        cluster.put(pod(behaviour="oom"))
        await until(lambda: container_of(cluster).get("restartCount", 0) >= 2)

    last = container_of(cluster)["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (137, "OOMKilled")
    assert "BackOff" in cluster.reasons("llama")


@pytest.mark.anyio
async def test_watch_that_fails_in_an_unknown_way_is_begun_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cluster = FakeCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        await until(lambda: cluster.is_watched(PODS))
        cluster.break_watches(ArithmeticError("nobody expected this"))
        await until(lambda: "started again" in caplog.text)
        cluster.put(pod())
        await until(lambda: is_ready(cluster))


class SlowCluster(FakeCluster):
    """Takes longer to store an event than a model takes to load; its watches are behind for ever.

    A watch that tells of the stand-in's own writes would make it look again anyway.
    """

    async def create(self, manifest: Manifest) -> Manifest:
        answer = await super().create(manifest)
        if manifest["kind"] == "Event":
            await asyncio.sleep(0.15)
        return answer

    async def patch(self, resource: ApiResource, *names: Any, **changes: Any) -> Manifest:
        told, self._watches = self._watches, []
        try:
            return await super().patch(resource, *names, **changes)
        finally:
            self._watches = told


@pytest.mark.anyio
async def test_pod_gets_ready_though_an_event_took_longer_than_loading() -> None:
    cluster = SlowCluster()
    cluster.put(pull_secret())

    async with running(cluster):
        cluster.put(pod(readinessProbe={"httpGet": {"path": "/v1/health/ready"}}))

        await until(lambda: is_ready(cluster))
