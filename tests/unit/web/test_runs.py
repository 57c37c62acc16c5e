"""Runs go on when nobody listens, and no request runs twice: R-DEP-09, R-DEP-10, F39, F40."""

import asyncio
from typing import Any

import pytest

from odh_nim.domain.errors import ConflictError, OdhNimError
from odh_nim.web.faults import TooOftenError
from odh_nim.web.runs import Run, RunKey, Runs, Tell
from odh_nim.web.schemas_deployments import EndOut, LineOut

pytestmark = pytest.mark.anyio
KEY = RunKey("alice", "team-a", "request-1")
REQUEST = b"the same request"


def line(text: str) -> LineOut:
    return LineOut(type="line", line=text)


def failed(error: OdhNimError) -> LineOut:
    return line(f"failed: {error.message}")


class Work:
    """What a run does: says a line, waits to be let go, ends."""

    def __init__(self, error: Exception | None = None) -> None:
        self.begun = 0
        self.taken_back = 0
        self.let_go = asyncio.Event()
        self.error = error

    async def __call__(self, tell: Tell) -> EndOut:
        self.begun += 1
        tell(line("first"))
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.taken_back += 1
            raise
        if self.error is not None:
            raise self.error
        return EndOut(type="end")


def begin(runs: Runs, work: Any, key: RunKey = KEY, request: bytes = REQUEST) -> Run:
    return runs.begin(key, request, work, failed)


async def told(run: Run) -> list[str]:
    return [getattr(event, "line", "end") async for event in run.follow()]


async def test_the_same_request_twice_is_one_run_with_one_result() -> None:
    """R-DEP-09, UI-27."""
    runs, work = Runs(), Work()
    first, second = begin(runs, work), begin(runs, work)
    work.let_go.set()

    assert list(await asyncio.gather(told(first), told(second))) == [["first", "end"]] * 2
    # Asked once more after the end: the same answer, nothing is done again.
    assert await told(begin(runs, work)) == ["first", "end"]
    assert work.begun == 1


async def test_a_run_goes_on_when_its_listener_leaves() -> None:
    """R-DEP-10: a closed tab."""
    runs, work = Runs(), Work()
    run = begin(runs, work)
    listener = asyncio.create_task(told(run))
    await asyncio.sleep(0.01)
    listener.cancel()
    await asyncio.sleep(0)
    work.let_go.set()

    assert await told(run) == ["first", "end"]
    assert work.taken_back == 0


async def test_what_failed_is_tried_again() -> None:
    """R-DEP-08: with the same request id the remainder is finished."""
    runs, broken, good = Runs(), Work(OdhNimError("no")), Work()
    broken.let_go.set()
    good.let_go.set()

    assert await told(begin(runs, broken)) == ["first", "failed: no"]
    assert await told(begin(runs, good)) == ["first", "end"]


async def test_a_fault_of_ours_ends_the_stream_without_its_text() -> None:
    """I7."""
    runs, work = Runs(), Work(RuntimeError("nvapi-secret"))
    work.let_go.set()

    [_, last] = await told(begin(runs, work))

    assert "nvapi" not in last
    assert last.startswith("failed: The server stopped")


async def test_one_request_id_is_not_used_for_two_things() -> None:
    """R-DEP-09."""
    runs, work = Runs(), Work()
    begin(runs, work)

    with pytest.raises(ConflictError):
        begin(runs, work, request=b"another request")
    work.let_go.set()
    await runs.drain(1)


async def test_nobody_sees_the_run_of_somebody_else() -> None:
    """S1: the same id of another caller, or in another project, is another run."""
    runs, work = Runs(), Work()
    begin(runs, work)
    begin(runs, work, RunKey("bob", "team-a", "request-1"))
    begin(runs, work, RunKey("alice", "team-b", "request-1"))
    work.let_go.set()
    await runs.drain(1)

    assert work.begun == 3


async def test_a_caller_has_few_runs_at_once() -> None:
    """S23."""
    runs, work = Runs(), Work()
    for number in range(8):
        begin(runs, work, RunKey("alice", "team-a", f"request-{number}"))

    with pytest.raises(TooOftenError):
        begin(runs, work, RunKey("alice", "team-a", "one more"))
    begin(runs, work, RunKey("bob", "team-a", "of another"))
    work.let_go.set()
    await runs.drain(1)


async def test_a_server_that_stops_lets_runs_end() -> None:
    """F40: SIGTERM."""
    runs, work = Runs(), Work()
    run = begin(runs, work)
    asyncio.get_running_loop().call_later(0.05, work.let_go.set)

    await runs.drain(5)

    assert await told(run) == ["first", "end"]
    assert work.taken_back == 0


async def test_what_does_not_end_in_time_is_taken_back() -> None:
    """F40: SIGTERM."""
    runs, work = Runs(), Work()
    run = begin(runs, work)
    await asyncio.sleep(0)

    await runs.drain(0.05)

    assert work.taken_back == 1
    assert (await told(run))[-1].startswith("failed: The server stopped")


async def test_results_are_forgotten_after_a_while() -> None:
    """DESIGN 8: no state of any user."""
    now = [0.0]
    runs, work = Runs(clock=lambda: now[0]), Work()
    work.let_go.set()
    await told(begin(runs, work))
    now[0] = 601
    await told(begin(runs, work))

    assert work.begun == 2
