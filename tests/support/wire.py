"""HTTP/1.1 as bytes: just enough to pass requests and answers on without touching them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

# More than any head has; asyncio's own limit would do, but not for lines of a chunked body.
LIMIT: Final = 1024 * 1024
_PIECE: Final = 65536


@dataclass(frozen=True)
class Head:
    """The lines before a body: the first one, and the others as they came."""

    first: bytes
    lines: tuple[bytes, ...]

    @property
    def words(self) -> list[str]:
        """Method, target and version of a request; version, status and reason of an answer."""
        return self.first.decode("latin-1").split(" ", 2)

    def header(self, name: bytes) -> bytes | None:
        for line in self.lines:
            found, _, value = line.partition(b":")
            if found.lower() == name:
                return value.strip()
        return None

    def headers(self, name: bytes) -> tuple[bytes, ...]:
        """Every value of a header, in order."""
        pairs = (line.partition(b":") for line in self.lines)
        return tuple(value.strip() for found, _, value in pairs if found.lower() == name)

    def without(self, *names: bytes) -> "Head":
        kept = (line for line in self.lines if line.partition(b":")[0].lower() not in names)
        return Head(self.first, tuple(kept))

    def encode(self) -> bytes:
        return b"\r\n".join((self.first, *self.lines, b"", b""))


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """Read a head; None where the other side has ended."""
    try:
        text = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = text[:-4].split(b"\r\n")
    return Head(first, tuple(lines))


async def read_body(reader: asyncio.StreamReader, head: Head) -> AsyncIterator[bytes]:
    """Give the bytes of a body as they come, with the marks of its chunks."""
    if (length := head.header(b"content-length")) is not None:
        left = int(length)
        while left:
            piece = await reader.read(min(left, _PIECE))
            if not piece:
                raise ConnectionResetError
            left -= len(piece)
            yield piece
    elif head.header(b"transfer-encoding") is not None:
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line.partition(b";")[0], 16)
            yield line + await reader.readexactly(size + 2)
            if not size:
                return


def without_chunks(body: bytes) -> bytes:
    """Take the marks of chunks out."""
    whole = b""
    while body:
        line, _, body = body.partition(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        whole, body = whole + body[:size], body[size + 2 :]
    return whole
