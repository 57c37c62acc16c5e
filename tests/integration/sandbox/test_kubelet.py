"""The kubelet stand-in with the real scheduler, controllers and API server."""

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.errors import NotFoundError, RejectedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    DEPLOYMENTS,
    EVENTS,
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    PODS,
)
from odh_nim.sandbox.kubelet.behaviour import ANNOTATION
from odh_nim.sandbox.nvidia import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.kubelet_pods import IMAGE, claim, pull_secret

GOOD: Final = dummy_key("good").value
EXPIRED: Final = dummy_key("expired").value
CONTAINER: Final = "kserve-container"
T = TypeVar("T")


def predictor(
    namespace: str, *, behaviour: str = "", gpus: int = 1, claim_name: str | None = None
) -> Manifest:
    container: Manifest = {
        "name": CONTAINER,
        "image": IMAGE,
        "resources": {"limits": {"nvidia.com/gpu": str(gpus)}},
        "readinessProbe": {"httpGet": {"path": "/v1/health/ready", "port": 8000}},
    }
    spec: Manifest = {"imagePullSecrets": [{"name": "pull"}], "containers": [container]}
    if claim_name:
        spec["volumes"] = [{"name": "cache", "persistentVolumeClaim": {"claimName": claim_name}}]
        container["volumeMounts"] = [{"name": "cache", "mountPath": "/mnt/models/cache"}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "llama", "namespace": namespace},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "llama"}},
            "template": {
                "metadata": {"labels": {"app": "llama"}, "annotations": {ANNOTATION: behaviour}},
                "spec": spec,
            },
        },
    }


def secret(namespace: str, key: str) -> Manifest:
    made = pull_secret(key)
    made["metadata"]["namespace"] = namespace
    return made


def cache_claim(namespace: str) -> Manifest:
    made = claim()
    made["metadata"] = {"name": "cache", "namespace": namespace}
    del made["status"]
    return made


async def until(ask: Callable[[], Awaitable[T]], *, within: float = 20) -> T:
    async with asyncio.timeout(within):
        while not (found := await ask()):  # noqa: ASYNC110 - a cluster that changes by itself
            await asyncio.sleep(0.05)
    return found


async def available(client: Client, namespace: str) -> bool:
    found = await client.get(DEPLOYMENTS, "llama", namespace)
    status = found.get("status", {})
    return status.get("observedGeneration") == found["metadata"]["generation"] and (
        status.get("replicas") == status.get("updatedReplicas") == status.get("availableReplicas")
        and bool(status.get("replicas"))
    )


async def container_of(client: Client, namespace: str) -> Manifest:
    pods = await client.list(PODS, namespace)
    statuses: list[Manifest] = [
        status for pod in pods for status in pod["status"].get("containerStatuses", [])
    ]
    return statuses[0] if statuses else {}


async def waiting(client: Client, namespace: str, reason: str) -> Manifest | None:
    found = (await container_of(client, namespace)).get("state", {}).get("waiting") or {}
    return found if found.get("reason") == reason else None


async def running_pod(client: Client, namespace: str) -> str | None:
    for pod in await client.list(PODS, namespace):
        if any("running" in item["state"] for item in pod["status"].get("containerStatuses", [])):
            return str(pod["metadata"]["name"])
    return None


