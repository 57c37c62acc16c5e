"""How often NVIDIA may be asked about a key, so that this server is no oracle for stolen ones.

Per replica and in memory: a limit that is shared would need a store, and this one already keeps a
single caller and the whole server far below what would be noticed at NVIDIA.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from odh_nim.web.faults import TooOftenError

_PER_USER: Final = 5
_USER_SECONDS: Final = 60.0
_TOGETHER: Final = 2
_TOGETHER_SECONDS: Final = 1.0
_LONGEST_WAIT: Final = 3.0
# Callers are forgotten when they have been quiet; this bounds what a crowd can make us remember.
_MAX_CALLERS: Final = 10_000


class KeyCheckLimit:
    """At most five checks a minute and one at a time per caller, two a second in all.

    Plans ask about keys too. They have a count of their own, or looking at a plan would take away
    the checks that a person asks for. Whoever meets only the limit of all waits a moment for a
    place; when too many wait, they are told to come back.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._callers: dict[str, deque[float]] = {}
        # When those of all begin, the ones that wait included.
        self._all: deque[float] = deque()
        self._in_flight: set[str] = set()

    @asynccontextmanager
    async def check(self, caller: str, *, purpose: str = "check") -> AsyncIterator[None]:
        """Hold a place for one check.

        Raises:
            TooOftenError: There is none.

        """
        caller = f"{purpose} {caller}"
        wait = self._take(caller)
        self._in_flight.add(caller)
        try:
            if wait > 0:
                await self._sleep(wait)
            yield
        finally:
            self._in_flight.discard(caller)

    def _take(self, caller: str) -> float:
        """Take a place; give the seconds until it begins."""
        now = self._clock()
        if caller in self._in_flight:
            raise TooOftenError(1)
        self._forget(now)
        mine = self._callers.get(caller, deque())
        wait = _wait(mine, _PER_USER, _USER_SECONDS, now)
        if wait > 0 or (caller not in self._callers and len(self._callers) >= _MAX_CALLERS):
            raise TooOftenError(max(1, round(wait + 0.5)))
        begins = now + max(0.0, _wait(self._all, _TOGETHER, _TOGETHER_SECONDS, now))
        if begins - now > _LONGEST_WAIT:
            raise TooOftenError(max(1, round(begins - now + 0.5)))
        self._callers.setdefault(caller, mine).append(now)
        self._all.append(begins)
        return begins - now

    def _forget(self, now: float) -> None:
        _drop_old(self._all, now - _TOGETHER_SECONDS)
        for caller, times in list(self._callers.items()):
            _drop_old(times, now - _USER_SECONDS)
            if not times:
                del self._callers[caller]


def _drop_old(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()


def _wait(times: deque[float], most: int, seconds: float, now: float) -> float:
    """Seconds until there is a place again; zero where there is one."""
    return times[-most] + seconds - now if len(times) >= most else 0.0
