"""The key check is no oracle: S21, T13, R-KEY-07."""

import asyncio
from dataclasses import dataclass, field

import pytest

from odh_nim.web.faults import TooOftenError
from odh_nim.web.limits import KeyCheckLimit
from support.keys import CANARY
from support.web import World, browser


@dataclass
class Clock:
    now: float = 1000.0
    naps: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)

    def limit(self) -> KeyCheckLimit:
        return KeyCheckLimit(self, self.sleep)


async def once(limit: KeyCheckLimit, caller: str = "alice") -> None:
    async with limit.check(caller):
        pass


@pytest.mark.anyio
async def test_a_caller_has_five_checks_a_minute() -> None:
    """R-KEY-07."""
    clock = Clock()
    limit = clock.limit()
    for _ in range(5):
        await once(limit)
        clock.now += 1

    with pytest.raises(TooOftenError) as refused:
        await once(limit)
    assert 50 <= refused.value.retry_after <= 56

    clock.now += refused.value.retry_after
    await once(limit)


@pytest.mark.anyio
async def test_of_one_caller_one_check_is_in_flight() -> None:
    """R-KEY-07."""
    limit = Clock().limit()
    async with limit.check("alice"):
        with pytest.raises(TooOftenError):
            await once(limit)
        await once(limit, "bob")
    await once(limit)


@pytest.mark.anyio
async def test_of_all_callers_two_a_second_begin_and_the_rest_waits_or_goes() -> None:
    """R-KEY-07, S21."""
    clock = Clock()
    limit = clock.limit()
    refused = 0
    for number in range(20):
        try:
            await once(limit, f"caller {number}")
        except TooOftenError:
            refused += 1

    # 0, 0, 1, 1, 2, 2, 3, 3: whoever would wait longer is told to come back.
    assert clock.naps == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0]
    assert refused == 12


@pytest.mark.anyio
async def test_looking_at_plans_takes_no_check_away() -> None:
    """R-KEY-07."""
    clock = Clock()
    limit = clock.limit()
    for _ in range(5):
        async with limit.check("alice", purpose="plan"):
            clock.now += 1

    await once(limit)


def test_of_a_thousand_calls_only_the_limit_reaches_nvidia() -> None:
    """R-KEY-07, S21, T13: all others get 429 with Retry-After, alike for good and bad keys."""
    world = World()
    with browser(world.app()) as client:
        answers = [
            client.post("/api/v1/key-checks", json={"key": f"{CANARY}{number}"})
            for number in range(1000)
        ]

        refused = [one for one in answers if one.status_code == 429]
        assert len(answers) - len(refused) == world.ngc.asked == 5
        assert all(int(one.headers["retry-after"]) > 0 for one in refused)
        assert {one.json()["type"] for one in refused} == {"urn:odh-nim:problem:too-often"}


@pytest.mark.anyio
async def test_who_gives_up_waiting_frees_the_place() -> None:
    limit = KeyCheckLimit()

    async def hold() -> None:
        async with limit.check("alice"):
            await asyncio.Event().wait()

    task = asyncio.create_task(hold())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await once(limit)
