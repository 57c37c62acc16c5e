"""Whether a key may pull an image: six answers, or why there is none."""

import base64
import json
import logging
import time

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.image import ImageReference
from odh_nim.registry import PullCheck, PullOutcome, RegistryClient
from odh_nim.sandbox.nvidia import NvidiaStandIn, SeedModel, dummy_key
from odh_nim.sandbox.nvidia.control import preset
from odh_nim.sandbox.nvidia.state import Fault
from support.raw_server import Books, answer, raw_server

KEY = ApiKey("nvapi-CANARY-KEY-0000000000")
TOKEN = "canary-registry-token"
LOGIN = base64.b64encode(f"$oauthtoken:{KEY.reveal()}".encode()).decode()
IMAGE = ImageReference("nim/meta/llama", "1.8")
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = answer(b"", media_type=INDEX)
MODELS = (
    SeedModel("nim", "meta", "llama", tags=("1.8",)),
    SeedModel("nim", "meta", "restricted", tags=("1.8",), eu_restricted=True),
)


def key(name: str) -> ApiKey:
    return ApiKey(dummy_key(name).value)


def token(text: object = TOKEN) -> bytes:
    return answer(json.dumps({"token": text}).encode())


async def ask(
    name: str = "good", image: ImageReference = IMAGE, *faults: Fault, within: float = 1.5
) -> PullCheck:
    async with (
        NvidiaStandIn(MODELS) as stand_in,
        RegistryClient(stand_in.url, total_timeout=within) as registry,
    ):
        stand_in.state.faults += faults
        return await registry.check_pull(image, key(name))


async def ask_raw(*answers: bytes) -> tuple[PullCheck, Books]:
    async with (
        raw_server(*answers) as server,
        RegistryClient(server.url, total_timeout=1.5) as registry,
    ):
        return await registry.check_pull(IMAGE, KEY), server


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "image", "outcome"),
    [
        ("good", "llama:1.8", PullOutcome.ALLOWED),
        ("refused", "llama:1.8", PullOutcome.KEY_REFUSED),
        ("catalog-only", "llama:1.8", PullOutcome.NO_ENTITLEMENT),
        ("no-terms", "llama:1.8", PullOutcome.TERMS_NOT_ACCEPTED),
        ("good", "llama:9.9", PullOutcome.UNKNOWN_IMAGE),
        ("good", "other:1.8", PullOutcome.UNKNOWN_IMAGE),
        ("europe", "restricted:1.8", PullOutcome.REGION),
        ("good", "restricted:1.8", PullOutcome.ALLOWED),
    ],
)
async def test_registry_decides_for_key_and_image(
    name: str, image: str, outcome: PullOutcome
) -> None:
    """R-KEY-09."""
    check = await ask(name, ImageReference.parse(f"nvcr.io/nim/meta/{image}"))

    assert check.outcome is outcome


@pytest.mark.parametrize(
    ("outcome", "blocks"),
    [
        (PullOutcome.ALLOWED, False),
        (PullOutcome.KEY_REFUSED, True),
        (PullOutcome.NO_ENTITLEMENT, True),
        (PullOutcome.TERMS_NOT_ACCEPTED, True),
        (PullOutcome.UNKNOWN_IMAGE, True),
        (PullOutcome.REGION, False),
        (PullOutcome.COULD_NOT_ASK, False),
    ],
)
def test_region_and_silence_warn_and_the_others_block(
    outcome: PullOutcome, *, blocks: bool
) -> None:
    """R-KEY-09."""
    assert PullCheck("nvcr.io/x:1", outcome).blocks is blocks


