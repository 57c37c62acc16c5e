"""NVIDIA's stand-in in a thread of its own, for commands that bring their own event loop."""

import asyncio
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from odh_nim.sandbox.nvidia import NvidiaStandIn, SeedModel


@contextmanager
def running_stand_in(models: Iterable[SeedModel] | None = None) -> Iterator[NvidiaStandIn]:
    """Serve until the end of the block; its state may be changed meanwhile."""
    stand_in = NvidiaStandIn(models)
    started, ends = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        loops.append(asyncio.get_running_loop())
        async with stand_in:
            started.set()
            await ends.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield stand_in
    finally:
        loops[0].call_soon_threadsafe(ends.set)
        thread.join(10)
        assert not thread.is_alive()
