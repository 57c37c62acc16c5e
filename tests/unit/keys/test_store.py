"""Both Secrets or none, whatever fails, and nothing of anybody else's touched."""

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    ForbiddenError,
    KeyNotStoredError,
    QuotaExceededError,
    SecretConflictError,
    ServerError,
    UnclearReplyError,
    UnreachableError,
)
from odh_nim.domain.manifest import annotations
from odh_nim.keys import Change, StoredKey, check_rights, store_project_key
from odh_nim.keys import write as store_module
from support.keys import (
    CANARY,
    OTHER,
    PROJECT,
    FakeSecrets,
    Fault,
    encoded,
    key_secret,
    pull_secret,
)

KEY = ApiKey(CANARY)
KEY_NAME, PULL_NAME = "nvidia-nim-secrets", "nvidia-nim-image-pull"
CREATES = [f"create Secret/{KEY_NAME}", f"create Secret/{PULL_NAME}"]
REPLACES = [f"replace Secret/{KEY_NAME}", f"replace Secret/{PULL_NAME}"]
DOWN = UnreachableError("write", "no connection")
LOST = UnclearReplyError("write", "connection reset")


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "_SETTLE", 0.02)


async def store(cluster: FakeSecrets, key: ApiKey = KEY, *, replace: bool = False) -> StoredKey:
    return await store_project_key(cluster, key, namespace=PROJECT, replace=replace)


@pytest.mark.anyio
async def test_both_secrets_are_made_of_one_key_and_one_revision() -> None:
    """R-KEY-10, 11, 12; I4."""
    cluster = FakeSecrets()

    stored = await store(cluster)

    key, pull = cluster.objects[KEY_NAME], cluster.objects[PULL_NAME]
    assert stored.change is Change.CREATED
    assert cluster.writes == CREATES
    assert key["data"] == dict.fromkeys(("NGC_API_KEY", "api_key"), encoded(CANARY))
    assert pull["type"] == "kubernetes.io/dockerconfigjson"
    marks = {annotations(secret)["nim.opendatahub.io/key-revision"] for secret in (key, pull)}
    assert marks == {stored.revision}
    assert "opendatahub.io/dashboard" not in key["metadata"]["labels"]


@pytest.mark.anyio
async def test_same_key_again_writes_nothing() -> None:
    """R-KEY-12: the second run has no writes."""
    cluster = FakeSecrets()
    first = await store(cluster)
    cluster.calls.clear()

    again = await store(cluster)

    assert again.change is Change.UNCHANGED
    assert again.revision == first.revision
    assert cluster.writes == []


@pytest.mark.anyio
async def test_deployment_gets_secrets_of_its_own() -> None:
    """R-KEY-13."""
    cluster = FakeSecrets().put(key_secret(), pull_secret())
    before = cluster.snapshot()

    await store_project_key(
        cluster, ApiKey(OTHER), namespace=PROJECT, deployment="llama", replace=False
    )

    assert cluster.objects[f"{KEY_NAME}-llama"]["data"]["api_key"] == encoded(OTHER)
    assert {name: cluster.snapshot()[name] for name in before} == before


@pytest.mark.anyio
async def test_another_key_is_replaced_only_when_asked() -> None:
    """R-KEY-14."""
    cluster = FakeSecrets().put(key_secret(OTHER), pull_secret(OTHER))
    before = cluster.snapshot()

    with pytest.raises(SecretConflictError, match="another key already") as conflict:
        await store(cluster)

    assert "--replace" in conflict.value.remedy
    assert cluster.snapshot() == before
    assert (await store(cluster, replace=True)).change is Change.REPLACED
    assert cluster.objects[KEY_NAME]["data"]["api_key"] == encoded(CANARY)


@pytest.mark.anyio
async def test_missing_half_is_made_again_without_being_asked() -> None:
    """R-KEY-12."""
    cluster = FakeSecrets().put(key_secret())

    assert (await store(cluster)).change is Change.REPAIRED
    assert set(cluster.objects) == {KEY_NAME, PULL_NAME}
    assert (await store(cluster)).change is Change.UNCHANGED


@pytest.mark.anyio
@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize(
    "secret",
    [
        key_secret(OTHER, labels={}, fields=("NGC_API_KEY",)),
        key_secret(OTHER, labels={"app.kubernetes.io/managed-by": "Helm"}),
        key_secret(OTHER, kind="kubernetes.io/basic-auth"),
        pull_secret(OTHER, labels={}),
        pull_secret(OTHER, user="robot"),
    ],
)
async def test_foreign_secret_is_never_touched(secret: dict[str, object], *, replace: bool) -> None:
    """UI-32, R-KEY-14: bytes unchanged, also with --replace."""
    cluster = FakeSecrets().put(secret)
    before = cluster.snapshot()

    with pytest.raises(SecretConflictError):
        await store(cluster, replace=replace)

    assert cluster.writes == []
    assert cluster.snapshot() == before


