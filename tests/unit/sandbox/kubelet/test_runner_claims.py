"""Claims and volumes, from binding to release."""

import asyncio

import pytest

from support.kubelet_cluster import FakeCluster, until
from support.kubelet_pods import claim, pod, pull_secret, storage_class
from support.kubelet_runs import is_ready, running


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


@pytest.mark.anyio
async def test_one_broken_claim_harms_no_other(caplog: pytest.LogCaptureFixture) -> None:
    cluster = FakeCluster()
    cluster.put(storage_class())
    broken = claim("broken")
    del broken["spec"]["resources"]

    async with running(cluster):
        cluster.put(broken)
        await until(lambda: "PersistentVolumeClaim/broken" in caplog.text)
        cluster.put(claim())
        await until(
            lambda: cluster.find("PersistentVolumeClaim", "cache")["status"]["phase"] == "Bound"
        )
