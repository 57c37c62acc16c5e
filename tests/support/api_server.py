"""A server on loopback that answers as it is told, and remembers what it was asked.

Real sockets: what a client does with a cut connection or a stream shows on nothing less.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    header_list: tuple[tuple[str, str], ...]
    body: bytes
    certificate: str | None
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    """What is sent: a body, then lines one by one; or less than that."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    # Sent one by one as chunks; a number is a pause in seconds.
    lines: list[Any] | None = None
    # Cut the connection: before the answer, or after so many bytes of the body.
    cut: bool = False
    cut_after: int | None = None
    # Answer nothing and wait for the client to go.
    hang: bool = False


def status(code: int, reason: str, message: str = "", **details: Any) -> Reply:
    """Make a failure as the API server writes it."""
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
        "details": details,
    }
    return Reply(code, body)


Handler = Callable[[Seen], "Reply | Awaitable[Reply]"]


class ApiServer:
    """Answers with `handler`; `seen` has all requests, `open` the connections of this moment."""

    def __init__(self, handler: Handler, *, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.seen: list[Seen] = []
        self.open = 0
        self.port = 0
        self._tls = tls
        self._connections = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._connections += 1
        self.open += 1
        try:
            await self._serve(reader, writer, self._connections)
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        except asyncio.CancelledError:
            pass
        finally:
            self.open -= 1
            writer.transport.abort()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        while True:
            seen = await _read(reader, writer, connection)
            self.seen.append(seen)
            found = self.handler(seen)
            reply = found if isinstance(found, Reply) else await found
            if reply.hang:
                await reader.read(1)
                return
            if reply.cut:
                return
            if not await _write(reply, reader, writer):
                return


async def _read(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "surrogateescape")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = [(name.lower(), value.strip()) for name, _, value in (x.partition(":") for x in lines)]
    headers = dict(pairs)
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    split = urlsplit(target)
    peer = writer.get_extra_info("peercert") or {}
    names = [
        value for part in peer.get("subject", ()) for key, value in part if key == "commonName"
    ]
    return Seen(
        method,
        unquote(split.path),
        dict(parse_qsl(split.query, keep_blank_values=True)),
        headers,
        tuple(pairs),
        body,
        names[0] if names else None,
        connection,
    )


async def _write(reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send a reply; say whether the connection lives on."""
    headers = {"content-type": reply.media_type, **reply.headers}
    if reply.lines is not None:
        headers["transfer-encoding"] = "chunked"
        _write_head(writer, reply.status, headers)
        await _write_lines(reply.lines, reader, writer)
        if reply.cut_after is not None:
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body or {}).encode()
    headers["content-length"] = str(len(body))
    _write_head(writer, reply.status, headers)
    writer.write(body if reply.cut_after is None else body[: reply.cut_after])
    await writer.drain()
    return reply.cut_after is None


def _write_head(writer: asyncio.StreamWriter, code: int, headers: Mapping[str, str]) -> None:
    lines = [f"HTTP/1.1 {code} Because", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())


async def _write_lines(
    lines: list[Any], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    for line in lines:
        if isinstance(line, int | float):
            # Ends early where the client goes.
            try:
                await asyncio.wait_for(reader.read(1), line)
            except TimeoutError:
                continue
            raise ConnectionResetError
        data = line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n"
        writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await writer.drain()