@pytest.mark.anyio
async def test_deployment_with_a_gpu_and_a_claim_becomes_available(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-EXT-07, R-DEP-13."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(secret(namespace, GOOD))
        await alice.create(cache_claim(namespace))
        await alice.create(predictor(namespace, claim_name="cache"))
        await until(lambda: available(alice, namespace))
        bound = await alice.get(PERSISTENT_VOLUME_CLAIMS, "cache", namespace)
        pods = await alice.list(PODS, namespace)
        events = await alice.list(EVENTS, namespace)

    assert bound["status"]["phase"] == "Bound"
    assert pods[0]["spec"]["nodeName"] in ("gpu-1", "gpu-2")
    told = [
        item["reason"]
        for item in events
        if item["involvedObject"]["uid"] == pods[0]["metadata"]["uid"]
    ]
    assert {"Scheduled", "Pulling", "Pulled", "Created", "Started"} <= set(told)


@pytest.mark.anyio
async def test_bad_key_backs_off_and_the_corrected_one_starts_the_same_pod(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-KEY-09."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(secret(namespace, EXPIRED))
        await alice.create(predictor(namespace))
        refused = await until(lambda: waiting(alice, namespace, "ImagePullBackOff"))
        assert refused is not None
        before = (await alice.list(PODS, namespace))[0]["metadata"]["uid"]
        await alice.apply(secret(namespace, GOOD), force=True)
        await until(lambda: available(alice, namespace))
        after = (await alice.list(PODS, namespace))[0]["metadata"]["uid"]

    assert refused["message"].endswith("401 Unauthorized")
    assert before == after


@pytest.mark.anyio
async def test_logs_are_read_and_followed_through_the_api_server(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-23."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(secret(namespace, GOOD))
        await alice.create(predictor(namespace, behaviour="slow-load=2s"))
        pod = await until(lambda: running_pod(alice, namespace))
        assert pod is not None
        followed = []
        async for line in alice.logs(pod, namespace, container=CONTAINER, follow=True):
            followed.append(line)
            if "listening" in line:
                break
        tail = [
            line async for line in alice.logs(pod, namespace, container=CONTAINER, tail_lines=2)
        ]

    assert followed[0].startswith("INFO nim: starting nvcr.io/")
    assert tail == followed[-2:]


@pytest.mark.anyio
async def test_crash_restarts_and_shows_its_last_words(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-23."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(secret(namespace, GOOD))
        await alice.create(predictor(namespace, behaviour="disk-full"))
        await until(lambda: waiting(alice, namespace, "CrashLoopBackOff"))
        pod = (await alice.list(PODS, namespace))[0]["metadata"]["name"]
        last = [
            line async for line in alice.logs(pod, namespace, container=CONTAINER, previous=True)
        ]

    assert last[-1].endswith("No space left on device (os error 28)")


@pytest.mark.anyio
async def test_container_that_waits_has_no_log(control_plane: ControlPlane, namespace: str) -> None:
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(predictor(namespace, behaviour="pull=403"))
        await until(lambda: waiting(alice, namespace, "ImagePullBackOff"))
        pod = (await alice.list(PODS, namespace))[0]["metadata"]["name"]
        with pytest.raises(RejectedError, match="trying and failing to pull image"):
            _ = [line async for line in alice.logs(pod, namespace, container=CONTAINER)]


@pytest.mark.anyio
async def test_commands_in_a_container_are_refused_in_words(
    control_plane: ControlPlane, namespace: str
) -> None:
    async with Client(control_plane.admin) as admin:
        await admin.create(secret(namespace, GOOD))
        await admin.create(predictor(namespace))
        pod = await until(lambda: running_pod(admin, namespace))
    kubeconfig = str(control_plane.kubeconfig("admin"))

    refused = await asyncio.to_thread(
        subprocess.run,
        ["kubectl", "--kubeconfig", kubeconfig, "-n", namespace, "exec", str(pod), "--", "ls"],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )

    assert refused.returncode != 0
    assert "exec is not supported here" in refused.stderr


@pytest.mark.anyio
async def test_more_gpus_than_a_node_has_wait_for_the_scheduler(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-19."""
    async with Client(control_plane.config_for("alice")) as alice:
        await alice.create(predictor(namespace, gpus=9))

        async def unschedulable() -> str:
            pods = await alice.list(PODS, namespace)
            conditions = [item for pod in pods for item in pod["status"].get("conditions", [])]
            return "".join(item.get("message", "") for item in conditions)

        message = await until(unschedulable)

    assert "Insufficient nvidia.com/gpu" in message


@pytest.mark.anyio
async def test_claim_grows_is_kept_while_used_and_goes_with_its_volume(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-14, R-DEP-26."""
    async with Client(control_plane.admin) as admin:
        await admin.create(secret(namespace, GOOD))
        await admin.create(cache_claim(namespace))
        await admin.create(predictor(namespace, claim_name="cache"))
        await until(lambda: available(admin, namespace))
        larger: dict[str, Any] = {"spec": {"resources": {"requests": {"storage": "60Gi"}}}}
        await admin.patch(PERSISTENT_VOLUME_CLAIMS, "cache", namespace, merge=larger)

        async def grown() -> bool:
            found = await admin.get(PERSISTENT_VOLUME_CLAIMS, "cache", namespace)
            return bool(found["status"]["capacity"]["storage"] == "60Gi")

        await until(grown)
        volume = (await admin.get(PERSISTENT_VOLUME_CLAIMS, "cache", namespace))["spec"][
            "volumeName"
        ]
        await admin.delete(PERSISTENT_VOLUME_CLAIMS, "cache", namespace)
        await asyncio.sleep(0.5)
        assert await admin.get(PERSISTENT_VOLUME_CLAIMS, "cache", namespace)
        await admin.delete(DEPLOYMENTS, "llama", namespace)

        async def gone() -> bool:
            try:
                await admin.get(PERSISTENT_VOLUMES, volume)
            except NotFoundError:
                return not await admin.list(PERSISTENT_VOLUME_CLAIMS, namespace)
            return False

        await until(gone)
