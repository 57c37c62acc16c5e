import asyncio
from collections.abc import Callable

import pytest
import stamina

from odh_nim.domain.errors import NgcUnavailableError
from odh_nim.ngc import Pace
from odh_nim.ngc.pace import send_paced
from odh_nim.ngc.transport import Answer, PassingFaultError

GOOD = Answer(200, "application/json", None, b"{}")


def busy(wait: float | None = 0.05) -> Answer:
    return Answer(429, "application/json", wait, b"{}")


async def ask(pace: Pace, send: Callable[[float], Answer], within: float = 5) -> Answer:
    async def answer(left: float) -> Answer:
        await asyncio.sleep(0.001)
        return send(left)

    with stamina.set_testing(testing=True, attempts=4):
        return await send_paced(answer, pace, within=within, host="ngc")


@pytest.mark.anyio
async def test_never_more_calls_run_than_the_pace_allows() -> None:
    """R-CAT-03."""
    pace = Pace(3)
    running = most = 0

    async def call() -> None:
        nonlocal running, most
        async with pace.turn():
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.002)
            running -= 1

    await asyncio.gather(*(call() for _ in range(20)))

    assert most == 3


@pytest.mark.anyio
async def test_cancelled_call_leaves_its_place_to_the_next() -> None:
    pace = Pace(1)
    ran: list[int] = []

    async def call(number: int) -> None:
        async with pace.turn():
            ran.append(number)
            await asyncio.sleep(0.01)

    calls = [asyncio.create_task(call(number)) for number in range(4)]
    await asyncio.sleep(0.005)
    calls[0].cancel()
    calls[1].cancel()
    await asyncio.gather(*calls, return_exceptions=True)

    assert ran == [0, 2, 3]


@pytest.mark.anyio
async def test_one_busy_answer_makes_all_wait_and_halves_the_pace() -> None:
    """R-CAT-03."""
    pace = Pace(8)
    loop = asyncio.get_running_loop()
    began = loop.time()

    assert pace.slow_down(0.1, began)
    assert pace.at_once == 4
    async with pace.turn() as later:
        assert later - began >= 0.1


@pytest.mark.anyio
async def test_busy_answers_to_calls_that_ran_already_are_the_same_news() -> None:
    pace = Pace(8)
    began = asyncio.get_running_loop().time()

    for _ in range(8):
        assert pace.slow_down(0.1, began)

    assert pace.at_once == 4


@pytest.mark.anyio
async def test_good_answers_in_a_row_lift_the_pace_again() -> None:
    pace = Pace(4)
    pace.slow_down(0, asyncio.get_running_loop().time())
    assert pace.at_once == 2

    for _ in range(2 + 3):
        pace.went_well()
    assert pace.at_once == 4

    for _ in range(100):
        pace.went_well()
    assert pace.at_once == 4


@pytest.mark.anyio
async def test_patience_is_one_sum_for_the_whole_run() -> None:
    pace = Pace(8, patience=0.05)
    loop = asyncio.get_running_loop()

    assert pace.slow_down(0.03, loop.time())
    await asyncio.sleep(0.04)
    assert not pace.slow_down(0.03, loop.time())


@pytest.mark.anyio
async def test_busy_answers_are_no_failures_while_patience_lasts() -> None:
    answers = [busy(0.01), busy(0.01), busy(0.01), busy(0.01), busy(0.01), GOOD]

    assert await ask(Pace(4), lambda _: answers.pop(0)) == GOOD


@pytest.mark.anyio
async def test_wait_beyond_patience_is_told() -> None:
    with pytest.raises(NgcUnavailableError, match="it wants 600 s of rest"):
        await ask(Pace(4), lambda _: busy(600))


@pytest.mark.anyio
async def test_waiting_for_a_turn_does_not_count_against_the_deadline() -> None:
    lefts: list[float] = []
    answers = [busy(0.3), GOOD]

    def send(left: float) -> Answer:
        lefts.append(left)
        return answers.pop(0)

    await ask(Pace(1), send, within=0.2)

    assert lefts[1] > 0.1


@pytest.mark.anyio
async def test_server_faults_and_lost_connections_are_tried_four_times() -> None:
    calls = 0

    def send(_: float) -> Answer:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise PassingFaultError("ngc", "the connection was cut")
        return Answer(503, "", None, b"")

    with pytest.raises(NgcUnavailableError, match="it answered 503"):
        await ask(Pace(4), send)
    assert calls == 4


@pytest.mark.anyio
async def test_failed_call_gives_its_turn_back() -> None:
    pace = Pace(1)

    def broken(_: float) -> Answer:
        raise NgcUnavailableError("ngc", "its answer is larger than 1 KiB")

    for _ in range(3):
        with pytest.raises(NgcUnavailableError):
            await ask(pace, broken)

    assert await ask(pace, lambda _: GOOD) == GOOD
