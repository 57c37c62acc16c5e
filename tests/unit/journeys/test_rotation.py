"""A rotation asks about the new key only, needs the caller's own rights, and shows no key."""

from typing import Any

import pytest

from odh_nim.deployment import RestartOptions, RestartWord
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import Resources
from odh_nim.domain.errors import ForbiddenError, KeyRefusedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import KEY_REVISION, STRATEGY_BEFORE
from odh_nim.domain.resources import SECRETS
from odh_nim.journeys import rotate as journey
from support.cluster import FakeCluster
from support.deployments import plan
from support.keys import CANARY, OTHER, PROJECT, Caller, FakeRegistry, key_secret, pull_secret
from support.projects import item
from support.rolling_pods import node, pod

NEW = ApiKey(OTHER)
KEY_NAME = "nvidia-nim-secrets"
IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"


def deployment(name: str) -> tuple[Manifest, ...]:
    """Build a service and its runtime, which refers to the project's key."""
    reference = {"secretKeyRef": {"name": KEY_NAME, "key": "NGC_API_KEY"}}
    container = {
        "name": "kserve-container",
        "image": IMAGE,
        "env": [{"name": "NGC_API_KEY", "valueFrom": reference}],
    }
    predictor = {"model": {"runtime": name}}
    version = "serving.kserve.io/v1"
    return (
        item("InferenceService", name, f"{version}beta1", spec={"predictor": predictor}),
        item("ServingRuntime", name, f"{version}alpha1", spec={"containers": [container]}),
    )


def project(*more: Manifest) -> FakeCluster:
    return FakeCluster(key_secret(), pull_secret(), *more)


class OldKeyRevoked:
    """NVIDIA: the new key is good, any other is refused."""

    def __init__(self) -> None:
        self.asked: list[ApiKey] = []

    async def caller_info(self, key: ApiKey) -> Caller:
        self.asked.append(key)
        if key.reveal() != OTHER:
            raise KeyRefusedError
        return Caller()


async def data(cluster: FakeCluster, name: str) -> Any:
    return (await cluster.get(SECRETS, name, PROJECT))["data"]


@pytest.mark.anyio
async def test_old_key_may_be_revoked_already() -> None:
    """R-ROT-01, R-ROT-08; F22: it is neither asked about nor needed."""
    cluster, ngc, registry = project(*deployment("llama")), OldKeyRevoked(), FakeRegistry()
    plan = await journey.plan_rotation(cluster, PROJECT, restart=False)

    checked = await journey.check_new_key(ngc, registry, plan, NEW)
    report = await journey.rotate(cluster, plan, NEW, checked, options=None)

    assert [key.reveal() for key in ngc.asked] == [OTHER]
    assert registry.asked == [IMAGE]
    assert report.pending == ("llama",)
    assert await data(cluster, KEY_NAME) == key_secret(OTHER)["data"]


@pytest.mark.anyio
async def test_rotation_needs_the_callers_own_rights() -> None:
    """R-KEY-16; S26: asked about before anything is read."""
    cluster = project()
    cluster.forbidden = {"update Secret"}

    with pytest.raises(ForbiddenError, match="may not update secrets"):
        await journey.plan_rotation(cluster, PROJECT)

    assert [call for call in cluster.calls if not call.startswith("can-i")] == []


@pytest.mark.anyio
async def test_neither_key_is_shown_by_a_begunor_a_report() -> None:
    """R-KEY-15, R-ROT-08; S26."""
    cluster = project(*deployment("llama"))
    plan = await journey.plan_rotation(cluster, PROJECT, restart=False)
    report = await journey.rotate(cluster, plan, NEW, journey.NOT_ASKED, options=None)

    for shown in (repr(plan), str(plan), repr(report), repr(plan.rotation.old_key)):
        assert CANARY not in shown
        assert OTHER not in shown


@pytest.mark.anyio
async def test_way_back_brings_back_how_pods_are_replaced_too() -> None:
    """R-ROT-06, R-ROT-08: the failed restart had the old pod make room."""
    cluster = FakeCluster(
        key_secret(), pull_secret(), node(1), pod(), *plan(resources=Resources(gpus=1)).objects
    )
    before = _predictor(cluster)["deploymentStrategy"]

    def kserve(call: str) -> None:
        """Replace the pod; what starts with the new key cannot pull."""
        mark = (_predictor(cluster).get("annotations") or {}).get(KEY_REVISION)
        if not call.startswith("list Pod") or mark is None:
            return
        new = cluster.find("Secret", KEY_NAME)
        assert new is not None
        refused = new["data"] == key_secret(OTHER)["data"]
        cluster.put(
            pod(mark=mark, ready=not refused, waiting="ImagePullBackOff" if refused else "")
        )

    begun = await journey.plan_rotation(cluster, PROJECT)
    cluster.on_call = kserve
    options = RestartOptions(within=0.5)

    failed = await journey.rotate(cluster, begun, NEW, journey.NOT_ASKED, options=options)
    meanwhile = _predictor(cluster)["deploymentStrategy"]
    back = await journey.take_back(cluster, None, begun, failed, options=options)

    assert [one.word for one in failed.outcomes] == [RestartWord.FAILED]
    assert meanwhile == {"type": "Recreate"}
    assert [one.word for one in back.outcomes] == [RestartWord.RESTARTED]
    assert _predictor(cluster)["deploymentStrategy"] == before
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    assert STRATEGY_BEFORE not in runtime["metadata"]["annotations"]


def _predictor(cluster: FakeCluster) -> dict[str, Any]:
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    found: dict[str, Any] = service["spec"]["predictor"]
    return found
