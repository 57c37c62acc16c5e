"""One model's details, or why there are none."""

import contextlib
import json
from pathlib import Path

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyRefusedError, NgcAnswerError, NgcUnavailableError
from odh_nim.ngc import Missing, ModelDetails, NgcClient, Timeouts
from odh_nim.sandbox.nvidia import NvidiaStandIn, dummy_key
from odh_nim.sandbox.nvidia.control import preset
from odh_nim.sandbox.nvidia.seeds import SeedModel
from support.raw_server import answer, raw_server

QUICK = Timeouts(connect=1, read=0.4, key_check=0.6, call=0.8)
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "ngc"
KEY = ApiKey("nvapi-CANARY-KEY-0000000000")
LLAMA = SeedModel(
    "nim",
    "meta",
    "llama",
    display_name="Llama",
    tags=("1.8", "latest"),
    latest_tag="latest",
    size_bytes=12,
    architectures=("amd64", "arm64"),
    eu_restricted=True,
)


def key(name: str) -> ApiKey:
    return ApiKey(dummy_key(name).value)


async def answered(body: bytes, status: int = 200, **head: str) -> ModelDetails | Missing:
    async with (
        raw_server(answer(body, status=status, **head)) as server,  # type: ignore[arg-type]  # as a test names them
        NgcClient(server.url) as client,
    ):
        return await client.model("nim", "meta", "llama", KEY)


@pytest.mark.anyio
async def test_details_hold_tags_size_and_architectures() -> None:
    async with NvidiaStandIn([LLAMA]) as stand_in, NgcClient(stand_in.url) as client:
        details = await client.model("nim", "meta", "llama", key("good"))

    assert isinstance(details, ModelDetails)
    assert (details.name, details.namespace, details.tags) == (
        "llama",
        "nim/meta",
        ("1.8", "latest"),
    )
    variants = details.latest_architecture_variants or ()
    assert [(item.architecture, item.compressed_size) for item in variants] == [
        ("amd64", 12),
        ("arm64", 12),
    ]


@pytest.mark.anyio
async def test_restricted_model_is_missing_for_the_region() -> None:
    """R-CAT-19: F28."""
    async with NvidiaStandIn([LLAMA]) as stand_in, NgcClient(stand_in.url) as client:
        assert await client.model("nim", "meta", "llama", key("europe")) is Missing.REGION


@pytest.mark.anyio
async def test_unknown_model_is_gone() -> None:
    """F26."""
    async with NvidiaStandIn([LLAMA]) as stand_in, NgcClient(stand_in.url) as client:
        assert await client.model("nim", "other", "llama", key("good")) is Missing.GONE


@pytest.mark.anyio
async def test_refused_key_ends_the_call() -> None:
    """F25."""
    async with NvidiaStandIn([LLAMA]) as stand_in, NgcClient(stand_in.url) as client:
        with pytest.raises(KeyRefusedError):
            await client.model("nim", "meta", "llama", key("expired"))
        asked = len(stand_in.state.journal)

    assert asked == 1


@pytest.mark.anyio
async def test_model_without_rights_is_missing() -> None:
    assert await answered(b"{}", 403) is Missing.NO_RIGHT


@pytest.mark.anyio
@pytest.mark.parametrize("status", [403, 404, 451])
async def test_web_page_decides_nothing_about_a_model(status: int) -> None:
    """F29: else a captive portal would empty the catalogue."""
    with pytest.raises(NgcUnavailableError, match="a web page came"):
        await answered(b"<html>", status, media_type="text/html")


@pytest.mark.anyio
async def test_region_is_known_without_a_body() -> None:
    assert await answered(b"", 451, media_type="") is Missing.REGION


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"name": 1, "namespace": "nim/meta"}',
        b'{"name": "llama", "namespace": "nim/meta", "tags": "1.8"}',
        b'{"name": "llama", "namespace": "nim/meta", "latestImageSize": NaN}',
        b"{" * 100_000,
    ],
    ids=lambda body: repr(body[:60]),
)
async def test_odd_details_are_an_error(body: bytes) -> None:
    """F31."""
    with pytest.raises(NgcAnswerError, match="model nim/meta/llama"):
        await answered(body)


@pytest.mark.anyio
async def test_absent_and_null_fields_are_taken_as_they_are() -> None:
    details = await answered(
        b'{"name": "llama", "namespace": "nim/meta", "tags": null, "latestTag": null}'
    )

    assert details == ModelDetails("llama", "nim/meta")


@pytest.mark.anyio
@pytest.mark.parametrize(("fault", "words"), [("503", "503"), ("huge", "larger than 2048 KiB")])
async def test_fault_that_lasts_is_an_error(fault: str, words: str) -> None:
    """F29, F31."""
    async with NvidiaStandIn([LLAMA]) as stand_in, NgcClient(stand_in.url) as client:
        stand_in.state.faults.append(preset(fault))
        with pytest.raises(NgcUnavailableError, match=words):
            await client.model("nim", "meta", "llama", key("good"))


@pytest.mark.anyio
async def test_silence_ends_at_the_deadline() -> None:
    """F30."""
    async with (
        NvidiaStandIn([LLAMA]) as stand_in,
        NgcClient(stand_in.url, timeouts=QUICK) as client,
    ):
        stand_in.state.faults.append(preset("hang"))
        with pytest.raises(NgcUnavailableError, match="no answer"):
            await client.model("nim", "meta", "llama", key("good"))


@pytest.mark.anyio
async def test_names_cannot_leave_their_place_in_the_path() -> None:
    """S17."""
    async with raw_server(answer(b"{}", status=404)) as server, NgcClient(server.url) as client:
        await client.model("nim", "../..", "a?b#c/d", KEY)

    assert server.requests[0].startswith(
        "GET /v2/org/nim/team/..%2F../repos/a%3Fb%23c%2Fd?resolve-labels=true "
    )
    assert KEY.reveal() not in server.requests[0].splitlines()[0]


@pytest.mark.anyio
@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded replies beside the checkout")
async def test_recorded_reply_is_understood() -> None:
    body = json.loads((RECORDED / "real" / "model_tags.json").read_text())

    details = await answered(json.dumps(body).encode())

    assert isinstance(details, ModelDetails)
    assert details.name == "llama-3.1-8b-instruct"
    assert details.tags


@pytest.mark.anyio
@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded replies beside the checkout")
async def test_recorded_odd_models_never_end_in_a_foreign_error() -> None:
    """F31."""
    records = [
        json.loads(line) for line in (RECORDED / "models_odd.jsonl").read_text().splitlines()
    ]
    answers = [
        answer(
            b"" if record.get("body") is None else json.dumps(record["body"]).encode(),
            status=record.get("status", 200),
        )
        for record in records
    ]
    async with raw_server(*answers) as server, NgcClient(server.url) as client:
        for _ in records:
            with contextlib.suppress(KeyRefusedError, NgcAnswerError, NgcUnavailableError):
                found = await client.model("nim", "meta", "llama", KEY)
                assert isinstance(found, ModelDetails | Missing)
        assert len(server.requests) >= len(records)
