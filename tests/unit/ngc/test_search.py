"""The list of models: whole, or an error."""

import json
from pathlib import Path
from typing import Any

import pytest

from odh_nim.domain.errors import NgcAnswerError, NgcUnavailableError
from odh_nim.ngc import Listing, NgcClient, Timeouts
from odh_nim.sandbox.nvidia import NvidiaStandIn
from odh_nim.sandbox.nvidia.control import preset
from odh_nim.sandbox.nvidia.seeds import SeedModel
from support.raw_server import answer, raw_server

QUICK = Timeouts(connect=1, read=0.4, key_check=0.6, call=0.8)
RECORDED = Path(__file__).parents[4] / "shared" / "data" / "ngc" / "catalog"
SEARCH = "/v2/search/catalog/resources/CONTAINER"


def model(name: str, *, team: str = "meta", tag: str = "1.0") -> SeedModel:
    return SeedModel("nim", team, name, latest_tag=tag, tags=(tag,) if tag else (), size_bytes=5)


def page(
    number: int | None, total: int, pages: int, *names: str, group: str = "CONTAINER"
) -> bytes:
    resources = [{"resourceId": f"nim/meta/{name}", "attributes": []} for name in names]
    return answer(
        json.dumps(
            {
                "resultTotal": total,
                "resultPageTotal": pages,
                "params": {} if number is None else {"page": number},
                "results": [{"groupValue": group, "resources": resources}],
            }
        ).encode()
    )


async def listing_of(*answers: bytes) -> Listing:
    async with raw_server(*answers) as server, NgcClient(server.url) as client:
        return await client.search_models()


@pytest.mark.anyio
@pytest.mark.parametrize("page_size", [1, 2, 1000])
async def test_every_page_is_read_and_each_model_counted_once(page_size: int) -> None:
    """R-CAT-22: the stand-in repeats the best hits in a group of their own, as NVIDIA does."""
    models = [model("a"), model("b"), model("b", team="other"), model("c")]
    async with NvidiaStandIn(models) as stand_in, NgcClient(stand_in.url) as client:
        listing = await client.search_models(page_size=page_size)
        keys = {entry.key for entry in stand_in.state.journal}

    assert [item.resource_id for item in listing.resources] == [
        "nim/meta/a",
        "nim/meta/b",
        "nim/other/b",
        "nim/meta/c",
    ]
    assert listing.resources[0].size_bytes == 5
    assert keys == {""}


@pytest.mark.anyio
async def test_model_without_a_tag_is_named_apart() -> None:
    models = [model("a"), model("empty", tag="")]
    async with NvidiaStandIn(models) as stand_in, NgcClient(stand_in.url) as client:
        listing = await client.search_models()

    assert listing.without_tag == ("nim/meta/empty",)
    assert len(listing.resources) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answers", "cause"),
    [
        ([page(0, 3, 1, "a", "b")], "announces 3 models and gives 2"),
        ([page(0, 1, 1, "a", "b")], "announces 1 models and gives 2"),
        ([page(0, 4, 2, "a", "b"), page(1, 5, 2, "c", "d")], "changed while they were read"),
        ([page(0, 4, 2, "a", "b"), page(1, 4, 3, "a", "b")], "page 1 brings nothing new"),
        ([page(0, 4, 2, "a", "b"), page(0, 4, 2, "c", "d")], "page 1 was asked, page 0 came"),
        ([page(None, 1, 1, "a")], "page 0 was asked, page None came"),
        ([page(0, 1, 1, "a", group="_scored")], "announces 1 models and gives 0"),
    ],
)
async def test_pages_that_do_not_add_up_are_an_error(answers: list[bytes], cause: str) -> None:
    """Never a part of the list."""
    with pytest.raises(NgcAnswerError, match=cause):
        await listing_of(*answers)


@pytest.mark.anyio
async def test_pages_without_end_are_an_error() -> None:
    endless = [page(number, 200, 1_000_000, f"m{number}") for number in range(101)]

    with pytest.raises(NgcAnswerError, match="more than 100 pages"):
        await listing_of(*endless)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"resultTotal": "1", "resultPageTotal": 1}',
        b'{"resultTotal": NaN, "resultPageTotal": 1}',
        b"[" * 100_000,
        b'{"resultTotal": 1, "resultPageTotal": 1, "results": [{"resources": [{}]}]}',
        b'{"resultTotal": 1, "resultPageTotal": 1, "results": [{"groupValue": "\xff"}]}',
    ],
    ids=lambda body: repr(body[:40]),
)
async def test_odd_page_is_an_error(body: bytes) -> None:
    """F31."""
    with pytest.raises(NgcAnswerError, match="page 0 of the catalogue"):
        await listing_of(answer(body))


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["429", "500", "502", "503", "504", "reset", "cut"])
async def test_fault_that_passes_is_waited_out(fault: str) -> None:
    """F27, F29."""
    async with NvidiaStandIn([model("a")]) as stand_in, NgcClient(stand_in.url) as client:
        stand_in.state.faults.append(preset(fault, times=1))
        listing = await client.search_models()
        faults = [entry.fault for entry in stand_in.state.journal]

    assert len(listing.resources) == 1
    assert len(faults) == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("503", "503"),
        ("400", "it answered 400"),
        ("403", "it answered 403"),
        ("html", "a web page came"),
        ("redirect", "which is not followed"),
        ("reset", "the connection was cut"),
        ("huge", "larger than 16384 KiB"),
    ],
)
async def test_fault_that_lasts_is_an_error(fault: str, words: str) -> None:
    """F29 to F31."""
    async with NvidiaStandIn([model("a")]) as stand_in, NgcClient(stand_in.url) as client:
        stand_in.state.faults.append(preset(fault))
        with pytest.raises(NgcUnavailableError, match=words):
            await client.search_models()


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["hang", "slow", "drip"])
async def test_silence_ends_at_the_deadline(fault: str) -> None:
    """F30."""
    async with (
        NvidiaStandIn([model("a")]) as stand_in,
        NgcClient(stand_in.url, timeouts=QUICK) as client,
    ):
        stand_in.state.faults.append(preset(fault))
        with pytest.raises(NgcUnavailableError, match="no answer"):
            await client.search_models()


@pytest.mark.anyio
async def test_rest_longer_than_the_deadline_is_not_begun() -> None:
    """F27."""
    async with (
        NvidiaStandIn([model("a")]) as stand_in,
        NgcClient(stand_in.url) as client,
    ):
        stand_in.state.faults.append(preset("429", retry_after="60"))
        with pytest.raises(NgcUnavailableError, match="it wants 60 s of rest"):
            await client.search_models()
        asked = len(stand_in.state.journal)

    assert asked == 1


@pytest.mark.anyio
async def test_short_rest_is_kept() -> None:
    """F27."""
    async with NvidiaStandIn([model("a")]) as stand_in, NgcClient(stand_in.url) as client:
        stand_in.state.faults.append(preset("429", retry_after="1", times=1))
        listing = await client.search_models()
        first, second = (entry.at for entry in stand_in.state.journal)

    assert len(listing.resources) == 1
    assert second - first >= 1


def recorded(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


@pytest.mark.anyio
@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded replies beside the checkout")
async def test_recorded_pages_are_understood() -> None:
    pages = [recorded("page_0_size_100.json"), recorded("page_1_size_100.json")]

    listing = await listing_of(*(answer(json.dumps(item).encode()) for item in pages))

    assert len(listing.resources) + len(listing.without_tag) == 186
    assert all(item.path for item in listing.resources)
