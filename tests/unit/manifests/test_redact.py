import copy
import json

import pytest

from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.redact import redact
from odh_nim.manifests.secrets import build_key_secrets
from support.plans import KEY, SPECS, build

CANARY = "Y2FuYXJ5"


@pytest.mark.parametrize(
    "secret",
    [
        {"kind": "Secret", "data": {"a": CANARY}},
        {"kind": "Secret", "stringData": {"a": CANARY}},
        {"kind": "Secret", "data": CANARY},
        {
            "kind": "Secret",
            "metadata": {
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": CANARY}
            },
        },
        {"kind": "List", "items": [{"kind": "Secret", "data": {"a": CANARY}}]},
        {"kind": "SecretList", "items": [{"data": {"a": CANARY}}]},
    ],
)
def test_nothing_of_a_secret_stays(secret: Manifest) -> None:
    """R-DEP-02, R-KEY-15; S9."""
    before = copy.deepcopy(secret)

    text = json.dumps(redact(secret))

    assert CANARY not in text
    assert "REDACTED" in text
    assert secret == before


def test_field_names_of_a_secret_stay_readable() -> None:
    key, pull = (redact(secret) for secret in build_key_secrets(KEY, revision="abc"))

    assert key["data"] == {"NGC_API_KEY": "REDACTED", "api_key": "REDACTED"}
    assert pull["data"] == {".dockerconfigjson": "REDACTED"}


def test_what_is_no_secret_stays_as_it_is() -> None:
    for manifest in build(SPECS["llm-auth-token"]).manifests:
        if manifest["kind"] != "Secret" or "data" not in manifest:
            assert redact(manifest) == manifest
    assert redact({"kind": "ConfigMap", "data": {"a": "b"}})["data"] == {"a": "b"}
