"""The outermost layer of the stand-in: journal, latency, faults.

It reaches through to the connection of the HTTP server, because an application cannot reset a
connection or send half a head.
"""

import asyncio
import base64
import binascii
import contextlib
import socket
import struct
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from odh_nim.sandbox.nvidia.dummy_keys import recognize
from odh_nim.sandbox.nvidia.state import Fault, StandInState

CONTROL_PATH: Final = "/__control"
_PAUSE: Final = 0.2
_CHUNK: Final = b" " * 65536
_TOO_FAST: Final = Fault(
    "answer", 429, {"content-type": "application/json", "retry-after": "1"}, "{}"
)


class FaultLayer:
    """Wraps the application; what `/__control` serves is never delayed or disturbed."""

    def __init__(self, app: ASGIApp, state: StandInState) -> None:
        self._app = app
        self._state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PATH):
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        fault = self._state.take_fault(scope["path"])
        if fault is None and self._state.is_too_fast():
            fault = _TOO_FAST
        key = key_name(dict(scope["headers"]), body, self._state)
        self._state.record(scope["method"], scope["path"], key, fault)
        if self._state.latency_ms:
            await asyncio.sleep(self._state.latency_ms / 1000)
        if fault is None:
            await self._app(scope, _replay(body, receive), send)
            return
        # The server ends what still hangs when it stops: not worth a report.
        with contextlib.suppress(asyncio.CancelledError):
            if fault.kind == "slow":
                await self._app(scope, _replay(body, receive), _byte_by_byte(send))
            else:
                await _misbehave(fault, send, receive)


def key_name(headers: Mapping[bytes, bytes], body: bytes, state: StandInState) -> str:
    """Name the dummy key of a request: `` for none, `unknown` for any other text."""
    scheme, _, credentials = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "basic":
        credentials = basic_login(credentials)[1]
    if not credentials:
        form = parse_qs(body.decode("utf-8", "replace"))
        credentials = form.get("credentials", [""])[0]
    if not credentials:
        return ""
    if credentials in state.tokens:
        return state.tokens[credentials][0].name
    known = recognize(credentials)
    return known.name if known else "unknown"


def basic_login(credentials: str) -> tuple[str, str]:
    """Read the user and the password of a basic login; both empty where it is broken."""
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password


async def _whole_body(receive: Receive) -> bytes:
    body = bytearray()
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _byte_by_byte(send: Send) -> Send:
    async def slow(message: Message) -> None:
        if message["type"] != "http.response.body":
            await send(message)
            return
        for byte in message.get("body", b""):
            await send({**message, "body": bytes([byte]), "more_body": True})
            await asyncio.sleep(_PAUSE)
        await send({**message, "body": b""})

    return slow


async def _misbehave(fault: Fault, send: Send, receive: Receive) -> None:
    if fault.kind == "answer":
        body = fault.body.encode(fault.encoding)
        await _start(send, fault.status, {"content-length": str(len(body))} | fault.headers)
        await send({"type": "http.response.body", "body": body})
    elif fault.kind == "hang":
        await _until_gone(receive)
    elif fault.kind == "stall":
        await _start(send, 200, {"content-type": "application/json", "content-length": "100"})
        # An empty part makes the server write the head.
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await _until_gone(receive)
    elif fault.kind == "huge":
        await _start(send, 200, {"content-type": "application/json"})
        while (await _gone_already(receive)) is False:
            await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
    else:
        await _break(fault, _connection(send))


async def _break(fault: Fault, connection: asyncio.Transport) -> None:
    if fault.kind == "reset":
        # Closing with a linger of zero sends a reset instead of an end.
        connection.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
    elif fault.kind == "cut":
        connection.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"
        )
        await asyncio.sleep(_PAUSE / 4)
    else:
        connection.write(b"HTTP/1.1 200 OK\r\nx-drip: ")
        while not connection.is_closing():
            connection.write(b"-")
            await asyncio.sleep(_PAUSE)
    connection.abort()


def _connection(send: Send) -> asyncio.Transport:
    # `send` is a method of uvicorn's cycle of request and response.
    cycle: Any = getattr(send, "__self__", None)
    transport = cycle.transport
    assert isinstance(transport, asyncio.Transport)
    return transport


async def _start(send: Send, status: int, headers: Mapping[str, str]) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _gone_already(receive: Receive) -> bool:
    try:
        async with asyncio.timeout(0.001):
            await _until_gone(receive)
    except TimeoutError:
        return False
    return True
