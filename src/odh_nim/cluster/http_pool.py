"""Connections that are kept, and one request on one of them.

What goes wrong comes out as an `HttpFault`, which knows whether the server can have seen the
request. It holds no header and no body.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final

from odh_nim.cluster.faults import fault_cause, may_pass
from odh_nim.cluster.http_connection import Connection, Endpoint
from odh_nim.cluster.http_wire import Head, WireError

# The API server itself closes later; load balancers in between are quicker.
_KEPT_FOR: Final = 50.0
_KEPT: Final = 64
# A handshake costs both sides milliseconds: under load a connection that comes back is quicker.
_OPENING: Final = 8
_PIECE: Final = 1024 * 1024
_GZIP: Final = 31
_FAULTS: Final = (OSError, EOFError, WireError, zlib.error)


class HttpFault(Exception):  # noqa: N818 - it never leaves the package
    """There is no complete answer. `sent`: the server may have seen the request."""

    def __init__(self, error: BaseException, *, sent: bool) -> None:
        super().__init__(fault_cause(error))
        self.cause = fault_cause(error)
        self.sent = sent
        self.may_pass = may_pass(error)


@dataclass(frozen=True)
class Waits:
    """The longest waits, in seconds: for a connection, and for the next bit of an answer."""

    connect: float
    silence: float


class Response:
    """An answer whose body is read bit by bit."""

    def __init__(self, connection: Connection, head: Head, silence: float) -> None:
        self._connection = connection
        self._head = head
        self._silence = silence
        self.complete = False

    @property
    def status(self) -> int:
        """The status."""
        return self._head.status

    def header(self, name: str, default: str = "") -> str:
        """Read a header."""
        return self._head.headers.get(name, default)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Read the body, unpacked.

        Raises:
            HttpFault: It is cut, or nothing comes for too long.

        """
        encoding = self.header("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip"):
            message = "the answer is encoded in a way that was not asked for"
            raise HttpFault(WireError(message), sent=True)
        unpacker = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                if unpacker is None:
                    yield piece
                    continue
                with _faults(sent=True):
                    unpacked = list(_unpack(unpacker, piece))
                for part in unpacked:
                    yield part
        if unpacker is not None and not unpacker.eof:
            raise HttpFault(EOFError(), sent=True)

    async def _pieces(self) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._connection.read_body(self._head)) as body:
            while True:
                with _faults(sent=True):
                    async with asyncio.timeout(self._silence):
                        piece = await anext(body, None)
                if piece is None:
                    break
                yield piece
        self.complete = True


class Pool:
    """The connections to one endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._idle: list[tuple[float, Connection]] = []
        self._opening = asyncio.Semaphore(_OPENING)
        self._dropped: set[asyncio.Task[None]] = set()
        self._closed = False

    async def close(self) -> None:
        """Close every connection that rests; those in use close with their request."""
        self._closed = True
        idle, self._idle = self._idle, []
        for _, connection in idle:
            self._drop(connection)
        await asyncio.gather(*self._dropped)

    @asynccontextmanager
    async def request(
        self, head: bytes, body: bytes | None, waits: Waits
    ) -> AsyncIterator[Response]:
        """Send, and open the answer.

        Raises:
            HttpFault: There is no complete answer.

        """
        connection = self._take() or await self._connect(waits)
        response: Response | None = None
        try:
            with _faults(sent=True):
                async with asyncio.timeout(waits.silence):
                    await connection.send(head, body)
                    start = await connection.read_head()
            response = Response(connection, start, waits.silence)
            yield response
        finally:
            if response is not None and response.complete and start.keeps:
                self._keep(connection)
            else:
                self._drop(connection)

    async def _connect(self, waits: Waits) -> Connection:
        async with self._opening:
            # Meanwhile one may have come back.
            if rested := self._take():
                return rested
            with _faults(sent=False):
                async with asyncio.timeout(waits.connect):
                    return await Connection.open(self._endpoint)

    def _take(self) -> Connection | None:
        oldest = time.monotonic() - _KEPT_FOR
        while self._idle:
            since, connection = self._idle.pop()
            if since > oldest and connection.usable:
                return connection
            self._drop(connection)
        return None

    def _keep(self, connection: Connection) -> None:
        # A request that ends after the pool, because another one failed, keeps nothing open.
        if self._closed or len(self._idle) >= _KEPT or not connection.usable:
            self._drop(connection)
            return
        connection.rest()
        self._idle.append((time.monotonic(), connection))

    def _drop(self, connection: Connection) -> None:
        connection.drop()
        # Its end comes a little later; nobody waits for it but the end of the pool.
        task = asyncio.ensure_future(connection.closed())
        self._dropped.add(task)
        task.add_done_callback(self._dropped.discard)


def _unpack(unpacker: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    while piece:
        part = unpacker.decompress(piece, _PIECE)
        if part:
            yield part
        piece = unpacker.unconsumed_tail


@contextmanager
def _faults(*, sent: bool) -> Iterator[None]:
    try:
        yield
    except _FAULTS as error:
        # Without the cause: its text may hold what was sent.
        raise HttpFault(error, sent=sent) from None
