"""Replacing a key: both Secrets or none, users, pending restarts, the way back."""

from base64 import b64decode
from typing import Any

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyMissingError, KeyNotStoredError, SecretConflictError
from odh_nim.domain.manifest import Manifest
from odh_nim.keys import (
    Change,
    PairKind,
    begin_rotation,
    complete_rotation,
    find_pending,
    go_back,
    store_rotation,
)
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import plan
from support.keys import CANARY, OTHER, key_secret, pull_secret
from support.leaks import leaks

pytestmark = pytest.mark.anyio
REVISION = "nim.opendatahub.io/key-revision"
AT = "nim.opendatahub.io/key-rotated-at"


def pod(name: str, deployment: str, *, created: str, revision: str | None = None) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "labels": {"serving.kserve.io/inferenceservice": deployment},
            "annotations": {REVISION: revision} if revision else {},
            "creationTimestamp": created,
        },
        "spec": {"containers": []},
    }


def project(*more: Manifest) -> FakeCluster:
    """A key, and a deployment that uses it."""
    return FakeCluster(key_secret(OTHER), pull_secret(OTHER), *plan().objects, *more)


def marks(cluster: FakeCluster, name: str = "nvidia-nim-secrets") -> dict[str, str]:
    found = cluster.find("Secret", name)
    assert found is not None
    return dict(found["metadata"]["annotations"])


def holds(cluster: FakeCluster, value: str) -> list[bool]:
    """Whether each Secret holds this key."""
    found = [cluster.find("Secret", f"nvidia-nim-{end}") for end in ("secrets", "image-pull")]
    return [
        all(value in b64decode(text).decode() for text in item["data"].values())
        for item in found
        if item is not None
    ]


async def test_new_key_goes_into_both_secrets_with_one_revision() -> None:
    """R-ROT-03, R-KEY-11."""
    cluster = project()
    rotation = await begin_rotation(cluster, "team-a")

    stored = await store_rotation(
        cluster, rotation, ApiKey(CANARY), checked_at="2026-05-01T00:00:00Z", expires="2027-01-31"
    )

    assert (stored.change, holds(cluster, CANARY)) == (Change.REPLACED, [True, True])
    first, second = marks(cluster), marks(cluster, "nvidia-nim-image-pull")
    assert first == second
    assert first[REVISION] == stored.revision
    assert first["nim.opendatahub.io/key-rotated-from"] == "r1"
    assert first["nim.opendatahub.io/key-expires"] == "2027-01-31"
    assert cluster.writes() == [
        "replace Secret/nvidia-nim-secrets",
        "replace Secret/nvidia-nim-image-pull",
    ]


async def test_same_key_writes_nothing() -> None:
    """R-ROT-09: the second run."""
    cluster = FakeCluster(key_secret(CANARY), pull_secret(CANARY))
    rotation = await begin_rotation(cluster, "team-a")

    stored = await store_rotation(cluster, rotation, ApiKey(CANARY))

    assert stored.change is Change.UNCHANGED
    assert cluster.writes() == []


async def test_key_changed_since_it_was_read_is_not_overwritten() -> None:
    """R-ROT-03, R-ROT-09; F19, F24."""
    cluster = project()
    slow = await begin_rotation(cluster, "team-a")
    fast = await begin_rotation(cluster, "team-a")
    await store_rotation(cluster, fast, ApiKey(CANARY))
    before = cluster.snapshot()

    with pytest.raises(SecretConflictError, match="changed by somebody else"):
        await store_rotation(cluster, slow, ApiKey("nvapi-THIRD-0123456789-0123456789"))

    assert cluster.snapshot() == before


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.SERVER_ERROR, Fault.RESET_BEFORE])
async def test_second_write_that_fails_brings_the_first_back(fault: Fault) -> None:
    """R-ROT-03; F20."""
    cluster = project()
    rotation = await begin_rotation(cluster, "team-a")
    cluster.fail(fault, call="replace Secret/nvidia-nim-image-pull")

    with pytest.raises(KeyNotStoredError) as failure:
        await store_rotation(cluster, rotation, ApiKey(CANARY))

    assert holds(cluster, OTHER) == [True, True]
    assert failure.value.leftovers == ()
    assert leaks(f"{failure.value!r}{failure.value}", CANARY) == []


