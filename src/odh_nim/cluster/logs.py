"""The log of a container, line by line."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Final

from odh_nim.cluster import paths
from odh_nim.cluster.call import Call
from odh_nim.cluster.requester import Requester
from odh_nim.domain.resources import PODS

# A longer line is cut: a container may write without ever ending one.
_LONGEST: Final = 64 * 1024


def log_call(
    pod: str,
    namespace: str,
    *,
    container: str | None,
    follow: bool,
    previous: bool,
    tail_lines: int | None,
    since_seconds: int | None,
) -> Call:
    """Describe the request."""
    asked = {
        "container": container,
        "follow": "true" if follow else None,
        "previous": "true" if previous else None,
        "tailLines": None if tail_lines is None else str(tail_lines),
        "sinceSeconds": None if since_seconds is None else str(since_seconds),
    }
    return Call(
        f"read the log of Pod/{pod} in {namespace}",
        "GET",
        paths.item(PODS, pod, namespace, "log"),
        params=tuple((key, value) for key, value in asked.items() if value is not None),
    )


async def read_log(requester: Requester, call: Call, *, follow: bool) -> AsyncIterator[str]:
    """Read the lines as they come."""
    timeouts = requester.timeouts
    silence = timeouts.log_silence if follow else timeouts.read
    rest = bytearray()
    cut = False
    async with (
        requester.stream(call, silence=silence) as response,
        aclosing(response.chunks()) as chunks,
    ):
        async for chunk in chunks:
            *lines, tail = chunk.split(b"\n")
            for line in lines:
                if not cut:
                    yield _text(rest + line)
                rest.clear()
                cut = False
            if not cut:
                rest += tail
            if len(rest) > _LONGEST:
                yield _text(rest)
                rest.clear()
                cut = True
    if rest:
        yield _text(rest)


def _text(line: bytes | bytearray) -> str:
    text = line[:_LONGEST].decode("utf-8", errors="replace").rstrip("\r")
    return f"{text}…" if len(line) > _LONGEST else text
