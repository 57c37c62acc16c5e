"""One connection to the API server: opened through TLS and a proxy, used again and again."""

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import Final, Self, SupportsIndex
from urllib.parse import SplitResult, unquote, urlsplit

from odh_nim.cluster.http_wire import (
    HEAD_LIMIT,
    Head,
    WireError,
    build_head,
    parse_chunk_size,
    parse_head,
)

_PIECE: Final = 64 * 1024
_HTTPS: Final = 443
_HTTP: Final = 80
# Answers before the answer, as "100 Continue".
_INTERIM: Final = range(100, 200)
_SUCCESS: Final = range(200, 300)
# Names with several addresses: try the next one when the first is slow.
_NEXT_ADDRESS: Final = 0.25


class ProxyRefusedError(OSError):
    """The proxy does not lead there; its answer's status says why."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the proxy answered {status}")
        self.status = status


@dataclass(frozen=True)
class Endpoint:
    """Where connections lead, and how."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    # The name in the server's certificate, where it is not the host's.
    server_name: str | None = None
    proxy: str | None = None

    @classmethod
    def of(
        cls,
        address: SplitResult,
        tls: ssl.SSLContext | None,
        *,
        server_name: str | None,
        proxy: str | None,
    ) -> Self:
        """Read a server's address."""
        port = address.port or (_HTTPS if address.scheme == "https" else _HTTP)
        return cls(address.hostname or "", port, tls, server_name, proxy)


class _Reader(asyncio.StreamReader):
    """Notices what comes while nothing was asked: the end, or a late word before it."""

    resting = False
    spoiled = False

    def feed_data(self, data: Iterable[SupportsIndex]) -> None:
        self.spoiled = self.spoiled or self.resting
        super().feed_data(data)

    def feed_eof(self) -> None:
        self.spoiled = True
        super().feed_eof()


class Connection:
    """A connection that answers one request after the other."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, endpoint: Endpoint) -> Self:
        """Connect.

        Raises:
            OSError: There is no way there; TLS errors and those of a proxy are of it too.
            WireError: The proxy speaks no HTTP.

        """
        if endpoint.proxy is None:
            name = endpoint.server_name or endpoint.host
            return cls(*await _connect(endpoint.host, endpoint.port, endpoint.tls, name))
        connection = await cls._to_proxy(urlsplit(endpoint.proxy))
        try:
            await _tunnel(connection, endpoint)
        except BaseException:
            connection.drop()
            raise
        return connection

    @classmethod
    async def _to_proxy(cls, proxy: SplitResult) -> Self:
        host = proxy.hostname or ""
        if proxy.scheme == "https":
            context = ssl.create_default_context()
            return cls(*await _connect(host, proxy.port or _HTTPS, context, host))
        return cls(*await _connect(host, proxy.port or _HTTP, None, host))

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Speak TLS from here on."""
        await self._writer.start_tls(context, server_hostname=name)

    async def send(self, head: bytes, body: bytes | None) -> None:
        """Send a request."""
        self._reader.resting = False
        self._writer.write(head + body if body else head)
        await self._writer.drain()

    async def read_head(self) -> Head:
        """Read the start of the answer."""
        while True:
            try:
                data = await self._reader.readuntil(b"\r\n\r\n")
            except asyncio.LimitOverrunError:
                message = "the start of the answer is too long"
                raise WireError(message) from None
            head = parse_head(data[:-4])
            if head.status not in _INTERIM:
                return head

    async def read_body(self, head: Head) -> AsyncGenerator[bytes, None]:
        """Read the body, in pieces as they come."""
        if head.chunked:
            while size := parse_chunk_size(await self._line()):
                async for piece in self._exactly(size):
                    yield piece
                if await self._line():
                    message = "a chunk is longer than it says"
                    raise WireError(message)
            while await self._line():
                pass
        elif head.length is not None:
            async for piece in self._exactly(head.length):
                yield piece
        else:
            while piece := await self._reader.read(_PIECE):
                yield piece

    async def _exactly(self, count: int) -> AsyncGenerator[bytes, None]:
        while count:
            piece = await self._reader.read(min(count, _PIECE))
            if not piece:
                raise asyncio.IncompleteReadError(b"", count)
            count -= len(piece)
            yield piece

    async def _line(self) -> bytes:
        try:
            return (await self._reader.readuntil(b"\r\n"))[:-2]
        except asyncio.LimitOverrunError:
            message = "a line of the answer is too long"
            raise WireError(message) from None

    def rest(self) -> None:
        """Wait for the next request; whatever comes before it spoils the connection."""
        self._reader.resting = True

    @property
    def usable(self) -> bool:
        """Whether the next request may be sent."""
        return not self._reader.spoiled and not self._writer.is_closing()

    def drop(self) -> None:
        """Close at once, whatever is still under way."""
        self._writer.transport.abort()

    async def closed(self) -> None:
        """Wait until nothing of the connection is left."""
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


async def _tunnel(connection: Connection, endpoint: Endpoint) -> None:
    """Ask the proxy for the way, then speak TLS with the server behind it."""
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    target = f"{host}:{endpoint.port}"
    headers = []
    proxy = urlsplit(endpoint.proxy or "")
    if proxy.username is not None:
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        headers.append((b"proxy-authorization", b"Basic " + b64encode(login.encode())))
    await connection.send(build_head("CONNECT", target, target, headers), None)
    head = await connection.read_head()
    if head.status not in _SUCCESS:
        raise ProxyRefusedError(head.status)
    if endpoint.tls is not None:
        await connection.start_tls(endpoint.tls, endpoint.server_name or endpoint.host)


async def _connect(
    host: str, port: int, tls: ssl.SSLContext | None, name: str
) -> tuple[_Reader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = _Reader(limit=HEAD_LIMIT, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    transport, _ = await loop.create_connection(
        lambda: protocol,
        host,
        port,
        ssl=tls,
        server_hostname=name if tls else None,
        happy_eyeballs_delay=_NEXT_ADDRESS,
    )
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)