async def test_half_written_pair_is_told_and_completed_without_a_key() -> None:
    """R-ROT-03, R-ROT-09: what a kill leaves between the two writes."""
    cluster = project()
    rotation = await begin_rotation(cluster, "team-a")
    cluster.fail(Fault.FORBIDDEN, call="replace Secret/nvidia-nim-image-pull")

    def lock(call: str) -> None:
        if call.startswith("replace") and call.endswith("image-pull"):
            cluster.forbidden.add("get Secret")

    cluster.on_call = lock
    with pytest.raises(KeyNotStoredError) as failure:
        await store_rotation(cluster, rotation, ApiKey(CANARY))
    cluster.forbidden.clear()
    cluster.on_call = lambda _call: None
    assert "keys rotate -n team-a --resume" in str(failure.value)

    half = await begin_rotation(cluster, "team-a")
    assert (half.state.kind, half.half_written) == (PairKind.DIFFERING, True)
    done = await complete_rotation(cluster, half)

    assert (done.change, holds(cluster, CANARY)) == (Change.REPAIRED, [True, True])
    whole = await begin_rotation(cluster, "team-a")
    assert (whole.state.usable, whole.half_written) == (True, False)


async def test_two_keys_of_unknown_age_are_not_guessed_at() -> None:
    cluster = FakeCluster(key_secret(CANARY), pull_secret(OTHER))
    rotation = await begin_rotation(cluster, "team-a")

    with pytest.raises(SecretConflictError, match="nothing tells which"):
        await complete_rotation(cluster, rotation)

    assert rotation.half_written is False
    assert cluster.writes() == []


async def test_way_back_needs_no_key_and_no_luck() -> None:
    """R-ROT-08; F21."""
    cluster = project(pod("old", "llama", created="2025-01-01T00:00:00Z"))
    rotation = await begin_rotation(cluster, "team-a")
    stored = await store_rotation(cluster, rotation, ApiKey(CANARY))

    back = await go_back(cluster, rotation, stored)

    assert holds(cluster, OTHER) == [True, True]
    assert back.revision not in (stored.revision, "r1")
    # The pod from before the rotation runs with this very key.
    assert (await begin_rotation(cluster, "team-a")).pending == ()


async def test_way_back_does_not_undo_somebody_elses_rotation() -> None:
    cluster = project()
    rotation = await begin_rotation(cluster, "team-a")
    stored = await store_rotation(cluster, rotation, ApiKey(CANARY))
    other = await begin_rotation(cluster, "team-a")
    await store_rotation(cluster, other, ApiKey("nvapi-THIRD-0123456789-0123456789"))

    with pytest.raises(SecretConflictError, match="somebody else"):
        await go_back(cluster, rotation, stored)


async def test_absent_key_has_nothing_to_rotate() -> None:
    with pytest.raises(KeyMissingError, match="keys set -n team-a"):
        await begin_rotation(FakeCluster(), "team-a")


async def test_foreign_secret_is_refused() -> None:
    """R-KEY-14, S26."""
    cluster = FakeCluster(key_secret(labels={}), pull_secret())

    with pytest.raises(SecretConflictError, match="administrator's key"):
        await begin_rotation(cluster, "team-a")


@pytest.mark.parametrize(
    ("created", "revision", "pending"),
    [
        ("2026-06-01T11:59:59Z", None, True),
        ("2026-06-01T12:00:00Z", None, True),
        ("2026-06-01T12:00:01Z", None, False),
        ("2026-06-01T11:59:59Z", "r2", False),
        ("2026-06-01T11:59:59Z", "r1", True),
    ],
)
async def test_pod_from_before_the_rotation_makes_a_restart_pending(
    created: str, revision: str | None, *, pending: bool
) -> None:
    """R-ROT-04."""
    written = {REVISION: "r2", AT: "2026-06-01T12:00:00Z"}
    cluster = FakeCluster(
        key_secret(annotations=written),
        pull_secret(),
        *plan().objects,
        pod("one", "llama", created=created, revision=revision),
    )

    (user,) = (await begin_rotation(cluster, "team-a")).users.of_this

    assert user.restart_pending is pending


