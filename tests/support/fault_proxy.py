"""A proxy that plays faults: in front of the real API server, or of NVIDIA's stand-in.

It passes every request on as it is, counts the calls, and does to the n-th what a network, a
server or an operator would. What it passed on is in its journal, so a test can tell what the
other side really stored.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from support.faults import STATUS, UNSEEN, Call, Fault, Plan
from support.wire import LIMIT, Head, read_body, read_head, without_chunks

_SILENT_SECONDS: Final = 600


class FaultProxy:
    """Listens on a loopback port, in plain HTTP; `async with` starts and stops it.

    `counts` decides which calls are numbered; the others pass. `on_kill` ends the client's process
    for the faults that kill it. `latency` is how many seconds the way to the other side takes.
    """

    def __init__(
        self,
        upstream: str,
        *,
        verify: ssl.SSLContext | None = None,
        counts: Callable[[Call], bool] = lambda _call: True,
        on_kill: Callable[[], None] | None = None,
    ) -> None:
        self._upstream = urlsplit(upstream)
        self._verify = verify if self._upstream.scheme == "https" else None
        self.counts = counts
        self.on_kill = on_kill
        self.latency = 0.0
        self.plans: list[Plan] = []
        self.calls: list[Call] = []
        self._numbered = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

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
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=LIMIT)
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

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # one side went away: that is what this proxy is for
        finally:
            await _drop(writer)
            self._tasks.discard(task)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        try:
            while (head := await read_head(reader)) is not None:
                body = b"".join([piece async for piece in read_body(reader, head)])
                method, target, _ = head.words
                call = Call(method, target, body, logins=head.headers(b"authorization"))
                self._note(call)
                if self.latency:
                    await asyncio.sleep(self.latency)
                if call.fault in UNSEEN:
                    await self._play_unseen(call.fault, writer)
                    continue
                if other is None:
                    other = await self._open()
                await self._pass_on(call, head, other, writer)
                call.ended = asyncio.get_running_loop().time()
        finally:
            if other is not None:
                await _drop(other[1])

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where = self._upstream
        return await asyncio.open_connection(
            where.hostname, where.port, ssl=self._verify, limit=LIMIT
        )

    async def _pass_on(
        self,
        call: Call,
        head: Head,
        other: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        writer: asyncio.StreamWriter,
    ) -> None:
        reader, upstream = other
        kept = head.without(b"host", b"accept-encoding")
        host = b"Host: " + self._upstream.netloc.encode()
        passed = Head(kept.first, (*kept.lines, host, b"Accept-Encoding: identity"))
        upstream.write(passed.encode() + call.body)
        answer = await read_head(reader)
        if answer is None:
            raise ConnectionResetError
        call.status = int(answer.words[1])
        if call.fault is None:
            writer.write(answer.encode())
            # Piece by piece: a watch never ends.
            async for piece in read_body(reader, answer):
                writer.write(piece)
                await writer.drain()
            return
        # Read whole: the other side has stored what it was told to.
        content = b"".join([piece async for piece in read_body(reader, answer)])
        if answer.header(b"transfer-encoding") is not None:
            content = without_chunks(content)
        await self._play_seen(call.fault, writer, content)

    def _note(self, call: Call) -> None:
        """Write a call down, with its number and the fault that it gets."""
        call.began = asyncio.get_running_loop().time()
        if self.counts(call):
            call.index = self._numbered
            self._numbered += 1
            plans = (plan.fault for plan in self.plans if plan.covers(call.index))
            call.fault = next(plans, None)
        self.calls.append(call)

    async def _play_unseen(self, fault: Fault | None, writer: asyncio.StreamWriter) -> None:
        if fault in STATUS:
            await _send_status(writer, *STATUS[fault])
            return
        if fault is Fault.KILL_BEFORE and self.on_kill:
            self.on_kill()
        if fault is Fault.HANG_BEFORE:
            await asyncio.sleep(_SILENT_SECONDS)
        _abort(writer)

    async def _play_seen(self, fault: Fault, writer: asyncio.StreamWriter, content: bytes) -> None:
        if fault is Fault.GARBAGE:
            page = b"<html><body>Please sign in to use this network.</body></html>"
            await _send(writer, 200, "text/html", page)
            return
        if fault is Fault.HANG_AFTER:
            await asyncio.sleep(_SILENT_SECONDS)
        if fault is Fault.KILL_AFTER and self.on_kill:
            self.on_kill()
        if fault is Fault.TRUNCATED:
            half = content[: len(content) // 2]
            await _send(writer, 200, "application/json", half, length=len(content))
        _abort(writer)


async def _send_status(writer: asyncio.StreamWriter, code: int, reason: str, message: str) -> None:
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
    await _send(writer, code, "application/json", json.dumps(status).encode())


async def _send(
    writer: asyncio.StreamWriter, code: int, kind: str, body: bytes, *, length: int | None = None
) -> None:
    lines = (f"Content-Type: {kind}", f"Content-Length: {len(body) if length is None else length}")
    head = Head(f"HTTP/1.1 {code} -".encode(), tuple(line.encode() for line in lines))
    writer.write(head.encode() + body)
    await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close without a farewell, as a cut cable does."""
    writer.transport.abort()
    raise ConnectionAbortedError


async def _drop(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
