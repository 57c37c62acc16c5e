import pytest

from odh_nim.cluster import Client, ConnectionConfig, Timeouts
from odh_nim.domain.errors import NotFoundError, RejectedError, UnreachableError
from support.api_server import ApiServer, Reply, Seen, status
from support.pacing import FakeTime


def connect(server: ApiServer, **timeouts: float) -> Client:
    config = ConnectionConfig(server.url)
    return Client(config, timeouts=Timeouts(**timeouts), pacing=FakeTime().pacing())


def log(*pieces: bytes | float, cut: bool = False) -> Reply:
    return Reply(200, lines=list(pieces), media_type="text/plain", cut_after=0 if cut else None)


@pytest.mark.anyio
async def test_a_log_comes_line_by_line() -> None:
    """R-EXT-02."""
    text = log(b"one\ntw", b"o\r\n\n\xc3", b"\xa4 \xff\nthe ", b"end")
    async with ApiServer(lambda _: text) as server, connect(server) as client:
        lines = [
            line
            async for line in client.logs(
                "pod", "a", container="c", previous=True, tail_lines=5, since_seconds=60
            )
        ]

        assert lines == ["one", "two", "", "ä \N{REPLACEMENT CHARACTER}", "the end"]
        assert server.seen[0].path == "/api/v1/namespaces/a/pods/pod/log"
        assert server.seen[0].params == {
            "container": "c",
            "previous": "true",
            "tailLines": "5",
            "sinceSeconds": "60",
        }


@pytest.mark.anyio
async def test_a_followed_log_is_read_while_it_grows() -> None:
    """R-EXT-02."""
    text = log(b"one\n", 30)
    async with ApiServer(lambda _: text) as server, connect(server) as client:
        lines = client.logs("pod", "a", follow=True)

        assert await anext(lines) == "one"
        await lines.aclose()  # type: ignore[attr-defined]  # it is a generator

        assert server.seen[0].params == {"follow": "true"}


@pytest.mark.anyio
async def test_a_line_without_end_is_cut() -> None:
    """I9."""
    text = log(*([b"x" * 50_000] * 10), b"\nnext\n" + b"y" * 70_000 + b"\nlast")
    async with ApiServer(lambda _: text) as server, connect(server) as client:
        lines = [line async for line in client.logs("pod", "a")]

    assert [(line[0], len(line)) for line in lines] == [
        ("x", 65_537),
        ("n", 4),
        ("y", 65_537),
        ("l", 4),
    ]


@pytest.mark.anyio
async def test_a_log_that_is_not_there_is_an_error() -> None:
    """R-EXT-02."""
    waiting = 'container "c" in pod "pod" is waiting to start: ContainerCreating'
    replies = {
        NotFoundError: status(404, "NotFound", 'pods "pod" not found', name="pod"),
        RejectedError: status(400, "BadRequest", waiting),
        UnreachableError: log(b"one\n", cut=True),
    }
    for error, reply in replies.items():

        def handler(_seen: Seen, reply: Reply = reply) -> Reply:
            return reply

        async with ApiServer(handler) as server, connect(server) as client:
            with pytest.raises(error, match="read the log of Pod/pod in a"):
                [line async for line in client.logs("pod", "a")]


@pytest.mark.anyio
async def test_silence_ends_a_log_that_is_not_followed() -> None:
    """I9."""
    text = log(b"one\n", 30)
    async with ApiServer(lambda _: text) as server, connect(server, read=0.1) as client:
        with pytest.raises(UnreachableError, match="no answer in time"):
            [line async for line in client.logs("pod", "a")]