@pytest.mark.anyio
async def test_owners_and_other_peoples_marks_stay_and_a_readable_copy_goes() -> None:
    """R-KEY-11; S9."""
    old, pull = key_secret(OTHER), pull_secret(OTHER)
    old["metadata"]["ownerReferences"] = [{"kind": "InferenceService", "name": "a", "uid": "u"}]
    old["metadata"]["labels"]["team"] = "blue"
    old["metadata"]["annotations"] |= {
        "note": "mine",
        "nim.opendatahub.io/key-expires": "2020-01-01",
        "kubectl.kubernetes.io/last-applied-configuration": encoded(OTHER),
    }
    cluster = FakeSecrets().put(old, pull)

    await store(cluster, replace=True)

    metadata = cluster.objects[KEY_NAME]["metadata"]
    assert metadata["ownerReferences"] == old["metadata"]["ownerReferences"]
    assert metadata["labels"]["team"] == "blue"
    assert metadata["annotations"]["note"] == "mine"
    # The old key's date says nothing about the new key.
    assert "nim.opendatahub.io/key-expires" not in metadata["annotations"]
    assert encoded(OTHER) not in str(metadata)


# ── Faults ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.anyio
@pytest.mark.parametrize("call", CREATES)
@pytest.mark.parametrize(
    "error",
    [
        DOWN,
        ServerError("write", "etcd leader changed", status=500),
        ForbiddenError("write", "no right", status=403),
        QuotaExceededError("write", "quota", status=403),
    ],
)
async def test_failed_create_leaves_no_secret(call: str, error: Exception) -> None:
    """R-KEY-12, R-TST-04."""
    cluster = FakeSecrets({call: Fault(error)})

    with pytest.raises(KeyNotStoredError) as failure:
        await store(cluster)

    assert cluster.objects == {}
    assert failure.value.leftovers == ()
    assert failure.value.exit_code == error.exit_code  # type: ignore[attr-defined]  # one of ours
    assert "Nothing is changed." in str(failure.value)


@pytest.mark.anyio
@pytest.mark.parametrize("call", REPLACES)
async def test_failed_replace_brings_back_what_was_there(call: str) -> None:
    """R-KEY-12, R-TST-04; F20."""
    cluster = FakeSecrets({call: Fault(DOWN)}).put(key_secret(OTHER), pull_secret(OTHER))
    before = cluster.snapshot()

    with pytest.raises(KeyNotStoredError, match="Nothing is changed"):
        await store(cluster, replace=True)

    assert cluster.snapshot() == before


@pytest.mark.anyio
@pytest.mark.parametrize("call", CREATES)
async def test_lost_reply_of_a_stored_write_is_no_failure(call: str) -> None:
    """R-KEY-12, R-TST-04: the write is there, so it is not repeated and not undone."""
    cluster = FakeSecrets({call: Fault(LOST, stored=True)})

    stored = await store(cluster)

    assert stored.change is Change.CREATED
    assert cluster.writes == CREATES
    assert set(cluster.objects) == {KEY_NAME, PULL_NAME}


@pytest.mark.anyio
@pytest.mark.parametrize("call", CREATES)
async def test_lost_reply_of_a_write_that_was_not_stored_leaves_nothing(call: str) -> None:
    """R-KEY-12, R-TST-04."""
    cluster = FakeSecrets({call: Fault(LOST)})

    with pytest.raises(KeyNotStoredError):
        await store(cluster)

    assert cluster.objects == {}


@pytest.mark.anyio
async def test_secret_that_cannot_be_taken_back_is_named() -> None:
    """R-KEY-12; F20: and the code says that something is left."""
    faults = {CREATES[1]: Fault(DOWN), f"delete Secret/{KEY_NAME}": Fault(DOWN)}
    cluster = FakeSecrets(faults)

    with pytest.raises(KeyNotStoredError) as failure:
        await store(cluster)

    assert failure.value.leftovers == (f"Secret/{KEY_NAME}",)
    assert failure.value.exit_code == 9
    assert f"Secret/{KEY_NAME}" in str(failure.value)


@pytest.mark.anyio
async def test_write_of_somebody_else_meanwhile_wins() -> None:
    """R-KEY-12; F19, F24: two at once, one is told, and the other's key stays."""
    cluster = FakeSecrets().put(key_secret(OTHER), pull_secret(OTHER))
    third = "nvapi-THIRD-KEY-0000000000-000000000"
    cluster.faults[REPLACES[1]] = Fault(before=lambda: cluster.put(pull_secret(third)))

    with pytest.raises(KeyNotStoredError, match="changed by somebody else") as failure:
        await store(cluster, replace=True)

    assert failure.value.exit_code == 5
    assert cluster.objects[KEY_NAME]["data"]["api_key"] == encoded(OTHER)
    assert cluster.snapshot()[PULL_NAME] == FakeSecrets().put(pull_secret(third)).snapshot().get(
        PULL_NAME
    )


