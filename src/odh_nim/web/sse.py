"""Server-sent events: one JSON object each, and a comment now and then that keeps the way open.

A fault before the first event is answered with its own status; a later one is the last event.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

from pydantic import BaseModel
from starlette.responses import StreamingResponse

from odh_nim.domain.errors import OdhNimError
from odh_nim.web.problems import describe_error

# Shorter than any proxy's patience.
HEARTBEAT: Final = 15.0
_COMMENT: Final = b": still here\n\n"
_HEADERS: Final = {"Cache-Control": "no-cache, no-store", "X-Accel-Buffering": "no"}


class EventStream(StreamingResponse):
    """An answer that goes on until one side ends it."""

    media_type = "text/event-stream"


def stream_of(model: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """Describe an answer of events in the OpenAPI document."""
    return {200: {"model": model, "description": "Server-sent events, each one such an object."}}


async def event_stream(
    events: AsyncGenerator[BaseModel, None], *, heartbeat: float = HEARTBEAT
) -> EventStream:
    """Answer with events.

    Raises:
        OdhNimError: There is not even a first event.

    """
    try:
        first = await anext(events)
    except StopAsyncIteration:
        return EventStream(iter(()), headers=_HEADERS)
    except BaseException:
        await events.aclose()
        raise
    return EventStream(_encoded(first, events, heartbeat), headers=_HEADERS)


async def _encoded(
    first: BaseModel, events: AsyncGenerator[BaseModel, None], heartbeat: float
) -> AsyncIterator[bytes]:
    following: asyncio.Task[BaseModel] | None = None
    try:
        yield encode(first)
        while True:
            following = asyncio.ensure_future(anext(events))
            while not following.done():
                await asyncio.wait({following}, timeout=heartbeat)
                if not following.done():
                    yield _COMMENT
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            except OdhNimError as error:
                yield failed(error)
                return
            yield encode(event)
    finally:
        if following is not None:
            following.cancel()
            # Its own end is of no interest any more; the generator's is.
            with contextlib.suppress(BaseException):
                await following
        await events.aclose()


def encode(event: BaseModel) -> bytes:
    """Write one event. JSON holds no line breaks."""
    return b"data: " + event.model_dump_json(by_alias=True).encode() + b"\n\n"


def failed(error: OdhNimError) -> bytes:
    """Write the last event of a stream that cannot go on."""
    import msgspec  # noqa: PLC0415 - seldom needed

    problem = describe_error(error)
    return b"data: " + msgspec.json.encode({"type": "failed", "problem": problem}) + b"\n\n"
