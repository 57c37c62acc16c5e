"""Watches: what is there, then every change, over lost connections and forgotten versions.

The caller sees each object once and each change once. After a time that the server has forgotten
(410) everything is listed again, and only the differences are told.
"""

import random
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec

from odh_nim.cluster.call import OBJECT_LIMIT, Call
from odh_nim.cluster.known import Known, WatchEvent
from odh_nim.cluster.reading import Page, Selection, whole
from odh_nim.cluster.requester import Requester
from odh_nim.cluster.retry import backoff
from odh_nim.cluster.status import Status, error_of
from odh_nim.domain.errors import (
    BusyError,
    ClusterError,
    ExpiredError,
    ServerError,
    UnreachableError,
)
from odh_nim.domain.manifest import Manifest

# The server ends a watch after this time, and not all watches at once.
_SHORTEST: Final = 240
_LONGEST: Final = 300
_PASSING: Final = (UnreachableError, ServerError, BusyError)


class _Line(msgspec.Struct):
    type: str
    object: dict[str, Any]


_decode: Final = msgspec.json.Decoder(_Line).decode


class Watch:
    """One watch from start to end."""

    def __init__(
        self,
        requester: Requester,
        selection: Selection,
        resource_version: str | None,
    ) -> None:
        self._requester = requester
        self._selection = selection
        self._version = resource_version
        # Who starts at a version knows the objects by himself: differences cannot be told.
        self._known = Known() if resource_version is None else None
        # Ends and failures in a row without an event between them.
        self._fruitless = 0
        self._gone_since: float | None = None

    async def events(self) -> AsyncGenerator[WatchEvent, None]:
        """Give events until the caller stops.

        Raises:
            ClusterError: It can never go on, or the server was gone for too long.

        """
        while True:
            try:
                if self._version is None:
                    page = await whole(self._requester, self._selection)
                    for event in self._relisted(page):
                        yield event
                    self._version = page.resource_version
                    yield _bookmark(self._selection, page.resource_version)
                # Closed at once when the caller leaves, not when the generator is collected.
                async with aclosing(self._stream(self._version)) as changes:
                    async for event in changes:
                        yield event
                # The server ends a watch now and then; a proxy may do so at once, each time.
                await self._pause()
            except ExpiredError as error:
                self._version = None
                await self._wait(error)
            except _PASSING as error:
                await self._wait(error)

    def _relisted(self, page: Page) -> list[WatchEvent]:
        if self._known is not None:
            return self._known.differences(page.items)
        self._known = Known()
        # The caller's own list is void: this one takes its place.
        fresh = WatchEvent("RELISTED", {})
        return [fresh, *self._known.differences(page.items)]

    async def _stream(self, version: str) -> AsyncGenerator[WatchEvent, None]:
        call = self._call(version)
        silence = self._requester.timeouts.watch_silence
        async with (
            self._requester.stream(call, silence=silence) as response,
            aclosing(response.chunks()) as chunks,
        ):
            self._gone_since = None
            rest = bytearray()
            async for chunk in chunks:
                *lines, tail = chunk.split(b"\n")
                for line in lines:
                    event = self._event(bytes(rest + line), call)
                    rest.clear()
                    if event is not None:
                        yield event
                rest += tail
                if len(rest) > OBJECT_LIMIT:
                    raise ServerError(call.operation, "an event is too large.")

    def _call(self, version: str) -> Call:
        seconds = random.randint(_SHORTEST, _LONGEST)  # noqa: S311 - spreads load, hides nothing
        params = (
            *self._selection.params,
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", version),
            ("timeoutSeconds", str(seconds)),
        )
        operation = self._selection.operation.replace("list", "watch", 1)
        return Call(operation, "GET", self._selection.path, params=params)

    def _event(self, line: bytes, call: Call) -> WatchEvent | None:
        if not line.strip():
            return None
        try:
            read = _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise UnreachableError(call.operation, "the server sent what is no event.") from None
        if read.type == "ERROR":
            status = msgspec.convert(read.object, Status, strict=False)
            raise error_of(status, status.code, call)[0]
        self._fruitless = 0
        self._version = _version(read.object) or self._version
        if read.type == "BOOKMARK":
            return WatchEvent("BOOKMARK", read.object)
        return self._told(WatchEvent(read.type, read.object))

    def _told(self, event: WatchEvent) -> WatchEvent | None:
        return event if self._known is None else self._known.taken(event)

    async def _wait(self, error: ClusterError) -> None:
        now = self._requester.pacing.now()
        if self._gone_since is None:
            self._gone_since = now
        if now - self._gone_since > self._requester.timeouts.watch_outage:
            raise error
        await self._pause()

    async def _pause(self) -> None:
        self._fruitless += 1
        pacing = self._requester.pacing
        await pacing.sleep(backoff(self._fruitless, pacing))


def _version(item: Manifest) -> str | None:
    version = (item.get("metadata") or {}).get("resourceVersion")
    return version if isinstance(version, str) and version else None


def _bookmark(selection: Selection, version: str) -> WatchEvent:
    resource = selection.resource
    return WatchEvent(
        "BOOKMARK",
        {
            "apiVersion": resource.api_version,
            "kind": resource.kind,
            "metadata": {"resourceVersion": version},
        },
    )
