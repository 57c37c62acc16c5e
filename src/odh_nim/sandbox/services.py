"""Keeps what the supervisor itself runs beside the control plane's processes running."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Final

_log: Final = logging.getLogger(__name__)
_PAUSE: Final = 1.0


class ServiceKeeper:
    """Runs a service inside this process, and again when it fails.

    The service sets the event it is given when it can be used.
    """

    def __init__(self, name: str, run: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        self.name = name
        self.restarts = 0
        self.ready = asyncio.Event()
        self._run = run
        self._task = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop the service."""
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _keep(self) -> None:
        while True:
            try:
                await self._run(self.ready)
            except Exception:  # noqa: BLE001 - the others go on, and the log tells the reason
                _log.exception("%s failed and is started again", self.name)
            self.ready.clear()
            self.restarts += 1
            await asyncio.sleep(_PAUSE)
