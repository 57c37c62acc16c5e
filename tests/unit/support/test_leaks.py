"""The search for leaked keys finds every form that a key takes, and nothing else."""

import base64
import json
from urllib.parse import quote, urlencode

import pytest

from support.leaks import leaks

KEY = "nvapi-Canary_0123456789-abcdefXYZ"


def basic(user: str) -> str:
    return base64.b64encode(f"{user}:{KEY}".encode()).decode()


def docker_config() -> str:
    login = {"username": "$oauthtoken", "password": KEY, "auth": basic("$oauthtoken")}
    text = json.dumps({"auths": {"nvcr.io": login}})
    return base64.b64encode(text.encode()).decode()


PLANTED = {
    "in a sentence": f"The key {KEY} was refused.",
    "as a header": f"Authorization: Bearer {KEY}",
    "in JSON": json.dumps({"credentials": KEY}),
    "in escaped JSON": json.dumps(KEY).replace("-", "\\u002d"),
    "in a form": urlencode({"credentials": KEY}),
    "in an address": f"https://user:{quote(KEY, safe='')}@nvcr.io/v2/",
    "as a Secret's data": base64.b64encode(KEY.encode()).decode(),
    "in base64, one further": base64.b64encode(b"=" + KEY.encode() + b"!").decode(),
    "in base64, two further": base64.b64encode(b"==" + KEY.encode() + b"!").decode(),
    "as a login": basic("$oauthtoken"),
    "in a pull Secret": docker_config(),
    "backwards": KEY[::-1],
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_planted_key_is_found(text: str) -> None:
    """R-TST-04: twelve of twelve."""
    assert leaks(f"before {text} after", KEY) != []


@pytest.mark.parametrize(
    "text", ["", "nvapi-****", KEY[:12], "nvapi-Another_0123456789-abcdefXYZ", "R" * 200]
)
def test_what_is_no_key_is_not_found(text: str) -> None:
    assert leaks(text, KEY) == []
