"""What rotating and removing a key never do: show it, ask about the old one, strand a user."""

import copy
from typing import Any

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    ConflictError,
    ForbiddenError,
    KeyInUseError,
    KeyNotStoredError,
    KeyRefusedError,
    SecretConflictError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS
from odh_nim.journeys import rotate as journey
from odh_nim.keys import begin_rotation, plan_remove, remove_key, store_rotation
from support.cluster import FakeCluster
from support.keys import CANARY, OTHER, PROJECT, Caller, FakeRegistry, key_secret, pull_secret
from support.projects import item

NEW = ApiKey(OTHER)
KEY_NAME, PULL_NAME = "nvidia-nim-secrets", "nvidia-nim-image-pull"
IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"


def deployment(name: str, *, key: str = KEY_NAME, stopped: bool = False) -> tuple[Manifest, ...]:
    """Build a service and its runtime, which refers to a key."""
    marks = {"serving.kserve.io/stop": "true"} if stopped else {}
    reference = {"secretKeyRef": {"name": key, "key": "NGC_API_KEY"}}
    container = {
        "name": "kserve-container",
        "image": IMAGE,
        "env": [{"name": "NGC_API_KEY", "valueFrom": reference}],
    }
    service = item(
        "InferenceService",
        name,
        "serving.kserve.io/v1beta1",
        spec={"predictor": {"model": {"runtime": name}}},
    )
    service["metadata"]["annotations"] = marks
    runtime = item(
        "ServingRuntime", name, "serving.kserve.io/v1alpha1", spec={"containers": [container]}
    )
    return service, runtime


def project(*more: Manifest, key: str = CANARY) -> FakeCluster:
    return FakeCluster(key_secret(key), pull_secret(key), *more)


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
    wanted = await data(FakeCluster(key_secret(OTHER)), KEY_NAME)
    assert await data(cluster, KEY_NAME) == wanted


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


@pytest.mark.anyio
async def test_of_two_rotations_one_wins_and_the_other_is_told() -> None:
    """R-ROT-09; F19, F24."""
    cluster = project()
    first = await begin_rotation(cluster, PROJECT)
    second = await begin_rotation(cluster, PROJECT)
    await store_rotation(cluster, first, NEW)
    stored = copy.deepcopy([await data(cluster, name) for name in (KEY_NAME, PULL_NAME)])

    with pytest.raises((ConflictError, KeyNotStoredError)):
        await store_rotation(cluster, second, ApiKey("nvapi-THIRD-KEY-0000000000-third"))

    assert [await data(cluster, name) for name in (KEY_NAME, PULL_NAME)] == stored


@pytest.mark.anyio
async def test_same_key_again_writes_nothing() -> None:
    """R-ROT-09; I6."""
    cluster = project()
    await store_rotation(cluster, await begin_rotation(cluster, PROJECT), NEW)
    before = len(cluster.writes())

    await store_rotation(cluster, await begin_rotation(cluster, PROJECT), NEW)

    assert len(cluster.writes()) == before


@pytest.mark.anyio
async def test_key_in_use_is_not_removed() -> None:
    """R-KEY-17: stopped deployments count."""
    cluster = project(*deployment("llama"), *deployment("embed", stopped=True))
    plan = await plan_remove(cluster, PROJECT)

    with pytest.raises(KeyInUseError, match="embed, llama refer to it") as refusal:
        await remove_key(cluster, plan)

    assert refusal.value.users == ("embed", "llama")
    assert cluster.writes() == []


@pytest.mark.anyio
async def test_whoever_insists_is_told_what_will_fail() -> None:
    """R-KEY-17."""
    cluster = project(*deployment("llama"), *deployment("embed", stopped=True))
    plan = await plan_remove(cluster, PROJECT)

    gone = await remove_key(cluster, plan, force=True)

    assert plan.consequences == (
        "embed: it will not start again",
        "llama: its pods run on, but none will start again after them",
    )
    assert gone == (PULL_NAME, KEY_NAME)


@pytest.mark.anyio
async def test_key_that_nothing_uses_is_removed_and_others_stay() -> None:
    """R-KEY-17; I2."""
    own = key_secret(name=f"{KEY_NAME}-embed")
    cluster = project(own, *deployment("embed", key=f"{KEY_NAME}-embed"))

    gone = await remove_key(cluster, await plan_remove(cluster, PROJECT))

    assert gone == (PULL_NAME, KEY_NAME)
    assert await data(cluster, f"{KEY_NAME}-embed") == own["data"]


@pytest.mark.anyio
async def test_list_that_fails_is_not_taken_for_nobody() -> None:
    """R-KEY-17; I5."""
    cluster = project(*deployment("llama"))
    cluster.forbidden = {"list ServingRuntime"}

    with pytest.raises(ForbiddenError):
        await plan_remove(cluster, PROJECT)


@pytest.mark.anyio
async def test_secret_that_changed_meanwhile_stays() -> None:
    """R-KEY-17; F19, I2."""
    cluster = project()
    plan = await plan_remove(cluster, PROJECT)
    await store_rotation(cluster, await begin_rotation(cluster, PROJECT), NEW)

    with pytest.raises(SecretConflictError, match="changed by somebody else"):
        await remove_key(cluster, plan)

    assert await data(cluster, KEY_NAME) == key_secret(OTHER)["data"]
