"""Servers on loopback that answer with exact bytes, and a proxy; all of them keep books."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Books:
    """Where a server listens, and every request head and body it was sent."""

    port: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def answer(
    body: bytes = b"{}",
    *,
    status: int = 200,
    media_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Write a whole answer of HTTP/1.1; without a media type there is no such field."""
    fields = {"content-length": str(len(body)), "connection": "close", **(headers or {})}
    if media_type:
        fields["content-type"] = media_type
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status} Answer\r\n{head}\r\n".encode() + body


@asynccontextmanager
async def raw_server(
    *answers: bytes, context: ssl.SSLContext | None = None
) -> AsyncIterator[Books]:
    """Give each request the next answer, the last one for ever; `{port}` is the server's own."""
    books = Books()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        books.requests.append(await read_request(reader))
        position = min(len(books.requests), len(answers)) - 1
        writer.write(answers[position].replace(b"{port}", str(books.port).encode()))
        await writer.drain()

    async with _listen(books, serve, context):
        yield books


@asynccontextmanager
async def connect_proxy(target: Books | None, *, refusal: bytes = b"") -> AsyncIterator[Books]:
    """Play a proxy for https: every tunnel leads to one target, or is refused."""
    books = Books()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        books.requests.append(head.decode())
        if target is None:
            writer.write(refusal)
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target.port)
        with contextlib.closing(far_writer):
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    async with _listen(books, serve, None):
        yield books


async def read_request(reader: asyncio.StreamReader) -> str:
    """Read the head and the announced body of one request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = (line.partition(":") for line in head.lower().split("\r\n"))
    length = next((int(value) for name, _, value in lines if name == "content-length"), 0)
    return head + (await reader.readexactly(length)).decode("latin-1")


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def _listen(
    books: Books, serve: Handler, context: ssl.SSLContext | None
) -> AsyncIterator[None]:
    running: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await serve(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(handle(reader, writer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(begin, "127.0.0.1", 0, ssl=context)
    books.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await server.wait_closed()
