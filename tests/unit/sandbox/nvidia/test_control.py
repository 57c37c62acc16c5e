"""Switching the stand-in while it runs, and what it writes down."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError, KeyRefusedError, NgcUnavailableError, SandboxError
from odh_nim.ngc import NgcClient, Timeouts
from odh_nim.sandbox.nvidia import (
    NvidiaStandIn,
    change,
    clear_journal,
    dummy_key,
    preset,
    read_journal,
    read_state,
    reset,
    set_fault,
)
from odh_nim.sandbox.nvidia.control import PRESETS
from odh_nim.sandbox.nvidia.seeds import read_seed
from odh_nim.sandbox.nvidia.state import Fault, StandInState

GOOD = ApiKey(dummy_key("good").value)
CHECK = "/v3/keys/get-caller-info"


async def in_thread(call: Callable[..., Any], *values: Any, **names: Any) -> Any:
    """Control the stand-in as another process does, while its loop goes on."""
    return await asyncio.to_thread(call, *values, **names)


@pytest.mark.anyio
async def test_fault_is_set_shown_and_taken_back() -> None:
    """R-TST-04."""
    async with NvidiaStandIn([]) as stand_in, NgcClient(stand_in.url) as client:
        await in_thread(set_fault, stand_in.url, "503")
        with pytest.raises(NgcUnavailableError, match="503"):
            await client.caller_info(GOOD)
        shown = await in_thread(read_state, stand_in.url)
        await in_thread(set_fault, stand_in.url)
        await client.caller_info(GOOD)

    assert [fault["status"] for fault in shown["faults"]] == [503]


@pytest.mark.anyio
async def test_fault_is_limited_to_paths_and_times() -> None:
    async with NvidiaStandIn([]) as stand_in, NgcClient(stand_in.url) as client:
        await in_thread(set_fault, stand_in.url, "500", path="/v2/", times=1)
        await client.caller_info(GOOD)
        await in_thread(set_fault, stand_in.url, "500", path=CHECK, times=2)
        for _ in range(2):
            with pytest.raises(NgcUnavailableError):
                await client.caller_info(GOOD)
        await client.caller_info(GOOD)


@pytest.mark.anyio
async def test_revoking_and_resetting_count_at_once() -> None:
    async with NvidiaStandIn([]) as stand_in, NgcClient(stand_in.url) as client:
        await in_thread(change, stand_in.url, revoked=["good"])
        with pytest.raises(KeyRefusedError):
            await client.caller_info(GOOD)
        await in_thread(reset, stand_in.url)
        await client.caller_info(GOOD)


@pytest.mark.anyio
async def test_latency_delays_every_answer_but_the_controls() -> None:
    async with NvidiaStandIn([]) as stand_in, NgcClient(stand_in.url) as client:
        await in_thread(set_fault, stand_in.url, latency_ms=200)
        started = time.monotonic()
        await client.caller_info(GOOD)
        slow = time.monotonic() - started

    assert slow >= 0.2


@pytest.mark.anyio
async def test_journal_names_dummy_keys_and_holds_no_key() -> None:
    """R-KEY-01."""
    stranger = ApiKey("nvapi-CANARY-KEY-0000000000")
    async with NvidiaStandIn([]) as stand_in, NgcClient(stand_in.url) as client:
        await client.caller_info(GOOD)
        with pytest.raises(KeyRefusedError):
            await client.caller_info(stranger)
        await client.search_models()
        journal = await in_thread(read_journal, stand_in.url)
        await in_thread(clear_journal, stand_in.url)
        emptied = await in_thread(read_journal, stand_in.url)

    assert [(entry["method"], entry["key"]) for entry in journal] == [
        ("POST", "good"),
        ("POST", "unknown"),
        ("GET", ""),
    ]
    assert "nvapi-" not in str(journal)
    assert emptied == []


@pytest.mark.anyio
async def test_unknown_switch_is_refused_in_words() -> None:
    async with NvidiaStandIn([]) as stand_in:
        with pytest.raises(SandboxError, match="refused the change"):
            await in_thread(change, stand_in.url, no_such_switch=True)
        with pytest.raises(SandboxError, match="refused the change"):
            await in_thread(change, stand_in.url, latency_ms="slow")


@pytest.mark.anyio
async def test_controls_are_served_under_every_fault() -> None:
    async with NvidiaStandIn([]) as stand_in:
        stand_in.state.faults.append(preset("hang"))
        answer = await in_thread(reset, stand_in.url)

    assert answer["faults"] == []


def test_stand_in_that_does_not_run_is_named() -> None:
    with pytest.raises(SandboxError, match="does not answer"):
        read_state("http://127.0.0.1:9")


@pytest.mark.parametrize("name", ["no-such-fault", "99", "600", "٤٠٤", ""])
def test_unknown_fault_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(InputError) as refusal:
        preset(name)

    assert all(known in refusal.value.remedy for known in PRESETS)


def test_preset_takes_status_wish_for_rest_path_and_times() -> None:
    fault = preset("429", retry_after="7", path="/v2/", times=2)

    assert (fault.status, fault.headers["retry-after"], fault.path, fault.times) == (
        429,
        "7",
        "/v2/",
        2,
    )


def test_preset_is_not_changed_by_its_use() -> None:
    preset("html", retry_after="7", times=1)

    assert "retry-after" not in PRESETS["html"].headers
    assert PRESETS["html"].times is None


def test_first_fault_that_fits_the_path_is_taken_and_counted_down() -> None:
    state = StandInState({}, faults=[Fault("hang", path="/a", times=2), Fault("reset")])

    taken = [state.take_fault(path) for path in ("/a", "/b", "/a/x", "/a")]

    assert [fault.kind for fault in taken if fault] == ["hang", "reset", "hang", "reset"]


@pytest.mark.anyio
async def test_end_does_not_wait_for_answers_that_hang() -> None:
    async with NvidiaStandIn([]) as stand_in:
        stand_in.state.faults.append(preset("hang"))
        timeouts = Timeouts(key_check=0.2)
        async with NgcClient(stand_in.url, timeouts=timeouts) as client:
            with pytest.raises(NgcUnavailableError):
                await client.caller_info(GOOD)
        async with httpx2.AsyncClient(trust_env=False) as other:
            hanging = asyncio.create_task(other.get(f"{stand_in.url}/v2/"))
            await asyncio.sleep(0.1)
            started = time.monotonic()
            await stand_in.stop()
            with pytest.raises(httpx2.TransportError):
                await hanging

    assert time.monotonic() - started < 2


@pytest.mark.anyio
async def test_taken_port_is_named() -> None:
    async with NvidiaStandIn([]) as stand_in:
        port = int(stand_in.url.rpartition(":")[2])
        with pytest.raises(SandboxError, match=f"Port {port} cannot be used"):
            await NvidiaStandIn([], port=port).start()


def test_broken_seed_is_named(tmp_path: Any) -> None:
    file = tmp_path / "models.json"
    file.write_text("[{]")

    with pytest.raises(SandboxError, match=r"models\.json cannot be read"):
        read_seed(file)
