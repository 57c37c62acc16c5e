"""Streams of events: F15, F39."""

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from pydantic import BaseModel

from odh_nim.domain.errors import NotFoundError
from odh_nim.web.schemas_deployments import LineOut
from odh_nim.web.sse import EventStream, event_stream

pytestmark = pytest.mark.anyio
GONE = NotFoundError("get it", "it is gone", status=404)


class Source:
    """Events that come slowly, and whether it was closed."""

    def __init__(self, *lines: str, pause: float = 0.0, error: NotFoundError | None = None) -> None:
        self.lines, self.pause, self.error = lines, pause, error
        self.closed = False

    async def events(self) -> AsyncGenerator[BaseModel, None]:
        try:
            for line in self.lines:
                yield LineOut(type="line", line=line)
                await asyncio.sleep(self.pause)
            if self.error:
                raise self.error
        finally:
            self.closed = True


async def read(stream: EventStream) -> list[str]:
    return [bytes(part).decode() async for part in stream.body_iterator]  # type: ignore[arg-type]


async def test_each_event_is_one_line_of_json() -> None:
    source = Source("a\nb", "ü")
    parts = await read(await event_stream(source.events()))

    assert [json.loads(part.removeprefix("data: "))["line"] for part in parts] == ["a\nb", "ü"]
    assert all(part.count("\n") == 2 for part in parts)
    assert source.closed


async def test_a_fault_before_the_first_event_keeps_its_own_status() -> None:
    with pytest.raises(NotFoundError):
        await event_stream(Source(error=GONE).events())


async def test_a_later_fault_is_the_last_event() -> None:
    [_, last] = await read(await event_stream(Source("a", error=GONE).events()))

    event = json.loads(last.removeprefix("data: "))
    assert (event["type"], event["problem"]["status"]) == ("failed", 404)


async def test_silence_is_filled_with_comments() -> None:
    """Proxies cut what is silent."""
    parts = await read(await event_stream(Source("a", pause=0.05).events(), heartbeat=0.01))

    assert parts[1].startswith(":")
    assert len(parts) > 2


async def test_who_only_listens_is_let_go_when_the_server_stops() -> None:
    """F40."""
    stopping = asyncio.Event()
    source = Source("a", "b", pause=60)
    stream = await event_stream(source.events(), until=stopping)
    asyncio.get_running_loop().call_later(0.02, stopping.set)

    assert len(await asyncio.wait_for(read(stream), 5)) == 1
    assert source.closed


async def test_no_proxy_keeps_it_back() -> None:
    stream = await event_stream(Source("a").events())

    assert stream.headers["x-accel-buffering"] == "no"
    assert "no-cache" in stream.headers["cache-control"]
    assert stream.headers["content-type"].startswith("text/event-stream")
    await read(stream)
