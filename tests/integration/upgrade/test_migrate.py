"""Running deployments move to a new key: a real API server, KServe, and pods that pull images."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    REPLICA_SETS,
    SECRETS,
    SERVING_RUNTIMES,
)
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.upgrade.deployments import find_projects
from odh_nim.upgrade.digests import field_of, nvidia_password
from odh_nim.upgrade.migrate import migrate_project
from odh_nim.upgrade.migration import plan_deployment_move, plan_project_move
from odh_nim.upgrade.move import MigrateOptions, Moved
from odh_nim.upgrade.rollout import Pace, is_ready, pods_of
from support.old_clusters import content
from support.old_deployments import NAME, old_deployment

pytestmark = pytest.mark.anyio

OLD, NEW = dummy_key("second").value, dummy_key("good").value
REFUSED = dummy_key("no-terms").value
# This KServe follows a runtime by itself, however long a busy machine takes.
PACE = Pace(settle=60, patience=2, squeeze=2, poll=0.2)
OPTIONS = MigrateOptions(within=120, pace=PACE)


@contextlib.asynccontextmanager
async def alice(plane: ControlPlane) -> AsyncIterator[Client]:
    async with Client(plane.config_for("alice")) as client:
        yield client


async def deployed(client: Client, objects: list[Manifest], namespace: str) -> Manifest:
    """Make an old deployment and wait until its pod serves."""
    for item in objects:
        await client.create(item)
    async with asyncio.timeout(120):
        while True:
            ready = [pod for pod in await pods_of(client, NAME, namespace) if is_ready(pod)]
            if ready:
                return ready[0]
            await asyncio.sleep(0.2)


async def pods_without(client: Client, old_pod: Manifest) -> list[Manifest]:
    """Wait until a pod is gone, as it goes once the new one serves; give the others."""
    namespace = old_pod["metadata"]["namespace"]
    async with asyncio.timeout(60):
        while True:
            pods = await pods_of(client, NAME, namespace)
            if old_pod["metadata"]["uid"] not in [pod["metadata"]["uid"] for pod in pods]:
                return pods
            await asyncio.sleep(0.2)


async def test_project_gets_its_own_key_in_place_and_its_pods_roll_once(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-MIG-02, R-MIG-04, R-MIG-05, R-MIG-06, R-ROT-05."""
    async with alice(control_plane) as client:
        old_pod = await deployed(client, old_deployment(namespace, OLD), namespace)
        service = await client.get(INFERENCE_SERVICES, NAME, namespace)
        (project,) = await find_projects(client, namespace)

        results = await migrate_project(client, plan_project_move(project), ApiKey(NEW), OPTIONS)

        assert [(one.name, one.moved) for one in results] == [(NAME, Moved.DONE)]
        key = await client.get(SECRETS, "nvidia-nim-secrets", namespace)
        pull = await client.get(SECRETS, "nvidia-nim-image-pull", namespace)
        assert field_of(key, "NGC_API_KEY") == field_of(key, "api_key") == NEW
        assert nvidia_password(pull) == NEW
        assert key["metadata"]["labels"]["opendatahub.io/managed"] == "true"
        runtime = await client.get(SERVING_RUNTIMES, NAME, namespace)
        assert runtime["spec"]["imagePullSecrets"] == [{"name": "nvidia-nim-image-pull"}]
        assert await client.get(SECRETS, "ngc-secret", namespace)
        now = await client.get(INFERENCE_SERVICES, NAME, namespace)
        assert content(now) == content(service)
        (serving,) = await pods_without(client, old_pod)
        assert is_ready(serving)
        assert len(await client.list(REPLICA_SETS, namespace)) == 2

        (again,) = await find_projects(client, namespace)
        assert plan_project_move(again).moves == ()


async def test_key_that_may_not_pull_is_put_back_and_the_old_pod_serves_on(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-MIG-06, R-ROT-06."""
    async with alice(control_plane) as client:
        old_pod = await deployed(client, old_deployment(namespace, OLD), namespace)
        runtime = await client.get(SERVING_RUNTIMES, NAME, namespace)
        (project,) = await find_projects(client, namespace)

        results = await migrate_project(
            client, plan_deployment_move(project, NAME), ApiKey(REFUSED), OPTIONS
        )

        assert [one.moved for one in results] == [Moved.RESTORED]
        assert "cannot start" in results[0].reason
        now = await client.get(SERVING_RUNTIMES, NAME, namespace)
        assert now["spec"] == runtime["spec"]
        for name in (f"nvidia-nim-secrets-{NAME}", f"nvidia-nim-image-pull-{NAME}"):
            with pytest.raises(NotFoundError):
                await client.get(SECRETS, name, namespace)
        async with asyncio.timeout(60):
            while True:
                pods = await pods_of(client, NAME, namespace)
                if [pod["metadata"]["uid"] for pod in pods] == [old_pod["metadata"]["uid"]]:
                    break
                await asyncio.sleep(0.2)
        assert is_ready(pods[0])


async def test_old_pod_makes_room_where_no_second_gpu_is_free(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-ROT-06, R-MIG-06."""
    told: list[str] = []
    async with alice(control_plane) as client:
        # This node has two GPUs, so a second pod can never be there beside the first.
        objects = old_deployment(namespace, OLD, node="gpu-2", gpus=2)
        old_pod = await deployed(client, objects, namespace)
        (project,) = await find_projects(client, namespace)

        results = await migrate_project(
            client, plan_project_move(project), ApiKey(NEW), OPTIONS, told=told.append
        )

        (serving,) = await pods_without(client, old_pod)
    assert is_ready(serving)
    assert [one.moved for one in results] == [Moved.DONE], results
    assert any("old pod stops" in text for text in told)
