import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import NODES, PODS, SECRETS
from odh_nim.sandbox.kubelet.runner import KubeletStandIn
from odh_nim.sandbox.kubelet.timings import Timings
from support.kubelet_cluster import FakeCluster, until
from support.kubelet_pods import GOOD_KEY, IMAGE, claim, pod, pull_secret, storage_class

FAST = Timings(
    pull=0.01,
    load=0.05,
    stop=0.01,
    pull_error=0.01,
    pull_retry=0.02,
    pull_retry_most=0.05,
    restart=0.02,
    restart_most=0.05,
    probe_scale=0.001,
)
BROKEN = UnreachableError("reach the cluster", "no connection")


class Judge:
    """Lets one key pull everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def pull_status(self, image: str, key: ApiKey) -> int:
        self.asked.append(image)
        return 200 if key.reveal() == GOOD_KEY else 402


@asynccontextmanager
async def running(cluster: FakeCluster, timings: Timings = FAST) -> AsyncIterator[KubeletStandIn]:
    async with KubeletStandIn(cluster, judge=Judge(), timings=timings) as kubelet:
        yield kubelet


def container_of(cluster: FakeCluster, name: str = "llama") -> Manifest:
    statuses = cluster.find("Pod", name).get("status", {}).get("containerStatuses") or [{}]
    found: Manifest = statuses[0]
    return found


def is_ready(cluster: FakeCluster, name: str = "llama") -> bool:
    return bool(container_of(cluster, name).get("ready"))


def waits_for(cluster: FakeCluster, name: str = "llama") -> str:
    return str(container_of(cluster, name).get("state", {}).get("waiting", {}).get("reason"))


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
async def test_start_fails_where_nodes_cannot_be_written() -> None:
    cluster = FakeCluster()
    cluster.failing[NODES] = BROKEN

    with pytest.raises(UnreachableError):
        async with running(cluster):
            pass


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
async def test_claim_is_bound_grown_and_released_with_its_volume() -> None:
    cluster = FakeCluster()
    cluster.put(storage_class())

    async with running(cluster):
        stored = cluster.put(claim())
        volume = f"pvc-{stored['metadata']['uid']}"
        await until(
            lambda: cluster.find("PersistentVolumeClaim", "cache")["status"]["phase"] == "Bound"
        )
        await until(
            lambda: cluster.find("PersistentVolume", volume).get("status") == {"phase": "Bound"}
        )
        grown = cluster.find("PersistentVolumeClaim", "cache")
        grown["spec"]["resources"]["requests"]["storage"] = "60Gi"
        cluster.put(grown)
        await until(
            lambda: (
                cluster.find("PersistentVolumeClaim", "cache")["status"]["capacity"]["storage"]
                == "60Gi"
            )
        )
        assert cluster.find("PersistentVolume", volume)["spec"]["capacity"]["storage"] == "60Gi"
        cluster.mark_deleted(stored)
        await until(lambda: not cluster.has("PersistentVolumeClaim", "cache"))
        await until(lambda: not cluster.has("PersistentVolume", volume))


@pytest.mark.anyio
async def test_claim_in_use_is_kept_until_its_pod_is_gone() -> None:
    cluster = FakeCluster()
    cluster.put(storage_class())
    cluster.put(pull_secret())
    user = pod()
    user["spec"]["volumes"] = [{"name": "w", "persistentVolumeClaim": {"claimName": "cache"}}]

    async with running(cluster):
        stored_claim, stored_pod = cluster.put(claim()), cluster.put(user)
        await until(lambda: is_ready(cluster))
        cluster.mark_deleted(stored_claim)
        await asyncio.sleep(0.05)
        assert cluster.has("PersistentVolumeClaim", "cache")
        cluster.mark_deleted(stored_pod)
        await until(lambda: not cluster.has("PersistentVolumeClaim", "cache"))


@pytest.mark.anyio
async def test_claim_of_an_unknown_class_is_bound_once_the_class_is_there() -> None:
    cluster = FakeCluster()

    async with running(cluster):
        cluster.put(claim())
        await until(lambda: cluster.reasons("cache") == ["ProvisioningFailed"])
        cluster.put(storage_class())
        await until(
            lambda: cluster.find("PersistentVolumeClaim", "cache")["status"]["phase"] == "Bound"
        )


@pytest.mark.anyio
async def test_claim_for_the_first_consumer_waits_for_the_scheduler() -> None:
    cluster = FakeCluster()
    cluster.put(storage_class(mode="WaitForFirstConsumer"))

    async with running(cluster):
        cluster.put(claim())
        await until(lambda: cluster.reasons("cache") == ["WaitForFirstConsumer"])
        chosen = cluster.find("PersistentVolumeClaim", "cache")
        chosen["metadata"]["annotations"] = {"volume.kubernetes.io/selected-node": "gpu-1"}
        cluster.put(chosen)
        await until(
            lambda: cluster.find("PersistentVolumeClaim", "cache")["status"]["phase"] == "Bound"
        )


@pytest.mark.anyio
async def test_volume_whose_claim_went_away_unseen_is_deleted_at_the_start() -> None:
    cluster = FakeCluster()
    cluster.put(storage_class())
    async with running(cluster):
        stored = cluster.put(claim())
        volume = f"pvc-{stored['metadata']['uid']}"
        await until(
            lambda: cluster.find("PersistentVolumeClaim", "cache")["status"]["phase"] == "Bound"
        )
    cluster.remove(stored)
    protected = cluster.find("PersistentVolume", volume)
    protected["metadata"]["finalizers"] = ["kubernetes.io/pv-protection"]
    cluster.put(protected)

    async with running(cluster):
        await until(lambda: not cluster.has("PersistentVolume", volume))
