"""Server-sent events: one JSON object each, and a comment now and then that keeps the way open.

A fault before the first event is answered with its own status; a later one is the last event.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

import msgspec
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
    events: AsyncGenerator[BaseModel, None],
    *,
    heartbeat: float = HEARTBEAT,
    until: asyncio.Event | None = None,
) -> EventStream:
    """Answer with events; it ends early when `until` is set.

    Raises:
        OdhNimError: There is not even a first event.

    """
    try:
        first = await anext(events)
    except BaseException:
        await events.aclose()
        raise
    return EventStream(_encoded(first, events, heartbeat, until), headers=_HEADERS)


async def text_file(parts: AsyncIterator[bytes], name: str) -> StreamingResponse:
    """Answer with a file that is made while it is sent.

    Raises:
        OdhNimError: It cannot even be begun.

    """
    first = await anext(parts, b"")

    async def all_parts() -> AsyncIterator[bytes]:
        yield first
        async for part in parts:
            yield part

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(all_parts(), media_type="text/plain; charset=utf-8", headers=headers)


async def _encoded(
    first: BaseModel,
    events: AsyncGenerator[BaseModel, None],
    heartbeat: float,
    until: asyncio.Event | None,
) -> AsyncIterator[bytes]:
    following: asyncio.Task[BaseModel] | None = None
    ending = asyncio.ensure_future((until or asyncio.Event()).wait())
    try:
        yield encode(first)
        while not ending.done():
            following = asyncio.ensure_future(anext(events))
            while not following.done() and not ending.done():
                await asyncio.wait(
                    {following, ending}, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED
                )
                if not following.done() and not ending.done():
                    yield _COMMENT
            if ending.done():
                return
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            except OdhNimError as error:
                yield encode_failure(error)
                return
            yield encode(event)
    finally:
        ending.cancel()
        if following is not None:
            following.cancel()
            # Its own end is of no interest any more; the generator's is.
            await asyncio.wait({following})
            with contextlib.suppress(BaseException):
                following.result()
        await events.aclose()


def encode(event: BaseModel) -> bytes:
    """Write one event. JSON holds no line breaks."""
    return b"data: " + event.model_dump_json(by_alias=True).encode() + b"\n\n"


def encode_failure(error: OdhNimError) -> bytes:
    """Write the last event of a stream that cannot go on."""
    failure = {"type": "failed", "problem": describe_error(error)}
    return b"data: " + msgspec.json.encode(failure) + b"\n\n"
