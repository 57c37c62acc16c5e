"""Watches over everything that happens to a connection: F15."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from odh_nim.cluster import Client, ConnectionConfig, Identity, Timeouts, WatchEvent, use_identity
from odh_nim.cluster.known import Known
from odh_nim.domain.errors import ForbiddenError, KindNotServedError, UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import PODS
from support.api_server import ApiServer, Reply, Seen, status
from support.pacing import FakeTime


def pod(name: str, version: int, uid: str = "") -> Manifest:
    metadata = {"name": name, "uid": uid or f"uid-{name}", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"large": "x" * 100}}


def listed(version: int, *pods: Manifest) -> Reply:
    metadata = {"resourceVersion": str(version)}
    return Reply(200, {"kind": "PodList", "metadata": metadata, "items": list(pods)})


def event(kind: str, item: Manifest) -> dict[str, Any]:
    return {"type": kind, "object": item}


def bookmark(version: int) -> dict[str, Any]:
    return event("BOOKMARK", {"metadata": {"resourceVersion": str(version)}})


def stream(*lines: Any, cut: bool = False) -> Reply:
    return Reply(200, lines=list(lines), cut_after=0 if cut else None)


TOO_OLD = {
    "type": "ERROR",
    "object": {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"},
}
QUIET = stream(5)


def script(lists: list[Reply], watches: list[Reply]) -> Callable[[Seen], Reply]:
    """Answer lists and watches in turn; the last of each stays."""

    def handler(seen: Seen) -> Reply:
        left = watches if "watch" in seen.params else lists
        return left.pop(0) if len(left) > 1 else left[0]

    return handler


def connect(server: ApiServer, time: FakeTime | None = None, **timeouts: float) -> Client:
    pacing = (time or FakeTime()).pacing()
    return Client(ConnectionConfig(server.url), timeouts=Timeouts(**timeouts), pacing=pacing)


async def take(events: AsyncIterator[WatchEvent], count: int) -> list[str]:
    """Read so many events; leave out bookmarks' content."""
    told: list[str] = []
    async with asyncio.timeout(5):
        while len(told) < count:
            found = await anext(events)
            metadata = found.object.get("metadata", {})
            told.append(f"{found.type} {metadata.get('name', '')}{metadata.get('resourceVersion')}")
    await events.aclose()  # type: ignore[attr-defined]  # it is a generator
    return told


@pytest.mark.anyio
async def test_what_is_there_comes_first_then_each_change() -> None:
    """F15."""
    watch = stream(
        event("MODIFIED", pod("a", 11)),
        event("ADDED", pod("c", 12)),
        bookmark(13),
        event("DELETED", pod("b", 14)),
        5,
    )
    handler = script([listed(10, pod("a", 1), pod("b", 2))], [watch])
    async with ApiServer(handler) as server, connect(server) as client:
        told = await take(client.watch(PODS, "team-a", label_selector="x=y"), 7)

        assert told == [
            "ADDED a1",
            "ADDED b2",
            "BOOKMARK 10",
            "MODIFIED a11",
            "ADDED c12",
            "BOOKMARK 13",
            "DELETED b14",
        ]
        asked = dict(server.seen[1].params)
        assert 240 <= int(asked.pop("timeoutSeconds")) <= 300
        assert asked == {
            "labelSelector": "x=y",
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": "10",
        }


@pytest.mark.anyio
@pytest.mark.parametrize("cut", [False, True])
async def test_a_watch_that_ends_goes_on_where_it_was(*, cut: bool) -> None:
    """F15."""
    watches = [
        stream(event("ADDED", pod("a", 11)), bookmark(20), cut=cut),
        stream(event("MODIFIED", pod("a", 21)), cut=cut),
        QUIET,
    ]
    async with ApiServer(script([listed(10)], watches)) as server, connect(server) as client:
        told = await take(client.watch(PODS, "team-a"), 4)

        assert told == ["BOOKMARK 10", "ADDED a11", "BOOKMARK 20", "MODIFIED a21"]
        assert [seen.params.get("resourceVersion") for seen in server.seen] == [None, "10", "20"]


@pytest.mark.anyio
@pytest.mark.parametrize("inside", [False, True])
async def test_after_a_forgotten_version_only_the_differences_are_told(*, inside: bool) -> None:
    """F15."""
    old = stream(TOO_OLD) if inside else status(410, "Expired")
    lists = [
        listed(10, pod("same", 1), pod("changed", 2), pod("gone", 3), pod("new", 4, uid="first")),
        listed(30, pod("same", 1), pod("changed", 22), pod("new", 24, uid="second")),
    ]
    handler = script(lists, [old, stream(event("MODIFIED", pod("same", 31)), 5)])
    async with ApiServer(handler) as server, connect(server) as client:
        told = await take(client.watch(PODS, "team-a"), 11)

        assert told == [
            "ADDED same1",
            "ADDED changed2",
            "ADDED gone3",
            "ADDED new4",
            "BOOKMARK 10",
            "DELETED gone3",
            "DELETED new4",
            "MODIFIED changed22",
            "ADDED new24",
            "BOOKMARK 30",
            "MODIFIED same31",
        ]


@pytest.mark.anyio
async def test_who_starts_at_a_version_is_told_to_begin_anew() -> None:
    """F15."""
    watches = [stream(event("MODIFIED", pod("a", 11))), stream(TOO_OLD), QUIET]
    handler = script([listed(30, pod("b", 5))], watches)
    async with ApiServer(handler) as server, connect(server) as client:
        told = await take(client.watch(PODS, "team-a", resource_version="10"), 4)

        assert told == ["MODIFIED a11", "RELISTED None", "ADDED b5", "BOOKMARK 30"]
        assert server.seen[0].params["resourceVersion"] == "10"


