"""Lets work that must not be cut short come to its end before a cancellation goes on."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def settle(work: Coroutine[Any, Any, T], *, grace: float) -> T:
    """Run `work`; a cancellation waits for it, at most `grace` seconds, and then goes on.

    A write in flight that is cut off may be stored all the same; one that is awaited has an
    outcome. Ctrl-C, a closed browser tab and an elapsed deadline all arrive as cancellation.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await _bounded(task, grace)
        raise


async def _bounded(task: asyncio.Future[T], grace: float) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + grace
    while not task.done():
        left = end - loop.time()
        if left <= 0:
            task.cancel()
        try:
            # A second cancellation is as patient as the first.
            await asyncio.wait([task], timeout=max(left, 0) or None)
        except asyncio.CancelledError:
            continue
    if not task.cancelled():
        # Read, so that asyncio does not report it as lost: whoever cancelled wants no more of it.
        task.exception()
