"""A small server on a loopback port, inside somebody else's event loop."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import uvicorn
from starlette.types import ASGIApp

from odh_nim.domain.errors import SandboxError

_HOST: Final = "127.0.0.1"


@dataclass(frozen=True)
class TlsFiles:
    """What a server shows, and whose certificates it demands from callers; None for nobody's."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class _Server(uvicorn.Server):
    """A server inside someone else's event loop: signals are not its business."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LoopbackServer:
    """Serves one application; `async with` starts and stops it. Port 0 is any free one."""

    def __init__(self, app: ASGIApp, *, port: int = 0, tls: TlsFiles | None = None) -> None:
        self._app = app
        self._wanted = port
        self._tls = tls
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._socket is not None
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        """The address."""
        return f"{'https' if self._tls else 'http'}://{_HOST}:{self.port}"

    async def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            SandboxError: The port is taken, or the certificate cannot be used.

        """
        self._socket = _listen(self._wanted)
        try:
            self._server = _Server(self._config())
            self._server.config.load()
        except OSError as error:
            self._socket.close()
            raise SandboxError(f"The certificate of a stand-in cannot be used: {error}") from error
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))
        await self._server.listening.wait()

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task
        self._task = None
        await _cut_off(self._server)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    def _config(self) -> uvicorn.Config:
        options: dict[str, Any] = {}
        if self._tls:
            options = {"ssl_certfile": self._tls.certificate, "ssl_keyfile": self._tls.key}
        if self._tls and self._tls.client_ca:
            options |= {"ssl_ca_certs": self._tls.client_ca, "ssl_cert_reqs": ssl.CERT_REQUIRED}
        return uvicorn.Config(
            self._app,
            http="h11",  # the fault layer of NVIDIA's stand-in reaches for its connections
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Hanging answers must not hold up the end.
            timeout_graceful_shutdown=1,
            **options,
        )


async def _cut_off(server: _Server) -> None:
    """End what still hangs: a server that is forced to its end leaves it behind."""
    tasks = list(server.server_state.tasks)
    for task in tasks:
        task.cancel()
    for connection in list(server.server_state.connections):
        if connection.transport is not None:
            connection.transport.abort()
    await asyncio.gather(*tasks, return_exceptions=True)


def _listen(port: int) -> socket.socket:
    # Only where the protocol is named does asyncio switch off Nagle's algorithm, which would hold
    # back every second small packet for 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        raise SandboxError(f"Port {port} cannot be used: {error.strerror}.") from error
    return listener
