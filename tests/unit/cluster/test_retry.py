"""What is tried again, and how long: F4, F5, F6, F7, I9."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.cluster import Client, ConnectionConfig, Timeouts
from odh_nim.cluster.retry import Attempts, backoff, retry_after
from odh_nim.domain.errors import (
    BusyError,
    NotFoundError,
    ServerError,
    UnclearReplyError,
    UnreachableError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS
from support.api_server import ApiServer, Reply, Seen, status
from support.pacing import FakeTime

SECRET: Manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
READY = Reply(200, SECRET)


def in_turn(*replies: Reply) -> Callable[[Seen], Reply]:
    """Answer with one after the other; the last stays."""
    left = list(replies)
    return lambda _seen: left.pop(0) if len(left) > 1 else left[0]


def connect(server: ApiServer, time: FakeTime, **timeouts: float) -> Client:
    config = ConnectionConfig(server.url, token="t")
    return Client(config, timeouts=Timeouts(**timeouts), pacing=time.pacing())


FAULTS = {
    "429": status(429, "TooManyRequests"),
    "502": Reply(502, b"bad gateway", media_type="text/plain"),
    "503": status(503, "ServiceUnavailable"),
    "504": status(504, "Timeout"),
    "cut": Reply(cut=True),
    "truncated": Reply(200, SECRET, cut_after=10),
    "webhook": status(500, "InternalError", 'failed calling webhook "w"'),
}


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_read_is_tried_again_after_a_fault_that_passes(fault: Reply) -> None:
    """F4, F5, F6, F7."""
    time = FakeTime()
    async with ApiServer(in_turn(fault, fault, READY)) as server, connect(server, time) as client:
        assert await client.get(SECRETS, "key", "a") == SECRET

        assert len(server.seen) == 3
    assert time.slept == [0.25, 0.5]


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_dry_run_and_a_delete_of_a_uid_are_tried_again(fault: Reply) -> None:
    """F12, R-DEP-04."""
    time = FakeTime()
    async with ApiServer(in_turn(fault, READY)) as server, connect(server, time) as client:
        await client.create(SECRET, namespace="a", dry_run=True)
    async with ApiServer(in_turn(fault, READY)) as server, connect(server, time) as client:
        await client.delete(SECRETS, "key", "a", uid="u")

        assert server.seen[1].json["preconditions"] == {"uid": "u"}


@pytest.mark.anyio
async def test_a_write_is_tried_again_only_when_nothing_was_stored() -> None:
    """F4, F12."""
    for fault in (FAULTS["429"], FAULTS["webhook"]):
        handler = in_turn(fault, Reply(201, SECRET))
        async with ApiServer(handler) as server, connect(server, FakeTime()) as client:
            assert await client.create(SECRET, namespace="a") == SECRET

            assert len(server.seen) == 2


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["502", "503", "504"])
async def test_a_write_that_may_be_stored_is_not_sent_twice(name: str) -> None:
    """F5."""
    async with ApiServer(in_turn(FAULTS[name])) as server, connect(server, FakeTime()) as client:
        with pytest.raises(ServerError):
            await client.create(SECRET, namespace="a")

        assert len(server.seen) == 1


UNCLEAR = {
    "cut": Reply(cut=True),
    "truncated": Reply(201, SECRET, cut_after=10),
    "a web page": Reply(200, b"<html>", media_type="text/html"),
    "broken JSON": Reply(200, b'{"kind":'),
    "a JSON list": Reply(200, b"[]"),
    "no JSON at all": Reply(201, b"ok", media_type="text/plain"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("reply", UNCLEAR.values(), ids=UNCLEAR.keys())
async def test_a_lost_reply_to_a_write_is_unclear(reply: Reply) -> None:
    """F6, F7."""
    async with ApiServer(in_turn(reply)) as server, connect(server, FakeTime()) as client:
        for write in (
            client.create(SECRET, namespace="a"),
            client.replace(SECRET, namespace="a"),
            client.apply(SECRET, namespace="a"),
            client.patch(SECRETS, "key", "a", merge={}),
            client.delete(SECRETS, "key", "a"),
        ):
            with pytest.raises(UnclearReplyError, match="Secret/key in a"):
                await write

        assert len(server.seen) == 5


@pytest.mark.anyio
@pytest.mark.parametrize("reply", UNCLEAR.values(), ids=UNCLEAR.keys())
async def test_a_lost_reply_to_a_read_or_a_dry_run_leaves_nothing_unclear(reply: Reply) -> None:
    """F7."""
    async with ApiServer(in_turn(reply)) as server, connect(server, FakeTime()) as client:
        for call in (
            client.get(SECRETS, "key", "a"),
            client.list(SECRETS),
            client.can_i("get", SECRETS, "a"),
            client.create(SECRET, namespace="a", dry_run=True),
            client.dry_run().create(SECRET, namespace="a"),
        ):
            with pytest.raises(UnreachableError) as failure:
                await call
            assert not isinstance(failure.value, UnclearReplyError)


@pytest.mark.anyio
async def test_without_a_connection_nothing_was_sent() -> None:
    """F5, I9."""
    time = FakeTime()
    async with ApiServer(in_turn(READY)) as server:
        pass

    async with connect(server, time) as client:
        with pytest.raises(UnreachableError, match="the connection was refused") as failure:
            await client.create(SECRET, namespace="a")

    assert not isinstance(failure.value, UnclearReplyError)
    assert time.slept == [0.25, 0.5, 1]


@pytest.mark.anyio
async def test_a_delete_that_was_told_before_and_is_gone_is_done() -> None:
    """F6."""
    gone = status(404, "NotFound", 'secrets "key" not found', name="key", kind="secrets")
    handler = in_turn(Reply(cut=True), gone)
    async with ApiServer(handler) as server, connect(server, FakeTime()) as client:
        await client.delete(SECRETS, "key", "a", uid="u")

        with pytest.raises(NotFoundError):
            await client.delete(SECRETS, "key", "a", uid="u")


@pytest.mark.anyio
async def test_the_server_says_how_long_to_wait() -> None:
    """F4."""
    time = FakeTime()
    busy = status(429, "TooManyRequests")
    busy.headers = {"retry-after": "9"}
    handler = in_turn(busy, busy, busy, READY)
    async with ApiServer(handler) as server, connect(server, time) as client:
        await client.get(SECRETS, "key", "a")

    assert [int(wait) for wait in time.slept] == [9, 9, 9]


@pytest.mark.anyio
async def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    """F4, I9."""
    time = FakeTime()
    busy = status(429, "TooManyRequests")
    busy.headers = {"retry-after": "31"}
    async with ApiServer(in_turn(busy)) as server, connect(server, time) as client:
        with pytest.raises(BusyError, match="busy"):
            await client.get(SECRETS, "key", "a")

        assert len(server.seen) == 1
    assert time.slept == []


@pytest.mark.anyio
async def test_a_busy_server_is_asked_until_the_deadline() -> None:
    """F4, I9."""
    time = FakeTime()
    handler = in_turn(FAULTS["429"])
    async with ApiServer(handler) as server, connect(server, time, operation=60) as client:
        with pytest.raises(BusyError):
            await client.get(SECRETS, "key", "a")

    assert 50 < sum(time.slept) < 60
    assert max(time.slept) == 5


@pytest.mark.anyio
async def test_an_answer_that_never_comes_ends_at_the_deadline() -> None:
    """I9."""
    async with ApiServer(in_turn(Reply(hang=True))) as server:
        client = Client(ConnectionConfig(server.url), timeouts=Timeouts(operation=0.1))
        async with client:
            with pytest.raises(UnclearReplyError, match="no answer within"):
                await client.create(SECRET, namespace="a")
            with pytest.raises(UnreachableError, match="no answer within"):
                await client.get(SECRETS, "key", "a")


@pytest.mark.anyio
async def test_an_answer_that_trickles_ends_at_the_deadline() -> None:
    """I9."""
    trickle = Reply(200, lines=[b" ", 0.05] * 100)
    async with ApiServer(in_turn(trickle)) as server:
        client = Client(ConnectionConfig(server.url), timeouts=Timeouts(operation=0.2))
        async with client:
            started = asyncio.get_running_loop().time()
            with pytest.raises(UnreachableError):
                await client.get(SECRETS, "key", "a")
            assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.anyio
async def test_an_answer_without_end_is_cut() -> None:
    """I9."""
    huge = Reply(200, lines=[b"x" * 1_000_000] * 20)
    async with ApiServer(in_turn(huge)) as server, connect(server, FakeTime()) as client:
        with pytest.raises(UnreachableError, match="larger than 8192 KiB"):
            await client.get(SECRETS, "key", "a")


def test_a_login_does_not_use_up_the_deadline() -> None:
    time = FakeTime()
    attempts = Attempts(30, time.pacing())

    with attempts.paused():
        time.now += 100

    assert attempts.left == 30


def test_retry_after_is_a_number_or_a_date() -> None:
    """F4."""
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=60))

    assert retry_after("12") == 12
    assert 55 < (retry_after(later) or 0) <= 60
    assert retry_after("Thu, 01 Jan 1970 00:00:00 GMT") == 0


@given(text=st.text(max_size=40))
def test_any_retry_after_is_read_or_ignored(text: str) -> None:
    """F4."""
    found = retry_after(text)

    assert found is None or found >= 0


@given(failures=st.integers(1, 1000), dice=st.floats(0, 1))
def test_a_wait_is_never_long(failures: int, dice: float) -> None:
    """I9."""
    assert 0 <= backoff(failures, FakeTime().pacing(dice)) <= 5