@pytest.mark.anyio
async def test_no_change_is_told_twice() -> None:
    """F15."""
    watches = [
        stream(event("ADDED", pod("a", 1)), event("DELETED", pod("never", 12))),
        stream(event("MODIFIED", pod("a", 13)), event("ADDED", pod("a", 13)), bookmark(14), 5),
    ]
    handler = script([listed(10, pod("a", 1))], watches)
    async with ApiServer(handler) as server, connect(server) as client:
        told = await take(client.watch(PODS, "team-a"), 4)

    assert told == ["ADDED a1", "BOOKMARK 10", "MODIFIED a13", "BOOKMARK 14"]


@pytest.mark.anyio
async def test_a_server_that_is_gone_is_waited_for() -> None:
    """F15, F5."""
    faults = [Reply(cut=True), status(503, "ServiceUnavailable"), status(429, "TooManyRequests")]
    watches = [*faults, stream(b"no event\n"), stream(event("ADDED", pod("a", 11)), 5)]
    time = FakeTime()
    handler = script([listed(10)], watches)
    async with ApiServer(handler) as server, connect(server, time) as client:
        assert await take(client.watch(PODS, "team-a"), 2) == ["BOOKMARK 10", "ADDED a11"]

    assert time.slept == [0.25, 0.5, 1, 2]


@pytest.mark.anyio
async def test_a_server_that_stays_away_ends_the_watch() -> None:
    """F15, I9."""
    time = FakeTime()
    handler = script([listed(10)], [Reply(cut=True)])
    async with ApiServer(handler) as server, connect(server, time) as client:
        with pytest.raises(UnreachableError):
            await take(client.watch(PODS, "team-a"), 2)

    assert 300 < sum(time.slept) < 310


@pytest.mark.anyio
async def test_a_watch_that_always_ends_at_once_is_not_asked_without_rest() -> None:
    """F15, I10."""
    time = FakeTime()
    watches = [*([stream()] * 30), stream(event("ADDED", pod("a", 11)), 5)]
    async with ApiServer(script([listed(10)], watches)) as server, connect(server, time) as client:
        await take(client.watch(PODS, "team-a"), 2)

    assert time.slept[:6] == [0.25, 0.5, 1, 2, 4, 5]
    assert len(time.slept) == 30


@pytest.mark.anyio
async def test_silence_means_a_dead_connection() -> None:
    """F15."""
    watches = [stream(60), stream(event("ADDED", pod("a", 11)), 5)]
    handler = script([listed(10)], watches)
    async with ApiServer(handler) as server, connect(server, watch_silence=0.1) as client:
        assert await take(client.watch(PODS, "team-a"), 2) == ["BOOKMARK 10", "ADDED a11"]


@pytest.mark.anyio
async def test_a_watch_that_is_not_allowed_is_an_error() -> None:
    """F9, F14."""
    refusals: list[tuple[Reply, type[Exception]]] = [
        (status(403, "Forbidden", "no"), ForbiddenError),
        (status(404, "NotFound"), KindNotServedError),
    ]
    for reply, error in refusals:
        async with ApiServer(script([listed(1)], [reply])) as server, connect(server) as client:
            with pytest.raises(error, match="watch pods in team-a"):
                await take(client.watch(PODS, "team-a"), 2)


@pytest.mark.anyio
async def test_an_event_may_come_in_pieces() -> None:
    """F15."""
    text = b'{"type": "ADDED", "object": {"metadata": {"name": "\xc3\xa4", "uid": "1", "x": 1}}}\n'
    pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
    handler = script([listed(10)], [stream(*pieces, 5)])
    async with ApiServer(handler) as server, connect(server) as client:
        assert await take(client.watch(PODS, "team-a"), 2) == ["BOOKMARK 10", "ADDED äNone"]


@pytest.mark.anyio
async def test_leaving_a_watch_closes_its_connection() -> None:
    """F15."""
    handler = script([listed(10)], [stream(bookmark(11), 30)])
    async with ApiServer(handler) as server, connect(server) as client:
        await take(client.watch(PODS, "team-a"), 2)
        await connections(server, 0)

        reader = asyncio.create_task(take(client.watch(PODS, "team-a"), 9))
        await connections(server, 1)
        reader.cancel()
        await connections(server, 0)


async def connections(server: ApiServer, count: int) -> None:
    async with asyncio.timeout(2):
        while server.open != count:  # noqa: ASYNC110 - a count of sockets has no event
            await asyncio.sleep(0.01)


@pytest.mark.anyio
async def test_a_watch_keeps_the_caller_who_began_it() -> None:
    """R-KEY-16, R-EXT-05."""
    watches = [stream(TOO_OLD), stream(bookmark(12), 5)]
    async with ApiServer(script([listed(10)], watches)) as server:
        client = Client(ConnectionConfig(server.url, token="own"), pacing=FakeTime().pacing())
        async with client:
            with use_identity(Identity(token="alice")):
                events = client.watch(PODS, "team-a")
            with use_identity(Identity(token="bob")):
                await take(events, 2)

        assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer alice"}


def test_what_is_kept_of_an_object_is_small() -> None:
    known = Known()

    known.differences([pod("a", 1)])

    (gone,) = known.differences([])
    assert gone.type == "DELETED"
    assert "spec" not in gone.object