@pytest.mark.anyio
async def test_secret_made_by_somebody_else_meanwhile_is_not_deleted() -> None:
    """R-KEY-12, 14."""
    cluster = FakeSecrets()
    cluster.faults[CREATES[1]] = Fault(before=lambda: cluster.put(pull_secret(OTHER)))

    with pytest.raises(KeyNotStoredError):
        await store(cluster)

    assert list(cluster.objects) == [PULL_NAME]


@pytest.mark.anyio
@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("call", CREATES)
async def test_interrupt_leaves_the_project_as_it_was(call: str, *, stored: bool) -> None:
    """R-KEY-12, R-DEP-10: Ctrl-C while a write is under way."""
    cluster = FakeSecrets({call: Fault(DOWN, stored=stored, hangs=True)})
    running = asyncio.create_task(store(cluster))
    await cluster.reached.wait()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert cluster.objects == {}


@pytest.mark.anyio
@pytest.mark.parametrize("call", CREATES)
async def test_interrupted_write_that_arrives_late_is_undone_too(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-12: a request that is on its way cannot be called back."""
    monkeypatch.setattr(store_module, "_SETTLE", 5)
    cluster = FakeSecrets({call: Fault(late=0.05)})
    running = asyncio.create_task(store(cluster))
    await cluster.reached.wait()

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    await asyncio.sleep(0.1)
    assert cluster.objects == {}


@pytest.mark.anyio
@pytest.mark.parametrize("stored", [True, False])
async def test_write_that_is_never_answered_is_given_up_and_undone(
    monkeypatch: pytest.MonkeyPatch, *, stored: bool
) -> None:
    """R-KEY-12, R-TST-04: a bounded time, also for the undoing."""
    monkeypatch.setattr(store_module, "_DEADLINE", 0.02)
    cluster = FakeSecrets({CREATES[1]: Fault(DOWN, stored=stored, hangs=True)})

    with pytest.raises(KeyNotStoredError, match="no answer within"):
        await store(cluster)

    assert cluster.objects == {}


@pytest.mark.anyio
async def test_undoing_that_is_never_answered_is_given_up_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R-TST-04."""
    monkeypatch.setattr(store_module, "_TAKE_BACK_DEADLINE", 0.02)
    faults = {CREATES[1]: Fault(DOWN), f"delete Secret/{KEY_NAME}": Fault(DOWN, hangs=True)}
    cluster = FakeSecrets(faults)

    with pytest.raises(KeyNotStoredError) as failure:
        await store(cluster)

    assert failure.value.leftovers == (f"Secret/{KEY_NAME}",)


@pytest.mark.anyio
@pytest.mark.parametrize("call", [*CREATES, f"get Secret/{KEY_NAME}", f"get Secret/{PULL_NAME}"])
async def test_no_fault_ever_shows_the_key(call: str, caplog: pytest.LogCaptureFixture) -> None:
    """R-KEY-01; I3: neither in messages nor in logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    cluster = FakeSecrets({call: Fault(DOWN)})

    with pytest.raises((KeyNotStoredError, UnreachableError)) as failure:
        await store(cluster)

    for text in (str(failure.value), repr(failure.value), caplog.text):
        for form in (CANARY, encoded(CANARY), encoded(f"$oauthtoken:{CANARY}")):
            assert form not in text


@given(
    faults=st.dictionaries(
        st.sampled_from([*CREATES, f"get Secret/{KEY_NAME}", f"get Secret/{PULL_NAME}"]),
        st.builds(Fault, st.sampled_from([DOWN, LOST]), st.booleans()),
    )
)
def test_any_faults_leave_both_secrets_or_none_or_name_what_stays(faults: dict[str, Fault]) -> None:
    """R-KEY-12, R-TST-04."""
    cluster = FakeSecrets(faults)

    wanted, leftovers = {KEY_NAME, PULL_NAME}, set()
    try:
        asyncio.run(store(cluster))
    except KeyNotStoredError as failure:
        wanted, leftovers = set(), {name.removeprefix("Secret/") for name in failure.leftovers}
    except UnreachableError:
        wanted = set()

    # What is there although it should not be is named.
    assert set(cluster.objects) - wanted <= leftovers
    assert wanted <= set(cluster.objects)


# ── Rights ──────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.anyio
async def test_missing_rights_are_named_by_verb_before_a_key_is_asked_for() -> None:
    """R-KEY-16."""
    with pytest.raises(ForbiddenError) as refusal:
        await check_rights(FakeSecrets(denied={"create", "update"}), PROJECT)

    assert "create or update Secrets" in str(refusal.value)
    assert "role edit" in refusal.value.remedy


@pytest.mark.anyio
async def test_all_rights_pass() -> None:
    """R-KEY-16."""
    await check_rights(FakeSecrets(), PROJECT)
