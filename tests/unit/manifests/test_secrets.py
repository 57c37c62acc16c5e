import json
from base64 import b64decode

import pytest

from odh_nim.domain.manifest import annotations, labels
from odh_nim.manifests.secrets import build_key_secrets
from support.plans import KEY


@pytest.mark.parametrize("deployment", [None, "llama"])
def test_both_secrets_hold_one_key_under_the_names_of_their_owner(deployment: str | None) -> None:
    """R-KEY-10, R-KEY-13."""
    suffix = f"-{deployment}" if deployment else ""

    key, pull = build_key_secrets(KEY, deployment, revision="abc")

    assert [key["metadata"]["name"], pull["metadata"]["name"]] == [
        f"nvidia-nim-secrets{suffix}",
        f"nvidia-nim-image-pull{suffix}",
    ]
    assert (key["type"], pull["type"]) == ("Opaque", "kubernetes.io/dockerconfigjson")
    values = {name: b64decode(text).decode() for name, text in key["data"].items()}
    assert values == {"NGC_API_KEY": KEY.reveal(), "api_key": KEY.reveal()}
    assert json.loads(b64decode(pull["data"][".dockerconfigjson"])) == {
        "auths": {"nvcr.io": {"username": "$oauthtoken", "password": KEY.reveal()}}
    }


def test_secrets_are_marked_as_ours_and_never_for_the_dashboard() -> None:
    """R-KEY-11; UI-30."""
    for secret in build_key_secrets(KEY, revision="abc"):
        assert labels(secret) == {
            "opendatahub.io/managed": "true",
            "app.kubernetes.io/managed-by": "odh-nim",
        }
        assert annotations(secret) == {"nim.opendatahub.io/key-revision": "abc"}


def test_annotations_say_what_is_known_and_nothing_of_the_key() -> None:
    """R-KEY-11; S9."""
    secrets = build_key_secrets(
        KEY,
        revision="abc",
        checked_at="2026-11-25T10:00:00Z",
        expires="2027-01-01",
        request_id="r-1",
    )

    for secret in secrets:
        assert annotations(secret) == {
            "nim.opendatahub.io/key-revision": "abc",
            "nim.opendatahub.io/key-checked-at": "2026-11-25T10:00:00Z",
            "nim.opendatahub.io/key-expires": "2027-01-01",
            "nim.opendatahub.io/request-id": "r-1",
        }
        outside = json.dumps({**secret, "data": None})
        assert KEY.reveal() not in outside
        assert KEY.reveal()[-8:] not in outside


def test_the_two_secrets_share_no_mutable_part() -> None:
    key, pull = build_key_secrets(KEY, revision="abc")

    key["metadata"]["labels"]["x"] = "y"
    key["metadata"]["annotations"]["x"] = "y"

    assert "x" not in labels(pull)
    assert "x" not in annotations(pull)
    assert "x" not in labels(build_key_secrets(KEY, revision="abc")[0])
