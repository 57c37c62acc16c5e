"""HTTP/1.1 against whatever a server or something in between may send: I9."""

import asyncio
import gzip
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.cluster import Client, ConnectionConfig
from odh_nim.cluster.http_connection import Endpoint
from odh_nim.cluster.http_pool import HttpFault, Pool, Response, Waits
from odh_nim.cluster.http_wire import WireError, build_head, parse_chunk_size, parse_head
from odh_nim.domain.resources import SECRETS
from support.api_server import ApiServer, Reply
from support.tls import make_pki

REQUEST = build_head("GET", "/x", "server", [])
OK = b"HTTP/1.1 200 OK\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def server(serve: Callable[[int, Streams], Awaitable[None]]) -> AsyncIterator[Pool]:
    """Serve each connection by its number; give a pool that leads there."""
    count = 0

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        try:
            await serve(count, (reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        pool = Pool(Endpoint("127.0.0.1", port, None))
        try:
            yield pool
        finally:
            await pool.close()


def says(*answers: bytes, then_wait: bool = False) -> Callable[[int, Streams], Awaitable[None]]:
    """Answer the requests of each connection in turn, then close it, or wait."""

    async def serve(_number: int, streams: Streams) -> None:
        reader, writer = streams
        for answer in answers:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        if then_wait:
            await reader.read()

    return serve


async def ask(pool: Pool, *, silence: float = 5) -> tuple[int, bytes]:
    async with pool.request(REQUEST, None, Waits(5, silence)) as response:
        return response.status, await body_of(response)


async def body_of(response: Response) -> bytes:
    async with aclosing(response.chunks()) as chunks:
        return b"".join([chunk async for chunk in chunks])


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    return (
        OK
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts)
        + end
    )


GOOD = {
    "a length": (OK + b"Content-Length: 5\r\n\r\nhello", b"hello"),
    "no body": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "the same length twice": (
        OK + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        b"hello",
    ),
    "chunks": (chunked(b"hel", b"lo"), b"hello"),
    "chunks with extensions": (
        OK + b"transfer-encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
        b"hello",
    ),
    "chunks with a trailer": (chunked(b"hello", end=b"0\r\nX: y\r\n\r\n"), b"hello"),
    "the end of the connection": (OK + b"\r\nhello", b"hello"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "a word before": (
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 5\r\n\r\nhello",
        b"hello",
    ),
    "packed": (
        OK
        + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(gzip.compress(b"hello"))
        + gzip.compress(b"hello"),
        b"hello",
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize("case", GOOD.values(), ids=GOOD.keys())
async def test_each_way_of_ending_a_body_is_understood(case: tuple[bytes, bytes]) -> None:
    answer, body = case
    async with server(says(answer)) as pool:
        assert await ask(pool) == (200, body)


BAD = {
    "nothing": b"",
    "half a head": OK + b"Content-Le",
    "no HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "HTTP/2": b"HTTP/2 200 OK\r\n\r\n",
    "half a body": OK + b"Content-Length: 5\r\n\r\nhel",
    "a length that is no number": OK + b"Content-Length: x\r\n\r\nhello",
    "a length below nothing": OK + b"Content-Length: -5\r\n\r\nhello",
    "two lengths": OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
    "two codings": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "a folded header": OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "a header without a colon": OK + b"nonsense\r\n\r\n",
    "a chunk without a size": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a chunk that is longer": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    "chunks without an end": chunked(b"hello", end=b""),
    "half a chunk": OK + b"Transfer-Encoding: chunked\r\n\r\n9\r\nhello",
    "a head without an end": OK + b"X: y\r\n" * 20_000,
    "an encoding that was not asked for": (
        OK + b"Content-Encoding: br\r\nContent-Length: 5\r\n\r\nhello"
    ),
    "packed, and cut": (
        OK + b"Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\n" + gzip.compress(b"hello")[:12]
    ),
    "said to be packed": OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello",
}


@pytest.mark.anyio
@pytest.mark.parametrize("answer", BAD.values(), ids=BAD.keys())
async def test_a_broken_answer_is_no_answer(answer: bytes) -> None:
    """F6, F7."""
    async with server(says(answer)) as pool:
        with pytest.raises(HttpFault) as failure:
            await ask(pool)

    assert failure.value.sent


@pytest.mark.anyio
async def test_silence_ends_a_request() -> None:
    """I9."""
    for answer in (b"", OK, OK + b"Content-Length: 5\r\n\r\nhel"):
        async with server(says(answer, then_wait=True)) as pool:
            with pytest.raises(HttpFault, match="no answer in time"):
                await ask(pool, silence=0.05)


@pytest.mark.anyio
async def test_what_is_packed_small_is_unpacked_in_pieces() -> None:
    """I9."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b"\0" * 50_000_000) + packer.flush()
    head = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    async with server(says(head + bomb, then_wait=True)) as pool:
        request = pool.request(REQUEST, None, Waits(5, 5))
        async with request as response, aclosing(response.chunks()) as chunks:
            sizes = [len(await anext(chunks)) for _ in range(3)]

    assert max(sizes) <= 1024 * 1024


@pytest.mark.anyio
async def test_a_connection_is_used_again_after_a_whole_answer_only() -> None:
    answers = {
        1: [OK + b"Content-Length: 1\r\n\r\na", OK + b"Content-Length: 1\r\n\r\nb"],
        2: [OK + b"Connection: close\r\nContent-Length: 1\r\n\r\nc"],
        3: [OK + b"Content-Length: 9\r\n\r\nnever"],
        4: [OK + b"Content-Length: 1\r\n\r\nd"],
    }

    async def serve(number: int, streams: Streams) -> None:
        await says(*answers[number], then_wait=True)(number, streams)

    async with server(serve) as pool:
        assert await ask(pool) == (200, b"a")
        async with pool.request(REQUEST, None, Waits(5, 5)) as response:
            assert response.status == 200
            # Left without reading: the rest of it must not become the next answer.
        assert await ask(pool) == (200, b"c")
        async with pool.request(REQUEST, None, Waits(5, 5)):
            pass
        assert await ask(pool) == (200, b"d")


@pytest.mark.anyio
@pytest.mark.parametrize("word", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_a_connection_that_was_closed_while_it_rested_is_not_used(word: bytes) -> None:
    """F6."""

    async def serve(number: int, streams: Streams) -> None:
        reader, writer = streams
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK + b"Content-Length: 1\r\n\r\n%d" % number)
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.write(word)

    async with server(serve) as pool:
        assert await ask(pool) == (200, b"1")
        await asyncio.sleep(0.1)
        assert await ask(pool) == (200, b"2")


@pytest.mark.anyio
async def test_a_cancelled_request_takes_its_connection_with_it() -> None:
    async def serve(number: int, streams: Streams) -> None:
        reader, writer = streams
        await reader.readuntil(b"\r\n\r\n")
        if number == 1:
            await asyncio.sleep(0.1)
        writer.write(OK + b"Content-Length: 1\r\n\r\n%d" % number)
        await reader.read()

    async with server(serve) as pool:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.03):
                await ask(pool)
        assert await ask(pool) == (200, b"2")


@pytest.mark.anyio
async def test_a_request_that_outlives_its_pool_leaves_no_connection_open() -> None:
    """Another request failed and the command ended; this one was still on its way."""
    ended = asyncio.Event()

    async def serve(_number: int, streams: Streams) -> None:
        reader, writer = streams
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(OK + b"Content-Length: 1\r\n\r\n1")
        assert await reader.read() == b""
        ended.set()

    async with server(serve) as pool:
        late = asyncio.create_task(ask(pool))
        await asyncio.sleep(0.01)
        await pool.close()

        assert await late == (200, b"1")
        async with asyncio.timeout(5):
            await ended.wait()


@asynccontextmanager
async def proxy(seen: list[bytes]) -> AsyncIterator[int]:
    """Lead to wherever a request asks, and write down how it asked."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.transport.abort()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append(head)
        port = int(head.split()[1].rpartition(b":")[2])
        there, back = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, back), pump(there, writer))

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


@pytest.mark.anyio
async def test_a_tunnel_leads_through_a_proxy(tmp_path: Path) -> None:
    """I3."""
    pki = make_pki(tmp_path, "api.test")
    seen: list[bytes] = []
    large = {"metadata": {"name": "key"}, "data": {"k": "x" * 3_000_000}}
    async with (
        ApiServer(lambda _: Reply(200, large), tls=pki.server) as api,
        proxy(seen) as port,
        Client(
            ConnectionConfig(
                f"https://api.test:{api.port}",
                proxy=f"http://user:p%40ss@127.0.0.1:{port}",
                ca_data=pki.ca,
                token="canary",
                client_certificate=pki.client("alice"),
            )
        ) as client,
    ):
        assert await client.get(SECRETS, "key", "a") == large
        await client.get(SECRETS, "key", "a")

        assert [request.certificate for request in api.seen] == ["alice", "alice"]
    (head,) = seen
    assert head.startswith(f"CONNECT api.test:{api.port} HTTP/1.1\r\n".encode())
    assert b"proxy-authorization: Basic " + b64encode(b"user:p@ss") in head
    assert b"canary" not in head


@given(
    headers=st.lists(st.tuples(st.just(b"x-name"), st.binary(max_size=30)), max_size=3),
    target=st.text(st.characters(codec="ascii"), max_size=20),
)
def test_a_request_is_one_request_or_none(headers: list[tuple[bytes, bytes]], target: str) -> None:
    """S7."""
    try:
        head = build_head("GET", f"/{target}", "server", headers)
    except WireError:
        parts = [target.encode(), *(value for _, value in headers)]
        assert any(mark in part for mark in b"\r\n\0" for part in parts)
        return

    assert head.count(b"\r\n") == len(headers) + 3
    assert head.endswith(b"\r\n\r\n")


@given(data=st.binary(max_size=80))
def test_any_bytes_are_a_head_or_an_error(data: bytes) -> None:
    """F7."""
    for head in (data, OK + data, OK + b"Content-Length: " + data):
        try:
            found = parse_head(head)
        except WireError:
            continue
        assert 100 <= found.status <= 999
        assert found.length is None or found.length >= 0


@given(data=st.binary(max_size=20))
def test_any_bytes_are_a_size_or_an_error(data: bytes) -> None:
    """F7."""
    try:
        assert 0 <= parse_chunk_size(data) < 1 << 48
    except WireError:
        assert (
            not data.isalnum() or len(data) > 12 or not set(data) <= set(b"0123456789abcdefABCDEF")
        )