def test_each_answer_has_its_own_words_and_next_step() -> None:
    """R-KEY-09; UI-05."""
    checks = [PullCheck("nvcr.io/x:1", outcome, "it is busy") for outcome in PullOutcome]

    assert len({check.message for check in checks}) == len(PullOutcome)
    assert all("nvcr.io/x:1" in check.message for check in checks)
    assert all(check.remedy for check in checks if check.outcome is not PullOutcome.ALLOWED)


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/proxy_auth", "/v2/"])
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("429", "it is busy (429)"),
        ("500", "it answered 500"),
        ("503", "it answered 503"),
        ("407", "asks for a login (407)"),
        ("html", "a web page came instead of an answer"),
        ("redirect", "a redirect (302), which is not followed"),
        ("reset", "the connection was cut"),
    ],
)
async def test_every_fault_is_an_outcome_in_time(fault: str, words: str, path: str) -> None:
    """R-KEY-09: could not ask, and no exception."""
    started = time.monotonic()

    check = await ask("good", IMAGE, preset(fault, path=path))

    assert check.outcome is PullOutcome.COULD_NOT_ASK
    assert words in check.cause
    assert time.monotonic() - started < 4


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/proxy_auth", "/v2/"])
@pytest.mark.parametrize("fault", ["hang", "drip"])
async def test_silence_ends_at_the_deadline(fault: str, path: str) -> None:
    """UI-08, R-KEY-09: F30."""
    started = time.monotonic()

    check = await ask("good", IMAGE, preset(fault, path=path), within=0.3)

    assert check.outcome is PullOutcome.COULD_NOT_ASK
    assert check.cause == "no answer within 0.3 s"
    assert time.monotonic() - started < 2


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["stall", "slow", "cut", "huge", "truncated", "empty"])
async def test_broken_token_is_an_outcome_in_time(fault: str) -> None:
    """R-KEY-09."""
    check = await ask("good", IMAGE, preset(fault, path="/proxy_auth"), within=0.6)

    assert check.outcome is PullOutcome.COULD_NOT_ASK
    assert check.cause


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"null",
        b'{"token": 5}',
        b'{"token": ""}',
        b'{"token": "two\\nlines"}',
        b'{"token": "\\u00fc"}',
        b"[" * 100_000,
        b"\xff",
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_token_that_cannot_be_used_is_not_sent_on(body: bytes) -> None:
    """R-KEY-09."""
    check, server = await ask_raw(answer(body))

    assert check.outcome is PullOutcome.COULD_NOT_ASK
    assert "its token cannot be used" in check.cause
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_key_goes_to_the_token_server_and_the_token_to_the_manifest() -> None:
    """R-KEY-09, R-KEY-01."""
    check, server = await ask_raw(token(), MANIFEST)

    login, head = server.requests
    assert check.outcome is PullOutcome.ALLOWED
    assert login.startswith(
        "GET /proxy_auth?account=%24oauthtoken&offline_token=true"
        "&scope=repository%3Anim%2Fmeta%2Fllama%3Apull HTTP/1.1"
    )
    assert f"Basic {LOGIN}" in login
    assert KEY.reveal() not in login
    assert head.startswith("HEAD /v2/nim/meta/llama/manifests/1.8 HTTP/1.1")
    assert f"Bearer {TOKEN}" in head
    assert LOGIN not in head
    assert INDEX in head


@pytest.mark.anyio
async def test_image_by_digest_is_asked_by_its_digest() -> None:
    image = IMAGE.pinned("sha256:" + "a" * 64)
    async with (
        raw_server(token(), MANIFEST) as server,
        RegistryClient(server.url) as registry,
    ):
        check = await registry.check_pull(image, KEY)

    assert check.outcome is PullOutcome.ALLOWED
    assert f"/manifests/sha256:{'a' * 64} " in server.requests[1]


@pytest.mark.anyio
async def test_mirrors_name_changes_nothing_about_who_is_asked() -> None:
    image = ImageReference("nim/meta/llama", "1.8", registry="mirror.example.com")

    assert (await ask("good", image)).outcome is PullOutcome.ALLOWED


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_neither_key_nor_token_follows_a_redirect(status: int) -> None:
    """R-KEY-09; S4, S6."""
    async with raw_server(token()) as elsewhere:
        there = answer(b"", status=status, headers={"location": f"{elsewhere.url}/x"})
        at_login, _ = await ask_raw(there)
        at_manifest, _ = await ask_raw(token(), there)

    assert elsewhere.requests == []
    assert at_login.outcome is at_manifest.outcome is PullOutcome.COULD_NOT_ASK


