"""When to try again, and how long to wait: full jitter, one deadline for the whole operation."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_FIRST: Final = 0.25
_LONGEST: Final = 5.0
# Faults of the server or on the way; being told to wait (429) counts against the deadline only.
_TRIES: Final = 6
# No connection at all: most often nothing listens there, and somebody waits to hear it.
CONNECTION_TRIES: Final = 4


def _dice() -> float:
    """Give a number from 0 to 1; the module `random` takes longer to load than a call takes."""
    return int.from_bytes(os.urandom(4)) / 2**32


@dataclass(frozen=True)
class Pacing:
    """The clock and the dice; tests bring their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = _dice


class Attempts:
    """The tries of one operation."""

    def __init__(self, within: float, pacing: Pacing) -> None:
        self._pacing = pacing
        self._ends = pacing.now() + within
        self._failed = 0

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._ends - self._pacing.now()

    @property
    def first(self) -> bool:
        """Whether nothing has failed yet."""
        return self._failed == 0

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave out time that is not the server's: a person logs in."""
        begun = self._pacing.now()
        try:
            yield
        finally:
            self._ends += self._pacing.now() - begun

    async def again(
        self,
        *,
        retry_after: float | None = None,
        patient: bool = False,
        tries: int = _TRIES,
    ) -> bool:
        """Wait for the next try; False where it would come too late, or was one too many."""
        self._failed += 1
        if self._failed >= tries and not patient:
            return False
        wait = backoff(self._failed, self._pacing)
        if retry_after is not None:
            # Not earlier than asked, and not all callers at the same moment.
            wait = retry_after + wait / 4
        if wait >= self.left:
            return False
        await self._pacing.sleep(wait)
        return True


def backoff(failures: int, pacing: Pacing) -> float:
    """Give a random wait below a bound that doubles with each failure."""
    bound = min(_LONGEST, _FIRST * 2.0 ** min(failures - 1, 10))
    return bound * pacing.random()


def retry_after(text: str) -> float | None:
    """Read `Retry-After`: seconds, or a date; None where there is none that can be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - the API server sends seconds

    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
