"""HTTP/1.1 on the wire: heads out, heads in, and how long a body is. No sockets here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

HEAD_LIMIT: Final = 64 * 1024
Headers = Sequence[tuple[bytes, bytes]]

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?")
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NUMBER: Final = re.compile(rb"[0-9]{1,15}")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,12})[ \t]*(?:;.*)?")
_FORBIDDEN: Final = re.compile(rb"[\x00\r\n]")
# Answers that never have a body.
_BODILESS: Final = (204, 304)


class WireError(ValueError):
    """What came is no HTTP/1.1; what should go could not be it."""


@dataclass(frozen=True)
class Head:
    """The start of an answer; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    keeps: bool
    # Bytes of the body; None where it comes in chunks or ends with the connection.
    length: int | None
    chunked: bool


def build_head(method: str, target: str, host: str, headers: Headers) -> bytes:
    """Write the start of a request.

    Raises:
        WireError: A part of it would begin another line.

    """
    lines = [f"{method} {target} HTTP/1.1".encode("ascii"), b"host: " + host.encode("ascii")]
    lines += [name + b": " + value for name, value in headers]
    if any(_FORBIDDEN.search(line) for line in lines):
        message = "a header or an address holds a line break"
        raise WireError(message)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def parse_head(data: bytes) -> Head:
    """Read the start of an answer, without the empty line at its end.

    Raises:
        WireError: It is none.

    """
    first, *lines = data.split(b"\r\n")
    found = _STATUS.fullmatch(first)
    if found is None:
        message = "the answer is no HTTP"
        raise WireError(message)
    headers = _parse_headers(lines)
    status = int(found[2])
    connection = headers.get("connection", "").lower()
    keeps = found[1] == b"1" and "close" not in connection
    chunked, length = _framing(status, headers)
    return Head(status, headers, keeps and (chunked or length is not None), length, chunked)


def parse_chunk_size(line: bytes) -> int:
    """Read the line before a chunk.

    Raises:
        WireError: It is none.

    """
    found = _CHUNK.fullmatch(line)
    if found is None:
        message = "a chunk has no size"
        raise WireError(message)
    return int(found[1], 16)


def _parse_headers(lines: Sequence[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            message = "the answer has a broken header"
            raise WireError(message)
        key = name.decode("ascii").lower()
        text = value.strip(b" \t").decode("latin-1")
        if key == "content-length" and headers.get(key, text) != text:
            message = "the answer has two lengths"
            raise WireError(message)
        both = key in headers and key != "content-length"
        headers[key] = f"{headers[key]}, {text}" if both else text
    return headers


def _framing(status: int, headers: Mapping[str, str]) -> tuple[bool, int | None]:
    if status in _BODILESS:
        return False, 0
    if "transfer-encoding" in headers:
        if headers["transfer-encoding"].lower() != "chunked":
            message = "the answer is encoded in a way that was not asked for"
            raise WireError(message)
        return True, None
    if "content-length" not in headers:
        return False, None
    length = headers["content-length"].encode("latin-1")
    if not _NUMBER.fullmatch(length):
        message = "the answer has no usable length"
        raise WireError(message)
    return False, int(length)