def challenge(realm: str) -> bytes:
    field = f'Bearer realm="{realm}",service="x"'
    return answer(b"{}", status=401, headers={"www-authenticate": field})


@pytest.mark.anyio
async def test_key_is_not_sent_to_a_realm_at_another_address() -> None:
    """R-KEY-09; S4: the realm is pinned to the registry itself."""
    async with raw_server(token()) as elsewhere:
        check, server = await ask_raw(answer(status=404), challenge(f"{elsewhere.url}/token"))

    assert elsewhere.requests == []
    assert check.outcome is PullOutcome.COULD_NOT_ASK
    assert "another address" in check.cause
    assert LOGIN not in server.requests[1]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "realm", ["", "/token", "http://127.0.0.1:1/token?x=1", "ftp://127.0.0.1/token"]
)
async def test_odd_realm_gets_no_key(realm: str) -> None:
    check, server = await ask_raw(answer(status=404), challenge(realm))

    assert check.outcome is PullOutcome.COULD_NOT_ASK
    assert len(server.requests) == 2


@pytest.mark.anyio
async def test_realm_of_the_registry_itself_is_used_and_kept() -> None:
    """R-KEY-09."""
    realm = "http://127.0.0.1:{port}/token"
    answers = (answer(status=404), challenge(realm), token(), MANIFEST, token(), MANIFEST)
    async with raw_server(*answers) as server, RegistryClient(server.url) as registry:
        first = await registry.check_pull(IMAGE, KEY)
        second = await registry.check_pull(IMAGE, KEY)

    paths = [request.split()[1].partition("?")[0] for request in server.requests]
    manifest = "/v2/nim/meta/llama/manifests/1.8"
    assert first.outcome is second.outcome is PullOutcome.ALLOWED
    assert paths == ["/proxy_auth", "/v2/", "/token", manifest, "/token", manifest]


@pytest.mark.anyio
async def test_missing_scope_means_terms_not_accepted() -> None:
    """R-KEY-09."""
    field = 'Bearer realm="x",error="insufficient_scope"'
    refused = answer(b"", status=401, headers={"www-authenticate": field})

    check, _ = await ask_raw(token(), refused)

    assert check.outcome is PullOutcome.TERMS_NOT_ACCEPTED


@pytest.mark.anyio
async def test_answer_that_is_no_manifest_allows_nothing() -> None:
    check, _ = await ask_raw(token(), answer(b"", media_type="application/octet-stream"))

    assert (check.outcome, check.cause) == (
        PullOutcome.COULD_NOT_ASK,
        "its answer is no manifest",
    )


@pytest.mark.anyio
async def test_key_and_token_are_in_no_log_and_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """R-KEY-01."""
    caplog.set_level(logging.DEBUG)

    checks = [
        (await ask_raw(*answers))[0]
        for answers in (
            [token(), MANIFEST],
            [answer(LOGIN.encode(), status=500)],
            [token(), answer(KEY.reveal().encode(), status=401)],
            [b"nonsense\r\n\r\n"],
        )
    ]

    seen = caplog.text + "".join(f"{check!r} {check.message}" for check in checks)
    assert all(secret not in seen for secret in (KEY.reveal(), LOGIN, TOKEN))


@pytest.mark.anyio
async def test_threads_of_calls_that_hang_are_freed() -> None:
    """R-KEY-09: ten hanging calls leave room for the next."""
    async with (
        NvidiaStandIn(MODELS) as stand_in,
        RegistryClient(stand_in.url, total_timeout=0.3) as registry,
    ):
        stand_in.state.faults.append(preset("hang"))
        silent = [await registry.check_pull(IMAGE, key("good")) for _ in range(10)]
        stand_in.state.faults.clear()
        last = await registry.check_pull(IMAGE, key("good"))

    assert {check.outcome for check in silent} == {PullOutcome.COULD_NOT_ASK}
    assert last.outcome is PullOutcome.ALLOWED
