"""Whose are the two Secrets, and do they agree: a table of what clusters really hold."""

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import LegacyKeyError, SecretConflictError
from odh_nim.domain.manifest import Manifest
from odh_nim.keys import PairKind, read_key_state, read_stored_key
from odh_nim.keys.pair import Pair
from support.keys import CANARY, OTHER, PROJECT, FakeSecrets, encoded, key_secret, pull_secret

DASHBOARD = {"opendatahub.io/managed": "true"}
HELM = {"app.kubernetes.io/managed-by": "Helm"}


@pytest.mark.parametrize(
    ("key", "pull", "kind"),
    [
        (None, None, PairKind.ABSENT),
        (key_secret(), pull_secret(), PairKind.OURS),
        (key_secret(), None, PairKind.INCOMPLETE),
        (None, pull_secret(), PairKind.INCOMPLETE),
        (key_secret(), pull_secret(OTHER), PairKind.DIFFERING),
        (key_secret(annotations={}), pull_secret(), PairKind.DIFFERING),
        (key_secret(labels={}), pull_secret(), PairKind.FOREIGN),
        (key_secret(), pull_secret(labels={}), PairKind.FOREIGN),
        (key_secret(labels=HELM), None, PairKind.FOREIGN),
    ],
)
def test_pair_is_what_its_secrets_make_it(
    key: Manifest | None, pull: Manifest | None, kind: PairKind
) -> None:
    """R-KEY-10, 14."""
    assert Pair(PROJECT, None, key, pull).state().kind is kind


@pytest.mark.parametrize(
    ("secret", "seems"),
    [
        # What four generations of products, people and tools leave under this name.
        (key_secret(labels={}, fields=("NGC_API_KEY",)), "copy of an administrator's key"),
        (key_secret(labels={}), "copy of an administrator's key"),
        (key_secret(labels=DASHBOARD, fields=("NGC_API_KEY",)), "as an older product wrote it"),
        (key_secret(labels=DASHBOARD), "the dashboard stored for this project"),
        (key_secret(labels=HELM), "is managed by Helm"),
        (key_secret(labels={}, fields=("password",)), "holds no NGC_API_KEY"),
        (key_secret(kind="kubernetes.io/tls"), "is of type kubernetes.io/tls, not Opaque"),
        (key_secret(fields=("NGC_API_KEY",)), "carries odh-nim's labels, but lacks api_key"),
        (key_secret(fields=()), "lacks NGC_API_KEY and api_key"),
    ],
)
def test_foreign_key_secret_is_said_to_be_what_it_seems(secret: Manifest, seems: str) -> None:
    """R-KEY-14."""
    (foreign,) = Pair(PROJECT, None, secret, None).state().foreign

    assert foreign.name == "nvidia-nim-secrets"
    assert seems in str(foreign)


@pytest.mark.parametrize(
    ("secret", "seems"),
    [
        (pull_secret(kind="Opaque"), "is of type Opaque"),
        (pull_secret(labels={}), "somebody made by hand"),
        (pull_secret(labels=HELM), "is managed by Helm"),
        (pull_secret(user="robot"), "no login for nvcr.io"),
        (pull_secret() | {"data": {".dockerconfigjson": encoded("[]")}}, "no login for nvcr.io"),
        (pull_secret() | {"data": {".dockerconfigjson": "%%%"}}, "no login for nvcr.io"),
        (pull_secret() | {"data": None}, "no login for nvcr.io"),
    ],
)
def test_foreign_pull_secret_is_said_to_be_what_it_seems(secret: Manifest, seems: str) -> None:
    """R-KEY-14."""
    (foreign,) = Pair(PROJECT, None, None, secret).state().foreign

    assert seems in foreign.seems


def test_conflict_names_project_secret_and_both_ways_out() -> None:
    """R-KEY-14."""
    state = Pair(PROJECT, None, key_secret(labels={}), None).state()

    with pytest.raises(SecretConflictError) as conflict:
        state.refuse_foreign()

    message = str(conflict.value)
    for part in ("team-a", "Secret/nvidia-nim-secrets", "--deployment NAME", "migrate"):
        assert part in message
    assert CANARY not in message


def test_own_key_of_a_deployment_has_names_of_its_own() -> None:
    """R-KEY-13."""
    state = Pair(PROJECT, "llama", None, None).state()

    assert state.key_secret == "nvidia-nim-secrets-llama"
    assert state.pull_secret == "nvidia-nim-image-pull-llama"


def test_state_tells_marks_and_never_the_key() -> None:
    """R-KEY-01, 15; S2."""
    marks = {
        "nim.opendatahub.io/key-revision": "r1",
        "nim.opendatahub.io/key-checked-at": "2026-01-02T03:04:05Z",
        "nim.opendatahub.io/key-expires": "2026-12-31",
    }
    pair = Pair(PROJECT, None, key_secret(annotations=marks), pull_secret())

    state = pair.state(ApiKey(CANARY))

    assert state.checked_at == "2026-01-02T03:04:05Z"
    assert state.expires == "2026-12-31"
    assert state.holds_same_key is True
    assert pair.state(ApiKey(OTHER)).holds_same_key is False
    for text in (repr(pair), repr(state), str(pair)):
        assert CANARY not in text
        assert encoded(CANARY) not in text


@pytest.mark.anyio
async def test_stored_key_is_given_only_where_both_secrets_are_ours_and_agree() -> None:
    """R-KEY-14."""
    ours = FakeSecrets().put(key_secret(), pull_secret())
    old_copy = FakeSecrets().put(key_secret(labels={}, fields=("NGC_API_KEY",)))
    differing = FakeSecrets().put(key_secret(), pull_secret(OTHER))

    assert (await read_stored_key(ours, PROJECT)).key == ApiKey(CANARY)
    for cluster in (old_copy, differing):
        stored = await read_stored_key(cluster, PROJECT)
        assert (stored.key, stored.flaw) == (None, None)


@pytest.mark.anyio
async def test_stored_text_that_is_no_key_is_not_given() -> None:
    """R-KEY-03: a legacy key that somebody wrote into our Secrets."""
    legacy = "bGVnYWN5LWtleS1vZi1hbi1vcmdhbmlzYXRpb24="
    cluster = FakeSecrets().put(key_secret(legacy), pull_secret(legacy))

    stored = await read_stored_key(cluster, PROJECT)

    assert (await read_key_state(cluster, PROJECT)).kind is PairKind.OURS
    assert stored.key is None
    assert isinstance(stored.flaw, LegacyKeyError)
    assert legacy not in str(stored.flaw) + repr(stored)
