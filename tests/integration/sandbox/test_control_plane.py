"""What every other integration test builds on: the shared control plane and a fresh project."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.resources import (
    CONFIG_MAPS,
    INFERENCE_SERVICES,
    NODES,
    PODS,
    PROJECTS,
    SECRETS,
    SERVING_RUNTIMES,
    TEMPLATES,
)
from odh_nim.sandbox.controlplane.load import load_objects
from odh_nim.sandbox.nvidia import dummy_key
from odh_nim.sandbox.process import identify
from odh_nim.sandbox.testing import ControlPlane

# Prints the processes of its control plane, and waits for its death.
RUN_THAT_IS_KILLED = """
import os, sys, time
from pathlib import Path
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings
settings = Settings.from_environment(os.environ)
places = {"cache_home": settings.cache_home, "programs": settings.sandbox_bin}
with ControlPlane.start(Path(sys.argv[1]), kserve=False, kubelet=False, **places) as plane:
    print(*(part.process.pid for part in plane.state.parts), flush=True)
    time.sleep(60)
"""
IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"


@pytest.mark.anyio
async def test_alice_works_in_a_fresh_project_and_nowhere_else(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-EXT-07."""
    async with Client(control_plane.config_for("alice")) as alice:
        assert await alice.can_i("create", INFERENCE_SERVICES, namespace)
        assert await alice.list(SECRETS, namespace) == []
        with pytest.raises(ForbiddenError):
            await alice.list(SECRETS, "team-b")


@pytest.mark.anyio
async def test_nodes_have_gpus(control_plane: ControlPlane) -> None:
    async with Client(control_plane.admin) as admin:
        nodes = await admin.list(NODES)

    gpus = {
        node["metadata"]["name"]: node["status"]["allocatable"]["nvidia.com/gpu"] for node in nodes
    }
    assert gpus == {"gpu-1": "8", "gpu-2": "2"}


@pytest.mark.anyio
async def test_inference_service_with_a_good_key_becomes_ready(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-EXT-07: KServe, scheduler, nodes and NVIDIA's stand-in work together."""
    async with Client(control_plane.config_for("alice")) as alice:
        for manifest in deployment(namespace):
            await alice.apply(manifest)

        ready = await until_ready(alice, namespace)

    assert ready["status"]["url"]


@pytest.mark.anyio
async def test_product_is_installed(control_plane: ControlPlane) -> None:
    async with Client(control_plane.config_for("vera")) as vera:
        catalog = await vera.get(
            CONFIG_MAPS, "nvidia-nim-models-data", control_plane.applications_namespace
        )

    assert catalog["data"]


@pytest.mark.anyio
async def test_projects_are_listed_per_user(control_plane: ControlPlane, namespace: str) -> None:
    """R-EXT-07: OpenShift's projects, as each user sees them."""
    seen = {}
    for user in ("admin", "alice", "bob", "vera"):
        async with Client(control_plane.config_for(user)) as client:
            seen[user] = {project["metadata"]["name"] for project in await client.list(PROJECTS)}

    assert seen["admin"] >= {"team-a", "team-b", "default", namespace}
    assert {"team-a", namespace} <= seen["alice"]
    assert not seen["alice"] & {"team-b", "default"}
    assert "team-b" in seen["bob"]
    assert not seen["bob"] & {"team-a", namespace, "default"}
    assert "team-a" in seen["vera"]
    assert not seen["vera"] & {"team-b", namespace, "default"}


@pytest.mark.anyio
async def test_plain_control_plane_has_nothing_of_open_data_hub(
    plain_control_plane: ControlPlane, plain_namespace: str
) -> None:
    """R-EXT-03: KServe alone, and the roles that this product brings along."""
    async with Client(plain_control_plane.config_for("alice")) as alice:
        assert not await alice.serves(PROJECTS)
        assert not await alice.serves(TEMPLATES)
        assert await alice.can_i("create", INFERENCE_SERVICES, plain_namespace)
        for manifest in deployment(plain_namespace):
            await alice.apply(manifest)

        await until_ready(alice, plain_namespace)


@pytest.mark.anyio
async def test_immutable_object_of_an_older_version_is_replaced(
    control_plane: ControlPlane, namespace: str
) -> None:
    """A new catalogue reaches a sandbox whose data is kept."""
    catalog = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "catalog", "namespace": namespace},
        "immutable": True,
    }
    async with Client(control_plane.admin) as admin:
        for version in ("1", "2"):
            await load_objects(admin, [catalog | {"data": {"version": version}}])

        found = await admin.get(CONFIG_MAPS, "catalog", namespace)

    assert found["data"] == {"version": "2"}


@pytest.mark.anyio
async def test_log_of_a_pod_is_served_through_the_api_server(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-EXT-07."""
    async with Client(control_plane.config_for("alice")) as alice:
        for manifest in deployment(namespace):
            await alice.apply(manifest)
        await until_ready(alice, namespace)
        (pod,) = await alice.list(PODS, namespace)

        name = pod["metadata"]["name"]
        log = alice.logs(name, namespace, container="kserve-container", tail_lines=5)
        lines = [line async for line in log]

    assert lines


def test_nothing_is_left_of_a_control_plane_whose_test_run_was_killed(tmp_path: Path) -> None:
    """R-EXT-07."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN_THAT_IS_KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        pids = [int(pid) for pid in run.stdout.readline().split()]
        processes = [identify(pid) for pid in pids]
        run.kill()

    assert len(processes) > 4
    assert all(process is not None and process.wait(30) for process in processes)


async def until_ready(client: Client, namespace: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while True:
        found = await client.get(INFERENCE_SERVICES, "llama", namespace)
        conditions = found.get("status", {}).get("conditions", [])
        state = {condition["type"]: condition["status"] for condition in conditions}
        if state.get("Ready") == "True":
            return found
        assert time.monotonic() < deadline, state
        await asyncio.sleep(0.05)


def deployment(namespace: str) -> list[dict[str, Any]]:
    where = {"name": "llama", "namespace": namespace}
    login = {"username": "$oauthtoken", "password": dummy_key("good").value}
    resources = {"cpu": "1", "memory": "8Gi", "nvidia.com/gpu": "1"}
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "pull", "namespace": namespace},
            "type": "kubernetes.io/dockerconfigjson",
            "stringData": {".dockerconfigjson": json.dumps({"auths": {"nvcr.io": login}})},
        },
        {
            "apiVersion": SERVING_RUNTIMES.api_version,
            "kind": "ServingRuntime",
            "metadata": where,
            "spec": {
                "imagePullSecrets": [{"name": "pull"}],
                "supportedModelFormats": [{"name": "nim", "version": "1"}],
                "containers": [{"name": "kserve-container", "image": IMAGE}],
            },
        },
        {
            "apiVersion": INFERENCE_SERVICES.api_version,
            "kind": "InferenceService",
            "metadata": {
                **where,
                "annotations": {"serving.kserve.io/deploymentMode": "RawDeployment"},
            },
            "spec": {
                "predictor": {
                    "minReplicas": 1,
                    "maxReplicas": 1,
                    "model": {
                        "modelFormat": {"name": "nim", "version": "1"},
                        "runtime": "llama",
                        "resources": {"requests": resources, "limits": resources},
                    },
                }
            },
        },
    ]
