"""Answers that hold for some seconds, each for the login that they were given to."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from odh_nim.cluster.identity import current_identity

T = TypeVar("T")
_MOST: Final = 2000


def login_of_caller() -> str:
    """Name the login of this request, without keeping it."""
    identity = current_identity()
    if identity is None:
        return "local"
    return hashlib.sha256(f"token {identity.token}".encode()).hexdigest()


class Moments(Generic[T]):
    """Asks once for all who come at the same time with one login, and not again for a moment.

    A failure is told to those who wait for it and is not kept.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, asyncio.Future[T]]] = OrderedDict()

    async def get(self, login: str, ask: Callable[[], Awaitable[T]]) -> T:
        """Give the answer of this login, asking where there is none that holds."""
        now = self._clock()
        known = self._known.get(login)
        if known is None or known[0] <= now:
            asking: asyncio.Future[T] = asyncio.ensure_future(ask())
            known = (now + self._seconds, asking)
            self._known[login] = known
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        try:
            # One who leaves does not end it for the others.
            return await asyncio.shield(known[1])
        except BaseException:
            if known[1].done() and self._known.get(login) is known:
                del self._known[login]
            raise
