"""How fast a run asks NVIDIA: so many calls at once, and all of them wait when it is busy.

A busy answer (429) to one call is news for all: each of the others would only be refused as well.
So every call of a run shares one `Pace`. A busy answer makes all wait and halves how many run at
once; each row of good answers lets one more run again.
"""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

import stamina

from odh_nim.domain.errors import NgcUnavailableError
from odh_nim.ngc.transport import Answer, PassingFaultError, status_cause

_ATTEMPTS: Final = 4
_SERVER_FAULTS: Final = (500, 502, 503, 504)
# The wait after a busy answer that names none: doubled each time, up to the second figure.
_FIRST_REST: Final = 1.0
_LONGEST_REST: Final = 30.0


class Pace:
    """The shared brake of one run; made for one event loop."""

    def __init__(self, at_once: int, *, patience: float = 300) -> None:
        self.at_once = at_once
        self._most = at_once
        self._patience = patience
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._rests_until = 0.0
        self._rests_in_a_row = 0
        self._good_in_a_row = 0

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[float]:
        """Wait until one more call may run; give the time it began."""
        try:
            await self._until_allowed()
        except asyncio.CancelledError:
            # It may have been woken in another's place.
            self._wake_one()
            raise
        self._running += 1
        try:
            yield _now()
        finally:
            self._running -= 1
            self._wake_one()

    def slow_down(self, wanted: float | None, began: float) -> bool:
        """Let all calls rest after a busy answer; False where patience is at its end."""
        self._good_in_a_row = 0
        if began < self._rests_until:
            # It was on its way when the brake was pulled: the same news once more.
            return True
        self._rests_in_a_row += 1
        rest = wanted if wanted is not None else _own_rest(self._rests_in_a_row)
        if rest > self._patience:
            return False
        self._patience -= rest
        self._rests_until = _now() + rest
        self.at_once = max(1, self.at_once // 2)
        return True

    def went_well(self) -> None:
        """Count a good answer; a row of them as long as the limit lifts the limit by one."""
        self._rests_in_a_row = 0
        self._good_in_a_row += 1
        if self._good_in_a_row >= self.at_once < self._most:
            self._good_in_a_row = 0
            self.at_once += 1
            self._wake_one()

    async def _until_allowed(self) -> None:
        while True:
            if (left := self._rests_until - _now()) > 0:
                await asyncio.sleep(left)
            elif self._running < self.at_once:
                return
            else:
                turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(turn)
                await turn

    def _wake_one(self) -> None:
        """Wake one of those that wait: with hundreds of them, waking all would cost a lot."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return


async def send_paced(
    send: Callable[[float], Awaitable[Answer]], pace: Pace, *, within: float, host: str
) -> Answer:
    """Send until there is an answer; waiting for a turn does not count against the deadline.

    Raises:
        NgcUnavailableError: There is no complete answer in time, or only server faults.

    """
    left = within

    async def once() -> Answer:
        nonlocal left
        while True:
            async with pace.turn() as began:
                try:
                    answer = await send(left)
                finally:
                    left -= _now() - began
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                pace.went_well()
                return answer
            if not pace.slow_down(answer.retry_after, began):
                raise NgcUnavailableError(host, status_cause(answer))

    async for attempt in stamina.retry_context(
        on=lambda error: isinstance(error, PassingFaultError) and left > 0,
        attempts=_ATTEMPTS,
        timeout=None,
        wait_initial=0.2,
        wait_max=3,
        wait_jitter=0.2,
    ):
        with attempt:
            answer = await once()
            if answer.status in _SERVER_FAULTS:
                raise PassingFaultError(host, status_cause(answer))
    return answer


def _own_rest(times: int) -> float:
    longest = min(_LONGEST_REST, _FIRST_REST * 2.0 ** (times - 1))
    # Not all clients of an address should come back at the same moment.
    return longest * random.uniform(0.5, 1)  # noqa: S311 - jitter, not a secret


def _now() -> float:
    return asyncio.get_running_loop().time()
