"""A rotation asks about the new key only, needs the caller's own rights, and shows no key."""

from typing import Any

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import ForbiddenError, KeyRefusedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS
from odh_nim.journeys import rotate as journey
from support.cluster import FakeCluster
from support.keys import CANARY, OTHER, PROJECT, Caller, FakeRegistry, key_secret, pull_secret
from support.projects import item

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
async def test_neither_key_is_shown_by_a_plan_or_a_report() -> None:
    """R-KEY-15, R-ROT-08; S26."""
    cluster = project(*deployment("llama"))
    plan = await journey.plan_rotation(cluster, PROJECT, restart=False)
    report = await journey.rotate(cluster, plan, NEW, journey.NOT_ASKED, options=None)

    for shown in (repr(plan), str(plan), repr(report), repr(plan.rotation.old_key)):
        assert CANARY not in shown
        assert OTHER not in shown
