"""The stand-in as a service on a loopback port."""

import asyncio
import contextlib
import socket
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self

import uvicorn

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.nvidia.app import StandInApp
from odh_nim.sandbox.nvidia.faults import FaultLayer
from odh_nim.sandbox.nvidia.seeds import SeedModel, read_seed
from odh_nim.sandbox.nvidia.state import StandInState


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


class NvidiaStandIn:
    """NVIDIA's API and registry at one address; `async with` starts and stops it."""

    def __init__(self, models: Iterable[SeedModel] | None = None, *, port: int = 0) -> None:
        self.state = StandInState.of(read_seed() if models is None else models)
        self._port = port
        self._socket: socket.socket | None = None
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address: of the API and of the registry."""
        assert self._socket is not None
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    async def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            SandboxError: The port is taken.

        """
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._socket.bind(("127.0.0.1", self._port))
        except OSError as error:
            self._socket.close()
            raise SandboxError(f"Port {self._port} cannot be used: {error.strerror}.") from error
        config = uvicorn.Config(
            FaultLayer(StandInApp(self.state).build(), self.state),
            http="h11",  # the fault layer reaches for its connections
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # Hanging answers must not hold up the end.
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
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
