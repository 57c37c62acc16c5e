"""What lists show of ours and of stock deployments."""

import copy
from typing import Any

import pytest

from odh_nim.deployment import (
    DeploymentView,
    Endpoint,
    Phase,
    StatusWord,
    deploy,
    get_deployment,
    list_deployments,
)
from odh_nim.deployment.structs_serving import Runtime, Service
from odh_nim.domain.errors import UnknownModelError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import INFERENCE_SERVICES
from support.cluster import FakeCluster
from support.deployments import EMBED, KEY, MAXINE, plan

pytestmark = pytest.mark.anyio
HOST = "llama-predictor.team-a.svc"
HEADLESS = {"address": {"url": f"http://{HOST}.cluster.local:8000"}}
HEADED = {"address": {"url": f"http://{HOST}.cluster.local"}}


async def deployed(status: Manifest | None = None, **changes: Any) -> FakeCluster:
    cluster = FakeCluster()
    await deploy(cluster, plan(**changes))
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["status"] = status or {}
    cluster.put(service)
    return cluster


async def listed(cluster: FakeCluster) -> DeploymentView:
    [view] = await list_deployments(cluster, "team-a")
    return view


def addresses(view: DeploymentView) -> list[str]:
    return [one.address for one in view.endpoints]


async def test_our_deployment_shows_what_it_is() -> None:
    """R-PROTO-03, R-EXT-04."""
    view = await listed(await deployed(key=KEY, display_name="My llama"))

    assert (view.name, view.namespace, view.display_name) == ("llama", "team-a", "My llama")
    assert (view.model, view.tag) == ("llama-3.1-8b-instruct", "1.8.5")
    assert (view.protocol, view.gpus, view.replicas) == (Protocol.HTTP, 1, 1)
    assert (view.key_secret, view.pull_secrets) == (
        "nvidia-nim-secrets",
        ("nvidia-nim-image-pull",),
    )
    assert (view.claim, view.request_id) == ("nim-pvc-llama", "request-1")
    assert (view.managed_by, view.runtime, view.auth) == ("odh-nim", "llama", False)


@pytest.mark.parametrize(
    ("status", "word", "phase"),
    [
        ({}, StatusWord.STARTING, None),
        ({"conditions": [{"type": "Ready", "status": "True"}]}, StatusWord.READY, Phase.READY),
        (
            {"modelStatus": {"states": {"targetModelState": "Loading"}}},
            StatusWord.STARTING,
            Phase.LOADING,
        ),
        (
            {"modelStatus": {"states": {"activeModelState": "FailedToLoad"}}},
            StatusWord.FAILED,
            None,
        ),
        (
            {"modelStatus": {"lastFailureInfo": {"reason": "NoSupportingRuntime"}}},
            StatusWord.FAILED,
            None,
        ),
    ],
)
async def test_status_in_a_list(status: Manifest, word: StatusWord, phase: Phase | None) -> None:
    """R-EXT-02."""
    view = await listed(await deployed(status))

    assert (view.status, view.phase) == (word, phase)


async def test_deployment_without_its_runtime_is_failed() -> None:
    cluster = await deployed()
    cluster.remove("ServingRuntime", "llama")

    view = await listed(cluster)

    assert (view.status, view.message) == (StatusWord.FAILED, "ServingRuntime/llama is missing.")


@pytest.mark.parametrize(
    ("status", "inside"),
    [
        (HEADLESS, f"http://{HOST}:8000"),
        (HEADED, f"http://{HOST}"),
        ({}, f"http://{HOST}:8000"),
    ],
)
async def test_http_address_is_the_one_that_answers(status: Manifest, inside: str) -> None:
    """R-PROTO-06."""
    assert addresses(await listed(await deployed(status))) == [inside]


@pytest.mark.parametrize(
    ("url", "inside"),
    [
        # What KServe says for a gRPC port alone: a port that nobody listens on.
        (f"http://{HOST}.cluster.local:8080", f"{HOST}:8001"),
        (f"http://{HOST}.cluster.local", f"{HOST}:80"),
    ],
)
async def test_grpc_address_is_not_what_kserve_says(url: str, inside: str) -> None:
    """R-PROTO-06."""
    status = {"address": {"url": url}}
    view = await listed(await deployed(status, model=MAXINE, tag="1.0.0", protocol=Protocol.GRPC))

    assert view.protocol is Protocol.GRPC
    assert [(one.protocol, one.address) for one in view.endpoints] == [(Protocol.GRPC, inside)]


async def test_retriever_over_grpc_has_its_http_port_too() -> None:
    """R-PROTO-06."""
    changes = {"model": EMBED, "tag": "1.6.0", "protocol": Protocol.GRPC, "expose": True}
    status = HEADLESS | {"url": "https://llama.example.com"}

    view = await listed(await deployed(status, **changes))

    assert addresses(view) == [f"{HOST}:8001", f"http://{HOST}:8000", "https://llama.example.com"]
    assert "gRPC is reached inside the cluster" in view.endpoints[-1].note


