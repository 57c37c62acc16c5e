"""Servers in a thread of their own, for commands that bring their own event loop."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any

from starlette.types import ASGIApp

from odh_nim.sandbox.loopback import LoopbackServer
from odh_nim.sandbox.nvidia import NvidiaStandIn, SeedModel


@contextmanager
def running_stand_in(models: Iterable[SeedModel] | None = None) -> Iterator[NvidiaStandIn]:
    """Serve NVIDIA's stand-in until the end of the block; its state may be changed meanwhile."""
    stand_in = NvidiaStandIn(models)
    with _running(stand_in):
        yield stand_in


@contextmanager
def running_app(app: ASGIApp) -> Iterator[str]:
    """Serve an application until the end of the block, and give its address."""
    server = LoopbackServer(app)
    with _running(server):
        yield server.url


@contextmanager
def _running(service: AbstractAsyncContextManager[Any]) -> Iterator[None]:
    started, ends = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with service:
            started.set()
            await ends.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield
    finally:
        loops[0].call_soon_threadsafe(ends.set)
        thread.join(10)
        assert not thread.is_alive()