async def test_old_pod_is_behind_also_when_its_restart_was_asked_for() -> None:
    """R-ROT-09: a killed run, or a new pod that does not come up."""
    written = {REVISION: "r2", AT: "2026-06-01T12:00:00Z"}
    objects = plan().objects
    objects[-1]["spec"]["predictor"]["annotations"] = {REVISION: "r2"}
    cluster = FakeCluster(
        key_secret(annotations=written),
        pull_secret(),
        *objects,
        pod("old", "llama", created="2026-06-01T11:00:00Z"),
        pod("new", "llama", created="2026-06-01T12:01:00Z", revision="r2"),
    )

    (user,) = (await begin_rotation(cluster, "team-a")).users.of_this

    assert user.restart_pending is True


async def test_stopped_deployment_is_a_user_and_never_behind() -> None:
    """R-ROT-06, R-KEY-17."""
    objects = plan().objects
    objects[-1]["metadata"]["annotations"]["serving.kserve.io/stop"] = "true"
    cluster = FakeCluster(key_secret(), pull_secret(), *objects)

    (user,) = (await begin_rotation(cluster, "team-a")).users.of_this

    assert (user.name, user.stopped, user.restart_pending) == ("llama", True, False)


async def test_who_may_not_list_pods_does_not_know_whether_a_restart_is_pending() -> None:
    written: dict[str, Any] = {REVISION: "r2", AT: "2026-06-01T12:00:00Z"}
    cluster = FakeCluster(key_secret(annotations=written), pull_secret(), *plan().objects)
    cluster.forbidden.add("list Pod")

    (user,) = (await begin_rotation(cluster, "team-a")).users.of_this

    assert user.restart_pending is None


async def test_users_of_other_secrets_are_named_apart() -> None:
    """R-ROT-10."""
    other = plan(name="other").objects
    for item in other:
        if item["kind"] == "ServingRuntime":
            item["spec"]["imagePullSecrets"] = [{"name": "old-pull"}]
            env = item["spec"]["containers"][0]["env"]
            env[-1]["valueFrom"]["secretKeyRef"]["name"] = "old-secret"
    cluster = project(*other)

    users = (await begin_rotation(cluster, "team-a")).users

    assert [user.name for user in users.of_this] == ["llama"]
    assert [(user.name, user.secrets) for user in users.of_others] == [
        ("other", frozenset({"old-pull", "old-secret"}))
    ]
    assert [str(image) for image in users.images] == [
        "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
    ]


async def test_lists_learn_of_pending_restarts_in_two_calls() -> None:
    """R-ROT-04."""
    written = {REVISION: "r2", AT: "2026-06-01T12:00:00Z"}
    cluster = FakeCluster(
        key_secret(annotations=written),
        pod("one", "llama", created="2026-06-01T11:00:00Z"),
        pod("two", "fresh", created="2026-06-01T13:00:00Z"),
        pod("three", "own", created="2026-06-01T11:00:00Z"),
    )
    keys = {"llama": "nvidia-nim-secrets", "fresh": "nvidia-nim-secrets", "own": "other"}

    assert await find_pending(cluster, "team-a", keys) == ("llama",)
    assert cluster.calls == [
        "get Secret/nvidia-nim-secrets",
        "get Secret/other",
        "list Pod",
    ]


async def test_key_that_was_never_replaced_costs_no_list_of_pods() -> None:
    cluster = FakeCluster(key_secret())

    assert await find_pending(cluster, "team-a", {"llama": "nvidia-nim-secrets"}) == ()
    assert cluster.calls == ["get Secret/nvidia-nim-secrets"]
