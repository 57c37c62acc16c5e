"""A proxy that plays faults: in front of the real API server, or of NVIDIA's stand-in.

It passes every request on as it is, counts the calls, and does to the n-th what a network, a
server or an operator would. What it passed on is in its journal, so a test can tell what the
other side really stored.
"""

import asyncio
import json
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

import h11
import httpx2

_CHUNK: Final = 65536
# Headers of one connection, never passed on.
_HOP_BY_HOP: Final = {
    b"connection", b"keep-alive", b"te", b"trailer", b"transfer-encoding", b"upgrade",
    b"content-length", b"content-encoding",
}  # fmt: skip


class Fault(StrEnum):
    """What happens to one call."""

    CONFLICT = "409"
    EXISTS = "409-exists"
    FORBIDDEN = "403-rbac"
    QUOTA = "403-quota"
    TERMINATING = "403-terminating"
    INVALID = "422"
    BUSY = "429"
    SERVER_ERROR = "500"
    UNAVAILABLE = "503"
    GATEWAY = "504"
    UNAUTHORIZED = "401"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    TRUNCATED = "truncated"
    GARBAGE = "garbage"
    # Neither forwarded nor answered; and: stored, but never answered.
    HANG_BEFORE = "hang-before"
    HANG_AFTER = "hang-after"
    KILL_BEFORE = "kill-before"
    KILL_AFTER = "kill-after"


# Faults that the other side never learns of.
UNSEEN: Final = frozenset(
    set(Fault)
    - {Fault.RESET_AFTER, Fault.TRUNCATED, Fault.GARBAGE, Fault.HANG_AFTER, Fault.KILL_AFTER}
)
_STATUS: Final[dict[Fault, tuple[int, str, str]]] = {
    Fault.UNAUTHORIZED: (401, "Unauthorized", "Unauthorized"),
    Fault.CONFLICT: (
        409,
        "Conflict",
        (
            "Operation cannot be fulfilled: the object has been modified; please apply your "
            "changes to the latest version and try again"
        ),
    ),
    Fault.EXISTS: (409, "AlreadyExists", "the object already exists"),
    Fault.FORBIDDEN: (
        403,
        "Forbidden",
        'it is forbidden: User "alice" cannot do this in API group "" in the namespace',
    ),
    Fault.QUOTA: (
        403,
        "Forbidden",
        (
            "it is forbidden: exceeded quota: compute, requested: count/things=1, used: "
            "count/things=2, limited: count/things=2"
        ),
    ),
    Fault.TERMINATING: (
        403,
        "Forbidden",
        "unable to create new content in namespace because it is being terminated",
    ),
    Fault.INVALID: (422, "Invalid", "it is invalid: spec: Invalid value: it is not right"),
    Fault.BUSY: (429, "TooManyRequests", "too many requests, please try again later"),
    Fault.SERVER_ERROR: (500, "InternalError", "Internal error occurred: it broke"),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable", "the server is currently unable to handle it"),
    Fault.GATEWAY: (504, "Timeout", "the server did not answer in time"),
}


@dataclass(frozen=True)
class Call:
    """One request as it came in; `status` is the other side's, None where it never got there."""

    index: int
    method: str
    target: str
    body: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    status: int | None = None
    fault: Fault | None = None

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def dry_run(self) -> bool:
        return parse_qs(urlsplit(self.target).query).get("dryRun") == ["All"]

    @property
    def is_write(self) -> bool:
        """Whether it would change something that stays; reviews of rights do not."""
        reviews = "/selfsubject" in self.path or "/tokenreviews" in self.path
        return self.method not in ("GET", "HEAD") and not self.dry_run and not reviews


@dataclass(frozen=True)
class Plan:
    """Which call gets which fault, and how many in a row (None: all that follow)."""

    at: int
    fault: Fault
    times: int | None = 1

    def covers(self, index: int) -> bool:
        return index >= self.at and (self.times is None or index < self.at + self.times)


