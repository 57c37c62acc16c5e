"""The stand-in as a service on a loopback port."""

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from odh_nim.sandbox.loopback import LoopbackServer
from odh_nim.sandbox.nvidia.app import StandInApp
from odh_nim.sandbox.nvidia.faults import FaultLayer
from odh_nim.sandbox.nvidia.seeds import SeedModel, read_seed
from odh_nim.sandbox.nvidia.state import StandInState


class NvidiaStandIn:
    """NVIDIA's API and registry at one address; `async with` starts and stops it."""

    def __init__(self, models: Iterable[SeedModel] | None = None, *, port: int = 0) -> None:
        self.state = StandInState.of(read_seed() if models is None else models)
        self._server = LoopbackServer(
            FaultLayer(StandInApp(self.state).build(), self.state), port=port
        )

    @property
    def url(self) -> str:
        """The address: of the API and of the registry."""
        return self._server.url

    async def start(self) -> None:
        """Listen, and return when requests are answered.

        Raises:
            SandboxError: The port is taken.

        """
        await self._server.start()

    async def stop(self) -> None:
        """Stop listening and close every connection."""
        await self._server.stop()

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
