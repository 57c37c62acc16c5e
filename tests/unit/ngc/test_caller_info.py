"""The key check: valid, refused, or could not ask, and nothing of the person behind the key."""

import json
import logging
import time
from pathlib import Path

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyRefusedError, NgcUnavailableError
from odh_nim.ngc import CallerInfo, NgcClient, Timeouts
from odh_nim.sandbox.nvidia import NvidiaStandIn, dummy_key
from odh_nim.sandbox.nvidia.control import preset
from odh_nim.sandbox.nvidia.state import Fault
from support.raw_server import answer, raw_server

KEY = ApiKey("nvapi-CANARY-KEY-0000000000")
QUICK = Timeouts(connect=1, read=0.4, key_check=0.6, call=0.6)
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "ngc" / "caller_info.json"
CHECK = "/v3/keys/get-caller-info"


def key(name: str) -> ApiKey:
    return ApiKey(dummy_key(name).value)


async def check_with(body: bytes, **head: object) -> CallerInfo:
    async with (
        raw_server(answer(body, **head)) as server,  # type: ignore[arg-type]  # as a test names them
        NgcClient(server.url) as client,
    ):
        return await client.caller_info(KEY)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("good", "PERSONAL_KEY"),
        ("service", "SERVICE_KEY"),
        ("silent", None),
    ],
)
async def test_known_key_is_valid_whatever_its_type(name: str, expected: str | None) -> None:
    """R-KEY-04, R-KEY-05."""
    async with NvidiaStandIn() as stand_in, NgcClient(stand_in.url) as client:
        info = await client.caller_info(key(name))

    assert info.type == expected


@pytest.mark.anyio
async def test_products_tell_whether_the_registry_is_included() -> None:
    """R-KEY-05."""
    async with NvidiaStandIn() as stand_in, NgcClient(stand_in.url) as client:
        full, partial = (
            await client.caller_info(key("good")),
            await client.caller_info(key("catalog-only")),
        )

    assert "private-registry" in (full.products or ())
    assert "private-registry" not in (partial.products or ())


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["refused", "expired", "forbidden"])
async def test_unknown_key_is_refused(name: str) -> None:
    """R-KEY-04: F25, without a second try."""
    async with NvidiaStandIn() as stand_in, NgcClient(stand_in.url) as client:
        with pytest.raises(KeyRefusedError) as refusal:
            await client.caller_info(key(name))
        asked = len(stand_in.state.journal)

    assert asked == 1
    assert refusal.value.exit_code == 7


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("429", "it is busy (429)"),
        ("500", "it answered 500"),
        ("502", "it answered 502"),
        ("503", "it answered 503"),
        ("504", "it answered 504"),
        ("404", "it answered 404"),
        ("407", "the proxy asks for a login (407)"),
        ("451", "it answered 451"),
        ("204", "it answered 204"),
        ("html", "a web page came instead of an answer (200)"),
        ("truncated", "answer to the key check cannot be used"),
        ("redirect", "a redirect (302), which is not followed"),
        ("reset", "the connection was cut"),
        ("cut", "the connection was cut"),
        ("huge", "its answer is larger than 256 KiB"),
    ],
)
async def test_every_other_answer_leaves_the_key_undecided(fault: str, words: str) -> None:
    """R-KEY-04: F27 to F31, and asked once."""
    async with NvidiaStandIn() as stand_in, NgcClient(stand_in.url) as client:
        stand_in.state.faults.append(preset(fault))
        with pytest.raises(NgcUnavailableError) as silence:
            await client.caller_info(key("good"))
        asked = len(stand_in.state.journal)

    assert words in str(silence.value)
    assert "neither accepted nor refused" in str(silence.value)
    assert asked == 1


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["hang", "stall", "drip", "slow"])
async def test_silence_ends_at_the_deadline(fault: str) -> None:
    """R-KEY-04: F30."""
    started = time.monotonic()
    async with NvidiaStandIn() as stand_in, NgcClient(stand_in.url, timeouts=QUICK) as client:
        stand_in.state.faults.append(preset(fault))
        with pytest.raises(NgcUnavailableError, match="no answer"):
            await client.caller_info(key("good"))

    assert time.monotonic() - started < 3


@pytest.mark.anyio
async def test_refusal_on_a_web_page_is_the_proxys_and_no_refusal() -> None:
    """R-KEY-04: a captive portal."""
    page = Fault("answer", 403, {"content-type": "text/html"}, "<html>blocked</html>")
    async with NvidiaStandIn() as stand_in, NgcClient(stand_in.url) as client:
        stand_in.state.faults.append(page)
        with pytest.raises(NgcUnavailableError, match=r"a web page came .*\(403\)"):
            await client.caller_info(key("good"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"u":' * 50_000,
        b'{"type": NaN}',
        b'{"type": 5}',
        b'{"products": [1]}',
        b'{"products": "private-registry"}',
        b'"a text"',
        b"[]",
        b"null",
        b'\xef\xbb\xbf{"type": "PERSONAL_KEY"}',
        b'{"type": "PERSONAL\xff_KEY"}',
        b"\x00",
        b'{"type": "PERSONAL_KEY"} trailing',
    ],
    ids=lambda body: repr(body[:20]),
)
async def test_odd_body_leaves_the_key_undecided(body: bytes) -> None:
    """R-KEY-04: F31."""
    with pytest.raises(NgcUnavailableError, match="cannot be used"):
        await check_with(body)


