"""A deployment from preflight to deletion, on a real API server and with KServe's controller."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from odh_nim.cluster import Client
from odh_nim.deployment import (
    Phase,
    Plan,
    Progress,
    StatusWord,
    delete,
    deploy,
    deployment_events,
    deployment_logs,
    find_remainders,
    follow,
    get_deployment,
    list_deployments,
    plan_delete,
    plan_deployment,
    preflight,
    read_status,
    read_surroundings,
    start,
    stop,
)
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import DeploymentSpec, KeyChoice, NewClaim, Resources
from odh_nim.domain.errors import AlreadyExistsError, NotFoundError, RejectedError
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    SERVING_RUNTIMES,
)
from odh_nim.manifests.families import family_of
from odh_nim.manifests.templates import packaged_template
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.deployments import EMBED, LLAMA

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def alice(plane: ControlPlane) -> AsyncIterator[Client]:
    async with Client(plane.config_for("alice")) as client:
        yield client


async def planned(
    client: Client,
    plane: ControlPlane,
    namespace: str,
    *,
    key: str = "good",
    host: str | None = None,
    **changes: Any,
) -> Plan:
    spec = DeploymentSpec(
        name="llama",
        namespace=namespace,
        model=changes.pop("model", LLAMA),
        tag=changes.pop("tag", "1.8.5"),
        storage=NewClaim("50Gi"),
        resources=Resources(cpu="1", memory="4Gi", gpus=changes.pop("gpus", 1)),
        key=changes.pop("choice", KeyChoice.PROJECT),
        **changes,
    )
    surroundings = await read_surroundings(
        client, applications_namespace=plane.applications_namespace
    )
    return plan_deployment(
        spec,
        packaged_template(spec.protocol),
        family=family_of(spec.model.family),
        request_id=f"request-{namespace}",
        applications_namespace=plane.applications_namespace,
        key=ApiKey(dummy_key(key).value),
        surroundings=surroundings,
        ingress_host=host,
    )


async def told(client: Client, namespace: str) -> list[Progress]:
    return [one async for one in follow(client, "llama", namespace, within=60)]


async def kinds_left(client: Client, namespace: str) -> set[str]:
    kinds = (INFERENCE_SERVICES, SERVING_RUNTIMES, PERSISTENT_VOLUME_CLAIMS, SECRETS)
    lists = await asyncio.gather(*(client.list(kind, namespace) for kind in kinds))
    return {f"{item['kind']}/{item['metadata']['name']}" for items in lists for item in items}


async def test_from_preflight_to_ready_and_back(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-TST-02, R-DEP-04, R-DEP-05, R-DEP-23, R-DEP-25, R-DEP-26, R-PROTO-06, R-EXT-02."""
    async with alice(control_plane) as client:
        plan = await planned(client, control_plane, namespace)

        assert (await preflight(client, plan)).errors == ()
        await deploy(client, plan)
        steps = await told(client, namespace)

        assert (steps[-1].status.word, steps[-1].status.phase) == (StatusWord.READY, Phase.READY)
        runtime = await client.get(SERVING_RUNTIMES, "llama", namespace)
        assert [one["kind"] for one in runtime["metadata"]["ownerReferences"]] == [
            "InferenceService"
        ]
        [view] = await list_deployments(client, namespace)
        assert (view.status, view.model) == (StatusWord.READY, LLAMA.name)
        detail = await get_deployment(client, "llama", namespace)
        # Open Data Hub's Services are headless: the container's port is what answers.
        assert [one.address for one in detail.endpoints] == [
            f"http://llama-predictor.{namespace}.svc:8000"
        ]
        assert detail.endpoints == view.endpoints
        lines = [line async for line in deployment_logs(client, "llama", namespace)]
        assert any("model loaded" in line for line in lines)
        assert await deployment_events(client, "llama", namespace)

        assert await stop(client, "llama", namespace)
        assert (await told(client, namespace))[-1].status.word is StatusWord.STOPPED
        assert await start(client, "llama", namespace)
        assert (await told(client, namespace))[-1].status.word is StatusWord.READY

        await delete(client, await plan_delete(client, "llama", namespace))
        assert await kinds_left(client, namespace) == {
            "PersistentVolumeClaim/nim-pvc-llama",
            "Secret/nvidia-nim-secrets",
            "Secret/nvidia-nim-image-pull",
        }
        found = await find_remainders(client, namespace)
        assert [str(one) for one in found.orphan_claims] == ["PersistentVolumeClaim/nim-pvc-llama"]


