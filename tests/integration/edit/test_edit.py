"""Edits on the real KServe: one new ReplicaSet, and the first manifests back."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from odh_nim.cluster import Client
from odh_nim.deployment import EditChange, EditPlan, deploy, read_objects
from odh_nim.deployment.restart_wait import Waited
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import EnvVar, KeyChoice, Strategy
from odh_nim.domain.errors import EditConflictError, PreflightError
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    SERVICES,
    SERVING_RUNTIMES,
)
from odh_nim.journeys.edit import EditContext, await_edit, carry_out, pods_now, prepare_edit
from odh_nim.keys import store_project_key
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.deployments import EMBED
from support.edits import STOCK_RUNTIME, STOCK_SERVICE
from support.rotations import bring_up, clean, command, make_plan, pods_of, ready, replica_sets

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def alice(plane: ControlPlane) -> AsyncIterator[Client]:
    async with Client(plane.config_for("alice")) as client:
        yield client


async def edit(
    client: Client, plane: ControlPlane, namespace: str, name: str = "llama", **change: Any
) -> tuple[EditPlan, Waited | None]:
    """Edit as the command does, and wait for the new pods."""
    context = EditContext(plane.applications_namespace)
    plan = await prepare_edit(client, name, namespace, EditChange(**change), context)
    before = await pods_now(client, plan)
    await carry_out(client, plan)
    if not plan.restarts:
        return plan, None
    return plan, await await_edit(client, plan, before, within=60)


async def test_http_to_grpc_to_http_gives_back_the_first_manifests(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-PROTO-05, R-PROTO-04: one new ReplicaSet each way, and the Service carries h2c."""
    async with alice(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"], model=EMBED, tag="1.6.0")
        first = await read_objects(client, "llama", namespace)
        sets = await replica_sets(client, namespace, "llama")

        _, waited = await edit(client, control_plane, namespace, protocol=Protocol.GRPC)

        assert waited is not None
        assert waited.ready, waited
        assert len(await replica_sets(client, namespace, "llama")) == len(sets) + 1
        service = await client.get(SERVICES, "llama-predictor", namespace)
        ports = {one["targetPort"]: one.get("appProtocol") for one in service["spec"]["ports"]}
        assert "kubernetes.io/h2c" in ports.values()

        _, waited = await edit(client, control_plane, namespace, protocol=Protocol.HTTP)

        assert waited is not None
        assert waited.ready, waited
        back = await read_objects(client, "llama", namespace)
        for before, after in ((first.runtime, back.runtime), (first.service, back.service)):
            assert after["spec"] == before["spec"]
            assert after["metadata"]["annotations"] == before["metadata"]["annotations"]
            assert after["metadata"]["labels"] == before["metadata"]["labels"]
        # The ReplicaSet of before is used again: no third one.
        assert len(await replica_sets(client, namespace, "llama")) == len(sets) + 1
        await clean(client, namespace)


async def test_change_of_both_objects_makes_one_new_replica_set(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-24: tag and environment are on two objects, and roll once."""
    reference = {"secretKeyRef": {"name": "none", "key": "x", "optional": True}}
    async with alice(control_plane) as client:
        await bring_up(
            client,
            control_plane,
            namespace,
            ["llama"],
            env=(EnvVar("HF_TOKEN", value_from=reference),),
        )
        sets = await replica_sets(client, namespace, "llama")

        plan, waited = await edit(
            client, control_plane, namespace, tag="1.8.4", memory="6Gi", env=(EnvVar("A", "1"),)
        )

        assert waited is not None
        assert waited.ready, waited
        await asyncio.sleep(1)
        assert len(await replica_sets(client, namespace, "llama")) == len(sets) + 1
        assert len(plan.patches) == 2
        [pod] = await pods_of(client, namespace, "llama")
        container = next(
            one for one in pod["spec"]["containers"] if one["name"] == "kserve-container"
        )
        assert container["image"].endswith(":1.8.4")
        assert container["resources"]["limits"]["memory"] == "6Gi"
        variables = {one["name"]: one for one in container["env"]}
        assert variables["A"]["value"] == "1"
        assert variables["HF_TOKEN"]["valueFrom"] == reference
        await clean(client, namespace)


async def test_numbers_of_pods_restart_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """R-DEP-24: replicas, strategy and a larger claim leave the running pod alone."""
    async with alice(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"])
        [before] = await pods_of(client, namespace, "llama")

        plan, waited = await edit(
            client,
            control_plane,
            namespace,
            replicas=2,
            strategy=Strategy.RECREATE,
            storage_size="60Gi",
        )

        assert (plan.restarts, waited) == (False, None)
        async with asyncio.timeout(20):
            while True:
                pods = await pods_of(client, namespace, "llama")
                if len(pods) == 2:
                    break
                await asyncio.sleep(0.1)
        assert before["metadata"]["uid"] in {pod["metadata"]["uid"] for pod in pods}
        claim = await client.get(PERSISTENT_VOLUME_CLAIMS, "nim-pvc-llama", namespace)
        assert claim["spec"]["resources"]["requests"]["storage"] == "60Gi"
        await clean(client, namespace)


async def test_deployment_of_the_stock_dashboard_can_be_edited(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-24."""
    async with alice(control_plane) as client:
        await store_project_key(
            client, ApiKey(dummy_key("good").value), namespace=namespace, replace=False
        )
        runtime, service = copy.deepcopy(STOCK_RUNTIME), copy.deepcopy(STOCK_SERVICE)
        amounts = {"cpu": "100m", "memory": "4Gi"}
        service["spec"]["predictor"]["model"]["resources"] = {"requests": amounts}
        runtime["spec"]["imagePullSecrets"] = [{"name": "nvidia-nim-image-pull"}]
        for item in (runtime, service):
            item["metadata"]["namespace"] = namespace
            item["metadata"].pop("uid")
        claim = (await make_plan(client, control_plane, namespace, "xk2f9")).objects[0]
        for item in (claim, runtime, service):
            await client.create(item)
        await ready(client, "my-nim", namespace)
        sets = await replica_sets(client, namespace, "my-nim")

        _, waited = await edit(
            client, control_plane, namespace, "my-nim", tag="1.8.4", memory="6Gi"
        )

        assert waited is not None
        assert waited.ready, waited
        assert len(await replica_sets(client, namespace, "my-nim")) == len(sets) + 1
        found = await client.get(SERVING_RUNTIMES, "my-nim-xk2f9", namespace)
        assert found["spec"]["containers"][0]["image"].endswith(":1.8.4")
        await clean(client, namespace)


async def test_key_of_its_own_goes_with_the_deployment(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-KEY-13, R-DEP-24."""
    async with alice(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"])
        with pytest.raises(PreflightError, match="keys set"):
            await edit(client, control_plane, namespace, key=KeyChoice.OWN)
        second = ApiKey(dummy_key("second").value)
        await store_project_key(
            client, second, namespace=namespace, deployment="llama", replace=False
        )

        _, waited = await edit(client, control_plane, namespace, key=KeyChoice.OWN)

        assert waited is not None
        assert waited.ready, waited
        secret = await client.get(SECRETS, "nvidia-nim-secrets-llama", namespace)
        assert [one["kind"] for one in secret["metadata"]["ownerReferences"]] == [
            "InferenceService"
        ]
        await clean(client, namespace)


async def test_change_by_somebody_else_is_a_conflict_with_a_diff(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-24."""
    async with alice(control_plane) as client:
        await deploy(
            client,
            await make_plan(client, control_plane, namespace, "llama", key_name="good"),
        )
        context = EditContext(control_plane.applications_namespace)
        plan = await prepare_edit(
            client, "llama", namespace, EditChange(tag="1.8.4", memory="6Gi"), context
        )
        await client.patch(
            INFERENCE_SERVICES,
            "llama",
            namespace,
            merge={"spec": {"predictor": {"minReplicas": 2, "maxReplicas": 2}}},
        )

        with pytest.raises(EditConflictError) as conflict:
            await carry_out(client, plan)

        assert "+    minReplicas: 2" in conflict.value.diff
        runtime = await client.get(SERVING_RUNTIMES, "llama", namespace)
        assert runtime["spec"] == plan.objects.runtime["spec"]
        await clean(client, namespace)


async def test_command_shows_the_difference_and_refuses_what_cannot_work(
    control_plane: ControlPlane, namespace: str, nvidia: str
) -> None:
    """R-PROTO-02, R-DEP-24."""
    async with alice(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"])
        words = ("deployments", "edit", "llama", "-n", namespace)

        async def run(*more: str) -> tuple[int, str, str]:
            ran = await asyncio.to_thread(command, control_plane, "alice", *words, *more)
            return ran.code, ran.out, ran.err

        grpc = await run("--protocol", "grpc", "--yes")
        nobody = await run("--memory", "6Gi")
        dry = await run("--memory", "6Gi", "--dry-run")
        done = await run("--memory", "6Gi", "--yes")
        again = await run("--memory", "6Gi", "--yes")

        assert (grpc[0], "does not speak gRPC" in grpc[2]) == (7, True)
        assert (nobody[0], "Nobody is there to be asked" in nobody[2]) == (2, True)
        assert (dry[0], '+          memory: "6Gi"' in dry[1]) == (0, True)
        assert (done[0], "Ready after" in done[2]) == (0, True)
        assert (again[0], "nothing to change" in again[2]) == (0, True)
        await clean(client, namespace)