@pytest.mark.anyio
async def test_json_under_another_name_leaves_the_key_undecided() -> None:
    with pytest.raises(NgcUnavailableError, match="not declared as JSON"):
        await check_with(b'{"type": "PERSONAL_KEY"}', media_type="text/plain")


@pytest.mark.anyio
async def test_packed_answer_is_not_unpacked() -> None:
    """R-KEY-04: F31, a small answer that would grow without end."""
    with pytest.raises(NgcUnavailableError, match="an encoding that was not asked for"):
        await check_with(b"\x1f\x8b", headers={"content-encoding": "gzip"})


@pytest.mark.anyio
async def test_doubled_field_counts_once() -> None:
    """R-KEY-04: F31."""
    info = await check_with(b'{"type": "PERSONAL_KEY", "type": "SERVICE_KEY"}')

    assert info == CallerInfo("SERVICE_KEY", None)


@pytest.mark.anyio
async def test_key_travels_in_header_and_form_and_nowhere_else() -> None:
    """R-KEY-04."""
    async with (
        raw_server(answer(b"{}")) as server,
        NgcClient(server.url) as client,
    ):
        await client.caller_info(KEY)

    head, _, body = server.requests[0].partition("\r\n\r\n")
    assert head.startswith(f"POST {CHECK} HTTP/1.1")
    assert f"authorization: bearer {KEY.reveal()}" in head.lower().replace(
        KEY.reveal().lower(), KEY.reveal()
    )
    assert body == f"credentials={KEY.reveal()}"
    assert KEY.reveal() not in head.splitlines()[0]


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_key_does_not_follow_a_redirect(status: int) -> None:
    """R-KEY-04; S6."""
    async with raw_server(answer(b"{}")) as elsewhere:
        there = answer(b"", status=status, headers={"location": f"{elsewhere.url}{CHECK}"})
        async with raw_server(there) as server, NgcClient(server.url) as client:
            with pytest.raises(NgcUnavailableError, match="which is not followed"):
                await client.caller_info(KEY)

    assert elsewhere.requests == []


@pytest.mark.anyio
async def test_nothing_about_the_person_leaves_the_client(caplog: pytest.LogCaptureFixture) -> None:
    """R-KEY-08."""
    caplog.set_level(logging.DEBUG)
    person = {"name": "Canary Person", "email": "canary@person.invalid", "roles": [{"org": "c"}]}
    reply = {"type": "PERSONAL_KEY", "orgName": "canary-org", "user": person, "products": []}

    info = await check_with(json.dumps(reply).encode())
    with pytest.raises(NgcUnavailableError) as fault:
        await check_with(json.dumps(reply | {"type": ["canary"]}).encode())

    seen = repr(info) + repr(fault.value) + str(fault.value) + caplog.text
    assert info == CallerInfo("PERSONAL_KEY", ())
    assert "canary" not in seen.lower()
    assert fault.value.__cause__ is None


@pytest.mark.anyio
async def test_key_is_in_no_log_and_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """R-KEY-01."""
    caplog.set_level(logging.DEBUG)
    faults = [answer(KEY.reveal().encode()), answer(b"", status=500), b"nonsense\r\n\r\n", b""]
    for reply in faults:
        async with raw_server(reply) as server, NgcClient(server.url) as client:
            with pytest.raises(NgcUnavailableError) as fault:
                await client.caller_info(KEY)
        error: BaseException | None = fault.value
        while error is not None:
            assert KEY.reveal() not in f"{error!r} {error} {vars(error)}"
            error = error.__cause__

    assert KEY.reveal() not in caplog.text


@pytest.mark.anyio
@pytest.mark.parametrize("retry_after", ["7", "07"])
async def test_wish_for_rest_is_told(retry_after: str) -> None:
    """R-KEY-04: F27."""
    with pytest.raises(NgcUnavailableError, match=r"busy \(429\), it wants 7 s of rest"):
        await check_with(b"{}", status=429, headers={"retry-after": retry_after})


@pytest.mark.anyio
@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded replies beside the checkout")
async def test_recorded_replies_are_understood() -> None:
    """R-KEY-05."""
    for case in json.loads(RECORDED.read_text())["cases"]:
        body = case.get("body")
        sent = b"" if body is None else json.dumps(body).encode()
        if case["status"] == 200:
            info = await check_with(sent)
            assert info.type == (body or {}).get("type")
            continue
        expected = KeyRefusedError if case["status"] in (401, 403) else NgcUnavailableError
        with pytest.raises(expected):
            await check_with(sent, status=case["status"])
