import json
from base64 import b64encode

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest
from odh_nim.registry import RegistryClient
from odh_nim.registry.outcome import BY_STATUS
from odh_nim.sandbox.kubelet.judge import StandInJudge
from odh_nim.sandbox.kubelet.pull import (
    judge_image,
    passwords_in,
    refusal_text,
    registry_of,
)
from odh_nim.sandbox.nvidia import NvidiaStandIn, SeedModel, dummy_key
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


LLAMA = SeedModel("nim", "meta", "llama-3.1-8b-instruct", tags=("1.8.5", "latest"))
RESTRICTED = SeedModel("nim", "meta", "restricted", tags=("1",), eu_restricted=True)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "image", "status"),
    [
        ("good", IMAGE, 200),
        ("expired", IMAGE, 401),
        ("forbidden", IMAGE, 401),
        ("catalog-only", IMAGE, 402),
        ("no-terms", IMAGE, 403),
        ("good", "nvcr.io/nim/meta/llama-3.1-8b-instruct:9", 404),
        ("good", "nvcr.io/nim/meta/llama-3.1-8b-instruct", 200),
        ("good", "nvcr.io:443/nim/meta/llama-3.1-8b-instruct", 200),
        ("good", "nvcr.io/nim/other/llama:1", 404),
        ("good", "nvcr.io/NIM/x:1", 404),
        ("europe", "nvcr.io/nim/meta/restricted:1", 451),
    ],
)
async def test_nodes_get_the_answer_that_the_registry_gives(
    name: str, image: str, status: int
) -> None:
    """R-KEY-09: what the pull test says before, and what a node meets after, agree."""
    key = ApiKey(dummy_key(name).value)
    async with (
        NvidiaStandIn([LLAMA, RESTRICTED]) as stand_in,
        RegistryClient(stand_in.url) as registry,
    ):
        judged = await StandInJudge(stand_in.state).pull_status(image, key)
        requests = len(stand_in.state.journal)
        if image == image.lower():
            tagged = image if ":" in image.rpartition("/")[2] else f"{image}:latest"
            check = await registry.check_pull(ImageReference.parse(tagged), key)
            assert BY_STATUS[judged] is check.outcome

    assert judged == status
    assert requests == 0


@pytest.mark.anyio
async def test_unknown_and_revoked_keys_are_refused_on_nodes_too() -> None:
    stand_in = NvidiaStandIn([LLAMA])
    judge = StandInJudge(stand_in.state)
    good = ApiKey(dummy_key("good").value)

    before = await judge.pull_status(IMAGE, good)
    stand_in.state.revoked.add("good")

    assert (before, await judge.pull_status(IMAGE, good)) == (200, 401)
    assert await judge.pull_status(IMAGE, ApiKey(GOOD_KEY)) == 401