async def test_same_request_again_changes_nothing_and_another_one_is_told(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-09: the API server's defaults and KServe's changes are no other specification."""
    async with alice(control_plane) as client:
        plan = await planned(client, control_plane, namespace)
        await deploy(client, plan)
        before = await client.get(SERVING_RUNTIMES, "llama", namespace)

        again = await deploy(client, plan)

        assert len(again.taken_over) == len(plan.manifests)
        assert await client.get(SERVING_RUNTIMES, "llama", namespace) == before
        with pytest.raises(AlreadyExistsError, match="ServingRuntime/llama is there already"):
            await deploy(client, replace(plan, request_id="other"))


async def test_own_key_goes_with_the_inference_service(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-05, R-KEY-13."""
    async with alice(control_plane) as client:
        plan = await planned(client, control_plane, namespace, choice=KeyChoice.OWN)
        await deploy(client, plan)

        await client.delete(INFERENCE_SERVICES, "llama", namespace)

        async with asyncio.timeout(20):
            while True:
                left = await kinds_left(client, namespace)
                if len(left) == 1:
                    break
                await asyncio.sleep(0.1)
        assert left == {"PersistentVolumeClaim/nim-pvc-llama"}


async def test_plain_kubernetes_gets_an_ingress_and_a_port_80(
    plain_control_plane: ControlPlane, plain_namespace: str
) -> None:
    """R-EXT-03, R-PROTO-06, R-DEP-22; UI-33."""
    async with alice(plain_control_plane) as client:
        plan = await planned(
            client,
            plain_control_plane,
            plain_namespace,
            host="llama.example.com",
            expose=True,
            run_as_user=1000,
        )
        assert (await preflight(client, plan)).errors == ()
        await deploy(client, plan)
        steps = await told(client, plain_namespace)

        view = await get_deployment(client, "llama", plain_namespace)

        assert steps[-1].status.word is StatusWord.READY
        assert [(one.address, one.external) for one in view.endpoints] == [
            (f"http://llama-predictor.{plain_namespace}.svc", False),
            ("http://llama.example.com", True),
        ]


async def test_grpc_deployment_is_dialled_at_its_own_port(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-PROTO-06: KServe's own address is wrong for it."""
    async with alice(control_plane) as client:
        plan = await planned(
            client,
            control_plane,
            namespace,
            model=EMBED,
            tag="1.6.0",
            protocol=Protocol.GRPC,
        )
        await deploy(client, plan)
        await told(client, namespace)

        view = await get_deployment(client, "llama", namespace)

        assert [one.address for one in view.endpoints] == [
            f"llama-predictor.{namespace}.svc:8001",
            f"http://llama-predictor.{namespace}.svc:8000",
        ]


@pytest.mark.parametrize(
    ("key", "code"),
    [("expired", "pull-401"), ("catalog-only", "pull-402"), ("no-terms", "pull-403")],
)
async def test_refused_pull_ends_the_wait_with_its_cause(
    control_plane: ControlPlane, namespace: str, key: str, code: str
) -> None:
    """R-EXT-02, R-TST-02; F18."""
    async with alice(control_plane) as client:
        await deploy(client, await planned(client, control_plane, namespace, key=key))

        steps = await told(client, namespace)

        assert steps[-1].status.word is StatusWord.FAILED
        assert [one.code for one in steps[-1].status.explanations] == [code]


async def test_pod_without_a_gpu_is_explained(control_plane: ControlPlane, namespace: str) -> None:
    """R-DEP-19, R-EXT-02."""
    async with alice(control_plane) as client:
        plan = await planned(client, control_plane, namespace, gpus=4000)
        await deploy(client, plan)

        async with asyncio.timeout(20):
            while True:
                status = await read_status(client, "llama", namespace)
                if status.explanations:
                    break
                await asyncio.sleep(0.1)

        assert (status.word, status.phase) == (StatusWord.STARTING, Phase.SCHEDULING)
        assert [one.code for one in status.explanations] == ["gpu-none"]
    async with Client(control_plane.admin) as admin:
        found = await preflight(admin, replace(plan, request_id="other"))
        assert "gpu-busy" in [one.code for one in found.findings]


async def test_refused_manifest_leaves_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """R-DEP-04, R-DEP-07."""
    async with alice(control_plane) as client:
        plan = await planned(client, control_plane, namespace)
        # KServe's webhook refuses it.
        plan.objects[-1]["spec"]["predictor"]["minReplicas"] = -1

        with pytest.raises(RejectedError):
            await deploy(client, plan)

        assert await kinds_left(client, namespace) == set()


async def test_ten_requests_at_once_make_one_deployment(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-09; F38."""
    async with alice(control_plane) as client:
        plan = await planned(client, control_plane, namespace)
        runs = []
        for number in range(10):
            marked = await planned(client, control_plane, namespace)
            for item in marked.manifests:
                marks = item["metadata"]["annotations"]
                marks["nim.opendatahub.io/request-id"] = f"request-{number}"
            runs.append(deploy(client, replace(marked, request_id=f"request-{number}")))

        answers = await asyncio.gather(*runs, return_exceptions=True)

        won = [one for one in answers if not isinstance(one, BaseException)]
        assert len(won) == 1
        assert all(isinstance(one, AlreadyExistsError) for one in answers if one not in won)
        assert await kinds_left(client, namespace) == {str(one) for one in plan.references}


async def test_rights_of_a_viewer_are_told_before_anything_is_tried(
    control_plane: ControlPlane,
) -> None:
    """R-DEP-03, R-KEY-16."""
    async with Client(control_plane.config_for("vera")) as client:
        plan = await planned(client, control_plane, "team-a")

        found = await preflight(client, plan)

        missing = {one.subject for one in found.errors if one.code == "right-missing"}
        assert {
            "secrets",
            "persistentvolumeclaims",
            "servingruntimes.serving.kserve.io",
            "inferenceservices.serving.kserve.io",
        } <= missing
        with pytest.raises(NotFoundError):
            await client.get(INFERENCE_SERVICES, "llama", "team-a")
