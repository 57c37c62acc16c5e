"""Slow clients, many clients, and the end of the process: S23, F40, T10."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from odh_nim.cluster import ConnectionConfig
from odh_nim.domain.errors import InputError
from odh_nim.settings import Settings
from odh_nim.web import launch
from odh_nim.web.access_log import AccessLog, JsonLines
from odh_nim.web.security import BodyLimit
from odh_nim.web.serving import GuardedProtocol, make_server
from support.keys import CANARY
from support.leaks import leaks

pytestmark = pytest.mark.anyio


async def hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


@contextlib.asynccontextmanager
async def served(
    app: Any, *, protocol: type[GuardedProtocol] = GuardedProtocol, **limits: Any
) -> AsyncIterator[int]:
    """Run the server with tight limits; gives its port."""
    listening = launch._listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    server = make_server(app, host="127.0.0.1", port=port, closing=lambda: None, grace=1)
    tight = type("Tight", (protocol,), limits)
    server.config.http = tight
    task = asyncio.create_task(server._serve([listening]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield port
    finally:
        server.should_exit = True
        await task
        listening.close()


async def ask(port: int, text: bytes, *, within: float = 5) -> bytes:
    """Send bytes and read until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(text)
        return await asyncio.wait_for(reader.read(), within)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_an_answer_in_two_writes_does_not_wait_for_an_acknowledgement() -> None:
    """P10: without this every small answer takes 40 ms."""
    seen: list[int] = []

    class Watched(GuardedProtocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
            link = transport.get_extra_info("socket")
            seen.append(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            super().connection_made(transport)

    async with served(hello, protocol=Watched) as port:
        assert b"200 OK" in await ask(port, WHOLE)

    assert seen == [1]


WHOLE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


async def test_a_head_that_never_ends_is_cut_off() -> None:
    """S23: 500 slow connections."""
    async with served(hello, head_seconds=0.2) as port:
        assert await ask(port, b"") == b""
        assert await ask(port, b"GET / HTTP/1.1\r\nHost: a\r\nX: ") == b""
        assert (await ask(port, WHOLE)).startswith(b"HTTP/1.1 200")


async def test_the_second_request_of_a_connection_has_a_clock_of_its_own() -> None:
    """S23."""
    async with served(hello, head_seconds=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        # Idle between requests is allowed for longer than a head may take.
        await asyncio.sleep(0.4)
        writer.write(b"GET / HTTP/1.1\r\n")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_more_connections_than_allowed_are_closed_at_once() -> None:
    """S23: the cap; those that are there are served."""
    async with served(hello, most=3) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        await asyncio.sleep(0.05)
        assert await ask(port, b"") == b""
        for reader, writer in held:
            writer.write(WHOLE)
            assert (await reader.read()).startswith(b"HTTP/1.1 200")
            writer.close()
        await asyncio.sleep(0.05)
        assert (await ask(port, WHOLE)).startswith(b"HTTP/1.1 200")


async def test_a_head_larger_than_any_of_ours_is_refused() -> None:
    """S23."""
    large = WHOLE[:-2] + b"X: " + b"x" * 1024 * 1024 + b"\r\n\r\n"
    async with served(hello) as port:
        answer = b""
        # Closed while it is still being sent.
        with contextlib.suppress(ConnectionError):
            answer = await ask(port, large)
        assert not answer.startswith(b"HTTP/1.1 200")


async def test_a_body_that_never_comes_is_not_waited_for() -> None:
    """S23."""
    slow = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        try:
            await BodyLimit(hello, seconds=0.2)(scope, receive, send)
        except Exception as error:  # noqa: BLE001 - the framework around it makes an answer of it
            status = getattr(error, "status_code", 500)
            await send({"type": "http.response.start", "status": status, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    async with served(app) as port:
        assert b" 408 " in (await ask(port, slow)).splitlines()[0]


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "::", "example.org"])  # noqa: S104 - refused
async def test_behind_a_proxy_it_listens_on_loopback_only(host: str) -> None:
    """S3."""
    options = launch.ServeOptions(host=host, port=0)

    with pytest.raises(InputError, match="others than the proxy"):
        await launch.serve(ConnectionConfig("https://c.invalid"), Settings(), options)


def test_the_servers_own_login_is_left_behind() -> None:
    """S1, R-EXT-05: without a caller no request can leave."""
    config = ConnectionConfig("https://c.invalid", token="of-the-pod", as_user="root")
    bare = config.without_credentials()

    assert (bare.token, bare.as_user, bare.identity_required) == (None, None, True)


async def test_the_log_is_json_without_queries_bodies_or_line_breaks(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S7, S24, R-KEY-01."""
    scope = {
        "type": "http", "method": "POST", "path": "/api/\x1b[31m\nx",
        "query_string": CANARY.encode(),
        "headers": [(b"authorization", CANARY.encode())],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": CANARY.encode()}

    async def send(_: Any) -> None: ...

    with caplog.at_level(logging.INFO, "odh_nim.web.access"):
        await AccessLog(hello)(scope, receive, send)
    line = JsonLines().format(caplog.records[-1])

    assert json.loads(line)["status"] == 200
    assert set(json.loads(line)) == {
        "time", "level", "logger", "message", "method", "path", "status", "ms",
    }  # fmt: skip
    assert not leaks(line, CANARY)
    assert "\n" not in line
    assert "\x1b" not in json.loads(line)["path"]


def test_of_an_exception_only_its_class_is_logged() -> None:
    """S7."""
    error = RuntimeError(CANARY)
    facts = (RuntimeError, error, None)
    record = logging.LogRecord("x", logging.ERROR, "", 0, "broke", None, facts)

    line = JsonLines().format(record)
    assert json.loads(line)["exception"] == "RuntimeError"
    assert not leaks(line, CANARY)
