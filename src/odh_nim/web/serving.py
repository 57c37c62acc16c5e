"""Runs the server: uvicorn with limits of ours, and an end in order.

uvicorn alone waits for ever for a client that never finishes its request's head, and lets streams
hold up the end of the process.
"""

import asyncio
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from odh_nim.web.services import GRACE

# A head arrives within this time, or the connection is closed.
HEAD_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 15
MOST_CONNECTIONS: Final = 1000
_LARGEST_HEAD: Final = 32 * 1024


class GuardedProtocol(H11Protocol):
    """One connection: bounded in number, and in the time that a request's head takes."""

    most: int = MOST_CONNECTIONS
    head_seconds: float = HEAD_SECONDS
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Take a connection, or close it where there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.close()
            return
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Read on; the time for a head begins with its first byte."""
        if self._head_timer is None and self.conn.their_state is h11.IDLE:
            self._await_head()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the clock with the connection."""
        self._stop_clock()
        super().connection_lost(exc)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()


class GracefulServer(uvicorn.Server):
    """Tells whoever only listens when the server is told to stop."""

    def __init__(self, config: uvicorn.Config, closing: Callable[[], None]) -> None:
        super().__init__(config)
        self._closing = closing

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end."""
        super().handle_exit(sig, frame)
        self._closing()


def make_server(
    app: ASGIApp, *, host: str, port: int, closing: Callable[[], None], grace: float = GRACE
) -> GracefulServer:
    """Make a server; it listens when it is run."""
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "http": GuardedProtocol,
        "ws": "none",
        # Nothing about the caller is taken from headers that a proxy may set.
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "h11_max_incomplete_event_size": _LARGEST_HEAD,
        # No request starts with what an earlier one on the connection has set.
        "reset_contextvars": True,
        "timeout_keep_alive": IDLE_SECONDS,
        "timeout_graceful_shutdown": round(grace),
        "lifespan": "on",
    }
    return GracefulServer(uvicorn.Config(app, **options), closing)