async def test_route_is_shown_only_where_one_was_wanted() -> None:
    """R-DEP-22: KServe writes a URL also where it makes no way in."""
    url = {"url": "https://llama.example.com"}

    assert (await listed(await deployed(HEADLESS | url))).external_url == ""
    exposed = await listed(await deployed(HEADLESS | url, expose=True))
    assert exposed.external_url == "https://llama.example.com"
    plain = await listed(await deployed(HEADLESS | {"url": "http://x.example.com"}, expose=True))
    assert plain.external_url == ""


async def test_guarded_deployment_is_dialled_through_its_proxy() -> None:
    """R-PROTO-06."""
    status = {"address": {"url": f"https://{HOST}.cluster.local:8443"}}

    view = await listed(await deployed(status, auth=True))

    assert addresses(view) == [f"https://{HOST}:8443"]
    assert "token" in view.endpoints[0].note


async def test_single_deployment_reads_its_service_and_its_ingress() -> None:
    """R-PROTO-06, R-EXT-03."""
    cluster = await deployed(HEADLESS, expose=True)
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "llama-predictor"},
            "spec": {"clusterIP": "10.0.0.1"},
        }
    )
    cluster.put(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": {"name": "llama-external"},
            "spec": {"rules": [{"host": "llama.example.com"}]},
        }
    )
    cluster.rounds = 0

    view = await get_deployment(cluster, "llama", "team-a")

    assert view.endpoints == (
        Endpoint(Protocol.HTTP, f"http://{HOST}"),
        Endpoint(Protocol.HTTP, "http://llama.example.com", external=True),
    )
    assert cluster.rounds == 1


async def test_missing_deployment_and_another_kind_of_model_are_unknown() -> None:
    cluster = FakeCluster(
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": "sklearn"},
            "spec": {"predictor": {"model": {"runtime": "kserve-mlserver"}}},
        }
    )

    for name in ("sklearn", "none"):
        with pytest.raises(UnknownModelError):
            await get_deployment(cluster, name, "team-a")
    assert await list_deployments(cluster) == []


async def test_stock_deployment_is_recognised_by_mark_or_image() -> None:
    """R-EXT-04."""
    cluster = await deployed()
    service, runtime = (
        copy.deepcopy(cluster.find(kind, "llama"))
        for kind in ("InferenceService", "ServingRuntime")
    )
    assert service is not None
    assert runtime is not None
    del service["metadata"]["labels"]["app.kubernetes.io/managed-by"]
    del runtime["metadata"]["annotations"]["runtimes.opendatahub.io/nvidia-nim"]

    view = await listed(FakeCluster(service, runtime))
    assert view.managed_by == "dashboard"

    # A mirrored image hides the second sign; the mark stays.
    runtime["spec"]["containers"][0]["image"] = "mirror.example.com/nim/meta/llama:1"
    assert await list_deployments(FakeCluster(service, runtime)) == []
    runtime["metadata"]["annotations"]["runtimes.opendatahub.io/nvidia-nim"] = "true"
    assert (await listed(FakeCluster(service, runtime))).model == "llama"


async def test_deployment_of_nvidias_operator_is_marked() -> None:
    """R-EXT-04."""
    owner = {
        "kind": "NIMService",
        "apiVersion": "apps.nvidia.com/v1alpha1",
        "name": "x",
        "uid": "1",
    }
    container = {"name": "kserve-container", "image": "nvcr.io/nim/meta/llama:1.0"}
    cluster = FakeCluster(
        {
            "apiVersion": "serving.kserve.io/v1beta1",
            "kind": "InferenceService",
            "metadata": {"name": "theirs", "ownerReferences": [owner]},
            "spec": {"predictor": {"containers": [container]}},
        }
    )

    view = await listed(cluster)

    assert (view.managed_by, view.model, view.tag) == ("NIMService", "llama", "1.0")


async def test_list_takes_two_calls_in_one_round_whatever_its_length() -> None:
    """R-EXT-08."""
    cluster = await deployed()
    cluster.calls.clear()
    cluster.rounds = 0

    await list_deployments(cluster)

    assert cluster.calls == ["list InferenceService", "list ServingRuntime"]
    assert cluster.rounds == 1


async def test_values_of_variables_are_not_even_read() -> None:
    """R-KEY-15."""
    cluster = await deployed()

    [service] = await cluster.list_as(INFERENCE_SERVICES, Service)

    assert not hasattr(service, "spec.predictor.model.env")
    assert "value" not in Runtime.__struct_fields__
    assert service.runtime == "llama"