class FaultProxy:
    """Listens on a loopback port; `async with` starts and stops it.

    `counts` decides which calls are numbered; the others pass. `on_kill` ends the client's process
    for the faults that kill it.
    """

    def __init__(
        self,
        upstream: str,
        *,
        verify: ssl.SSLContext | bool = True,
        certificate: ssl.SSLContext | None = None,
        counts: Callable[[Call], bool] = lambda _call: True,
        on_kill: Callable[[], None] | None = None,
    ) -> None:
        self._client = httpx2.AsyncClient(
            base_url=upstream, verify=verify, trust_env=False, timeout=30
        )
        self._certificate = certificate
        self._counts = counts
        self.on_kill = on_kill
        self.plans: list[Plan] = []
        self.calls: list[Call] = []
        self._numbered = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def play(self, *plans: Plan) -> None:
        """Forget everything and play these faults from now on."""
        self.plans = list(plans)
        self.calls = []
        self._numbered = 0

    @property
    def played(self) -> Sequence[Call]:
        """The calls that got a fault: a test that expects one proves that it happened."""
        return [call for call in self.calls if call.fault is not None]

    @property
    def numbered(self) -> Sequence[Call]:
        """The calls that count, in order."""
        return [call for call in self.calls if call.index >= 0]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", 0, ssl=self._certificate
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, h11.RemoteProtocolError, httpx2.HTTPError, asyncio.CancelledError):
            pass  # one side went away: that is what this proxy is for
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = h11.Connection(h11.SERVER)
        while True:
            request, body = await _read_request(connection, reader)
            if request is None:
                return
            await self._serve(connection, writer, request, body)
            if connection.our_state is not h11.DONE or connection.their_state is not h11.DONE:
                return
            connection.start_next_cycle()

    async def _serve(
        self,
        connection: h11.Connection,
        writer: asyncio.StreamWriter,
        request: h11.Request,
        body: bytes,
    ) -> None:
        call = Call(
            -1, request.method.decode(), request.target.decode(), body, tuple(request.headers)
        )
        index, fault = -1, None
        if self._counts(call):
            index = self._numbered
            self._numbered += 1
            fault = next((plan.fault for plan in self.plans if plan.covers(index)), None)
        place = len(self.calls)
        call = Call(index, call.method, call.target, body, call.headers, None, fault)
        self.calls.append(call)
        if fault in UNSEEN:
            await self._play_unseen(fault, connection, writer)
            return
        async with self._client.stream(
            call.method, call.target, headers=_passed_on(request), content=body
        ) as answer:
            self.calls[place] = Call(
                index, call.method, call.target, body, call.headers, answer.status_code, fault
            )
            if fault is None:
                await _pass_back(connection, writer, answer)
                return
            # Read whole: the other side has stored what it was told to.
            content = await answer.aread()
        await self._play_seen(fault, connection, writer, content)

    async def _play_unseen(
        self, fault: Fault | None, connection: h11.Connection, writer: asyncio.StreamWriter
    ) -> None:
        if fault in _STATUS:
            await _send_status(connection, writer, *_STATUS[fault])
            return
        if fault is Fault.KILL_BEFORE and self.on_kill:
            self.on_kill()
        if fault is Fault.HANG_BEFORE:
            await asyncio.sleep(600)
        _abort(writer)

    async def _play_seen(
        self,
        fault: Fault,
        connection: h11.Connection,
        writer: asyncio.StreamWriter,
        content: bytes,
    ) -> None:
        if fault is Fault.HANG_AFTER:
            await asyncio.sleep(600)
        if fault is Fault.KILL_AFTER and self.on_kill:
            self.on_kill()
        if fault is Fault.GARBAGE:
            page = b"<html><body>Please sign in to use this network.</body></html>"
            await _send(connection, writer, 200, "text/html", page)
            return
        if fault is Fault.TRUNCATED:
            headers = [("content-type", "application/json"), ("content-length", str(len(content)))]
            writer.write(connection.send(h11.Response(status_code=200, headers=headers)) or b"")
            writer.write(connection.send(h11.Data(content[: len(content) // 2])) or b"")
            await writer.drain()
        _abort(writer)


async def _read_request(
    connection: h11.Connection, reader: asyncio.StreamReader
) -> tuple[h11.Request | None, bytes]:
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(_CHUNK))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            return request, body
        else:
            return None, b""


def _passed_on(request: h11.Request) -> list[tuple[bytes, bytes]]:
    left_out = _HOP_BY_HOP | {b"host", b"accept-encoding"}
    kept = [(name, value) for name, value in request.headers if name not in left_out]
    return [*kept, (b"accept-encoding", b"identity")]


async def _pass_back(
    connection: h11.Connection, writer: asyncio.StreamWriter, answer: httpx2.Response
) -> None:
    headers = [
        (name, value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP
    ]
    headers.append((b"transfer-encoding", b"chunked"))
    response = h11.Response(status_code=answer.status_code, headers=headers)
    writer.write(connection.send(response) or b"")
    # Piece by piece: a watch never ends.
    async for piece in answer.aiter_raw():
        writer.write(connection.send(h11.Data(piece)) or b"")
        await writer.drain()
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()


async def _send_status(
    connection: h11.Connection, writer: asyncio.StreamWriter, code: int, reason: str, message: str
) -> None:
    details: dict[str, Any] = {}
    if "terminated" in message:
        details = {"causes": [{"reason": "NamespaceTerminating", "message": message}]}
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "details": details,
        "code": code,
    }
    await _send(connection, writer, code, "application/json", json.dumps(status).encode())


async def _send(
    connection: h11.Connection, writer: asyncio.StreamWriter, code: int, kind: str, body: bytes
) -> None:
    headers = [("content-type", kind), ("content-length", str(len(body)))]
    writer.write(connection.send(h11.Response(status_code=code, headers=headers)) or b"")
    writer.write(connection.send(h11.Data(body)) or b"")
    writer.write(connection.send(h11.EndOfMessage()) or b"")
    await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell, as a cut cable does."""
    writer.transport.abort()
