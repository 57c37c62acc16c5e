import json
from base64 import b64encode

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest
from odh_nim.registry import PullCheck, PullOutcome
from odh_nim.sandbox.kubelet.judge import RegistryJudge
from odh_nim.sandbox.kubelet.pull import (
    PrefixJudge,
    judge_image,
    passwords_in,
    refusal_text,
    registry_of,
)
from support.kubelet_pods import GOOD_KEY, IMAGE, pull_secret

NVIDIA = ("nvcr.io",)
OTHER_KEY = "nvapi-OTHER-CANARY-000000000"


class Judge:
    """Knows what each key may; others are refused."""

    def __init__(self) -> None:
        self.statuses = {GOOD_KEY: 200, OTHER_KEY: 402}
        self.asked: list[str] = []

    async def pull_status(self, image: str, key: ApiKey) -> int:
        self.asked.append(key.reveal())
        return self.statuses.get(key.reveal(), 401)


@pytest.mark.parametrize(
    ("status", "end"),
    [
        (401, "401 Unauthorized"),
        (402, "402 Payment Required"),
        (403, "403 Forbidden"),
        (404, f"{IMAGE}: not found"),
        (451, "451 Unavailable For Legal Reasons"),
        (503, "503 Service Unavailable"),
        (418, "418 Error"),
    ],
)
def test_refusal_reads_as_a_container_runtime_writes_it(status: int, end: str) -> None:
    text = refusal_text(IMAGE, status)

    assert text.startswith(f'failed to pull and unpack image "{IMAGE}": failed to resolve')
    assert text.endswith(end)


def test_refused_token_and_refused_manifest_are_told_apart() -> None:
    assert "failed to fetch oauth token" in refusal_text(IMAGE, 401)
    assert "failed to fetch anonymous token" in refusal_text(IMAGE, 401, anonymous=True)
    assert "https://nvcr.io/v2/nim/meta/llama-3.1-8b-instruct/manifests/1.8.5" in refusal_text(
        IMAGE, 403
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("passwords", "end"),
    [
        ([GOOD_KEY], ""),
        ([OTHER_KEY, GOOD_KEY], ""),
        (["not a key", GOOD_KEY], ""),
        ([OTHER_KEY], "402 Payment Required"),
        (["not a key"], "401 Unauthorized"),
        (["nvapi-short"], "401 Unauthorized"),
        ([], "401 Unauthorized"),
    ],
)
async def test_first_password_that_works_is_enough(passwords: list[str], end: str) -> None:
    refusal = await judge_image(IMAGE, passwords, Judge(), registries=NVIDIA)

    assert refusal.endswith(end)
    assert bool(refusal) == bool(end)


@pytest.mark.anyio
async def test_other_registries_are_open_and_see_no_key() -> None:
    judge = Judge()

    assert await judge_image("quay.io/x/y:1", [GOOD_KEY], judge, registries=NVIDIA) == ""
    assert judge.asked == []


@pytest.mark.anyio
async def test_where_no_registry_runs_whatever_can_be_a_key_is_allowed() -> None:
    assert await judge_image(IMAGE, [OTHER_KEY], PrefixJudge(), registries=NVIDIA) == ""


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        (IMAGE, "nvcr.io"),
        ("localhost/x", "localhost"),
        ("127.0.0.1:5000/x/y", "127.0.0.1:5000"),
        ("nginx", "docker.io"),
        ("library/nginx:1", "docker.io"),
    ],
)
def test_registry_is_read_as_the_runtime_reads_it(image: str, registry: str) -> None:
    assert registry_of(image) == registry


@pytest.mark.parametrize(
    ("auths", "expected"),
    [
        ({"nvcr.io": {"username": "$oauthtoken", "password": "p"}}, ["p"]),
        ({"nvcr.io": {"auth": b64encode(b"$oauthtoken:p:q").decode()}}, ["p:q"]),
        ({"https://nvcr.io/v2": {"password": "p"}}, ["p"]),
        ({"quay.io": {"password": "p"}}, []),
        ({"nvcr.io": {"auth": "%%"}}, []),
        ({"nvcr.io": {"password": 5}}, []),
        ({"nvcr.io": {}}, []),
        ({"nvcr.io": "text"}, []),
        ([], []),
    ],
)
def test_passwords_are_read_from_every_usual_form(auths: object, expected: list[str]) -> None:
    config = b64encode(json.dumps({"auths": auths}).encode()).decode()
    secret = pull_secret() | {"data": {".dockerconfigjson": config}}

    assert passwords_in(secret, "nvcr.io") == expected


@pytest.mark.parametrize("data", [None, {}, {".dockerconfigjson": "bm8gSlNPTg=="}])
def test_broken_secret_holds_no_password(data: Manifest | None) -> None:
    assert passwords_in({"data": data}, "nvcr.io") == []


class Registry:
    def __init__(self, outcome: PullOutcome) -> None:
        self.outcome = outcome
        self.images: list[ImageReference] = []

    async def check_pull(self, image: ImageReference, key: ApiKey) -> PullCheck:
        self.images.append(image)
        return PullCheck(str(image), self.outcome)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (PullOutcome.ALLOWED, 200),
        (PullOutcome.KEY_REFUSED, 401),
        (PullOutcome.NO_ENTITLEMENT, 402),
        (PullOutcome.TERMS_NOT_ACCEPTED, 403),
        (PullOutcome.UNKNOWN_IMAGE, 404),
        (PullOutcome.REGION, 451),
        (PullOutcome.COULD_NOT_ASK, 503),
    ],
)
async def test_registrys_answer_becomes_the_status_that_a_node_sees(
    outcome: PullOutcome, status: int
) -> None:
    """R-KEY-09."""
    assert await RegistryJudge(Registry(outcome)).pull_status(IMAGE, ApiKey(GOOD_KEY)) == status


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("image", "asked"),
    [
        ("nvcr.io/nim/x", "nvcr.io/nim/x:latest"),
        ("nvcr.io:443/nim/x", "nvcr.io:443/nim/x:latest"),
        ("nvcr.io/nim/x:1.2", "nvcr.io/nim/x:1.2"),
    ],
)
async def test_image_without_a_tag_is_its_latest(image: str, asked: str) -> None:
    registry = Registry(PullOutcome.ALLOWED)

    await RegistryJudge(registry).pull_status(image, ApiKey(GOOD_KEY))

    assert [str(item) for item in registry.images] == [asked]


@pytest.mark.anyio
async def test_broken_image_name_is_found_nowhere() -> None:
    registry = Registry(PullOutcome.ALLOWED)

    status = await RegistryJudge(registry).pull_status("nvcr.io/NIM/x:1", ApiKey(GOOD_KEY))

    assert (status, registry.images) == (404, [])
