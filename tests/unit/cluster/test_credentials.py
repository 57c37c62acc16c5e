import asyncio
import json
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from odh_nim.cluster import Client, ConnectionConfig, ExecPlugin
from odh_nim.cluster.credentials import credentials_of
from odh_nim.domain.errors import KubeconfigError, OdhNimError, UnauthorizedError
from odh_nim.domain.resources import SECRETS
from support.api_server import ApiServer, Reply, Seen, status
from support.pacing import FakeTime
from support.tls import make_pki

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
READY = Reply(200, {"kind": "Secret", "metadata": {"name": "key"}})


def wants(*tokens: str) -> Any:
    """Answer those who bring one of these tokens."""

    def handler(seen: Seen) -> Reply:
        known = seen.headers.get("authorization", "").removeprefix("Bearer ") in tokens
        return READY if known else status(401, "Unauthorized")

    return handler


@pytest.mark.anyio
async def test_a_rotated_token_is_read_again_after_a_minute(tmp_path: Path) -> None:
    """R-EXT-05."""
    file = tmp_path / "token"
    file.write_text("first\n")
    time = FakeTime()
    credentials = credentials_of(
        ConnectionConfig("https://a.test", token_file=file), clock=lambda: time.now
    )

    first = await credentials.login()
    file.write_text("second\n")
    time.now += 59
    cached = await credentials.login()
    time.now += 2
    later = await credentials.login()
    file.unlink()
    time.now += 61
    kept = await credentials.login()

    assert [login.token for login in (first, cached, later, kept)] == [
        "first",
        "first",
        "second",
        "second",
    ]


@pytest.mark.anyio
async def test_a_refused_token_is_read_again_at_once(tmp_path: Path) -> None:
    """F8."""
    file = tmp_path / "token"
    file.write_text("old")
    async with ApiServer(wants("new")) as server:
        async with Client(ConnectionConfig(server.url, token_file=file)) as client:
            with pytest.raises(UnauthorizedError):
                await client.get(SECRETS, "key", "a")
            assert len(server.seen) == 1

            file.write_text("new")
            await client.get(SECRETS, "key", "a")

        assert [seen.headers["authorization"] for seen in server.seen] == [
            "Bearer old",
            "Bearer old",
            "Bearer new",
        ]


@pytest.mark.anyio
async def test_a_fixed_token_that_is_refused_is_not_sent_again() -> None:
    """F8."""
    async with (
        ApiServer(wants()) as server,
        Client(ConnectionConfig(server.url, token="old")) as client,
    ):
        with pytest.raises(UnauthorizedError, match="Log in again"):
            await client.get(SECRETS, "key", "a")

        assert len(server.seen) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("content", [None, "", "two words", "é"])
async def test_a_token_file_without_a_token_is_named(tmp_path: Path, content: str | None) -> None:
    """I7."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)

    with pytest.raises(KubeconfigError, match=r"token file .*token"):
        await credentials_of(ConnectionConfig("https://a.test", token_file=file)).login()


def test_a_token_that_cannot_be_a_header_is_not_repeated() -> None:
    """I3."""
    with pytest.raises(KubeconfigError) as failure:
        credentials_of(ConnectionConfig("https://a.test", token="canary\r\nX: y"))

    assert "canary" not in str(failure.value)


class Program:
    """A program that writes down how it was called, and answers from a file."""

    def __init__(self, folder: Path, *, version: str = V1) -> None:
        self._version = version
        self._answer = folder / "answer"
        self._calls = folder / "calls"
        self.file = folder / "login"
        self.file.write_text(
            f"#!{sys.executable}\n"
            "import os, sys\n"
            f"open({str(self._calls)!r}, 'a').write(os.environ['KUBERNETES_EXEC_INFO'] + '\\n')\n"
            f"code, text = open({str(self._answer)!r}).read().split(' ', 1)\n"
            "print('a prompt', file=sys.stderr)\n"
            "sys.stdout.write(text)\n"
            "sys.exit(int(code))\n"
        )
        self.file.chmod(self.file.stat().st_mode | stat.S_IXUSR)

    def answers(self, code: int = 0, /, **status: Any) -> None:
        answer = {"apiVersion": self._version, "kind": "ExecCredential", "status": status}
        self.says(json.dumps(answer), code)

    def says(self, text: str, code: int = 0) -> None:
        self._answer.write_text(f"{code} {text}")

    @property
    def calls(self) -> list[dict[str, Any]]:
        if not self._calls.exists():
            return []
        return [json.loads(line) for line in self._calls.read_text().splitlines()]

    def plugin(self, **fields: Any) -> ExecPlugin:
        return ExecPlugin(self._version, str(self.file), **fields)


@pytest.mark.anyio
@pytest.mark.parametrize("version", [V1, V1BETA1])
async def test_a_program_logs_in_once_for_many_requests(tmp_path: Path, version: str) -> None:
    program = Program(tmp_path, version=version)
    program.answers(token="good")
    plugin = program.plugin(cluster={"server": "https://api.test"})
    async with (
        ApiServer(wants("good")) as server,
        Client(ConnectionConfig(server.url, exec_plugin=plugin)) as client,
    ):
        await client.get(SECRETS, "key", "a")
        await client.get(SECRETS, "key", "a")

    assert program.calls == [
        {
            "apiVersion": version,
            "kind": "ExecCredential",
            "spec": {"interactive": False, "cluster": {"server": "https://api.test"}},
        }
    ]


@pytest.mark.anyio
async def test_a_login_that_expires_is_made_again_before(tmp_path: Path) -> None:
    program = Program(tmp_path)
    soon = (datetime.now(UTC) + timedelta(seconds=5)).isoformat()
    late = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    credentials = credentials_of(ConnectionConfig("https://a.test", exec_plugin=program.plugin()))

    program.answers(token="short", expirationTimestamp=soon)
    short = await credentials.login()
    program.answers(token="long", expirationTimestamp=late)
    tokens = [short.token, (await credentials.login()).token, (await credentials.login()).token]

    assert tokens == ["short", "long", "long"]
    assert len(program.calls) == 2


@pytest.mark.anyio
async def test_a_refused_login_is_made_again_once(tmp_path: Path) -> None:
    """F8."""
    program = Program(tmp_path)
    program.answers(token="old")
    async with ApiServer(wants("new")) as server:
        config = ConnectionConfig(server.url, exec_plugin=program.plugin())
        async with Client(config) as client:
            with pytest.raises(UnauthorizedError):
                await client.get(SECRETS, "key", "a")
            assert len(program.calls) == 2

            program.answers(token="new")
            await client.get(SECRETS, "key", "a")

    assert len(program.calls) == 3


@pytest.mark.anyio
async def test_a_program_can_give_a_certificate(tmp_path: Path) -> None:
    pki = make_pki(tmp_path)
    first, second = pki.client("alice"), pki.client("alice-renewed")
    program = Program(tmp_path)
    program.answers(
        clientCertificateData=first.certificate.decode(), clientKeyData=first.key.decode()
    )

    def handler(seen: Seen) -> Reply:
        return READY if seen.certificate == "alice-renewed" else status(401, "Unauthorized")

    async with ApiServer(lambda _: READY, tls=pki.server) as server:
        config = ConnectionConfig(server.url, ca_data=pki.ca, exec_plugin=program.plugin())
        async with Client(config) as client:
            await client.get(SECRETS, "key", "a")
            program.answers(
                clientCertificateData=second.certificate.decode(), clientKeyData=second.key.decode()
            )
            server.handler = handler
            await client.get(SECRETS, "key", "a")

        assert [seen.certificate for seen in server.seen] == ["alice", "alice", "alice-renewed"]


@pytest.mark.anyio
async def test_many_requests_at_once_wait_for_one_login(tmp_path: Path) -> None:
    program = Program(tmp_path)
    program.answers(token="good")
    async with ApiServer(wants("good")) as server:
        config = ConnectionConfig(server.url, exec_plugin=program.plugin())
        async with Client(config) as client:
            await asyncio.gather(*(client.get(SECRETS, "key", "a") for _ in range(8)))

    assert len(program.calls) == 1


BROKEN = {
    "no JSON": ("canary", 0, "no ExecCredential"),
    "another kind": ('{"apiVersion": "v1", "kind": "canary"}', 0, "no ExecCredential"),
    "another version": (
        json.dumps({"apiVersion": V1BETA1, "kind": "ExecCredential", "status": {"token": "c"}}),
        0,
        "is not of client.authentication.k8s.io/v1",
    ),
    "no status": (json.dumps({"apiVersion": V1, "kind": "ExecCredential"}), 0, "no ExecCredential"),
    "nothing given": (
        json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": {}}),
        0,
        "neither a token nor",
    ),
    "half a certificate": (
        json.dumps(
            {
                "apiVersion": V1,
                "kind": "ExecCredential",
                "status": {"clientCertificateData": "canary"},
            }
        ),
        0,
        "without a key",
    ),
    "a token of two lines": (
        json.dumps({"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "canary\nb"}}),
        0,
        "no single word",
    ),
    "a failure": ("canary", 3, "ended with code 3"),
    "too much": ("canary" * 400_000, 0, "too long"),
}


@pytest.mark.anyio
@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
async def test_a_program_that_gives_no_login_is_named_and_not_repeated(
    tmp_path: Path, case: tuple[str, int, str]
) -> None:
    """I3, I7."""
    text, code, says = case
    program = Program(tmp_path)
    program.says(text, code)
    credentials = credentials_of(ConnectionConfig("https://a.test", exec_plugin=program.plugin()))

    with pytest.raises(UnauthorizedError, match=says) as failure:
        await credentials.login()

    assert "log in with login" in str(failure.value)
    assert "canary" not in str(failure.value)


CHATTERBOX = """import subprocess, sys
subprocess.Popen(["sleep", "9"]) if {child} else None
while True:
    sys.stdout.write("canary" * 10_000)
"""


@pytest.mark.anyio
@pytest.mark.parametrize("child", [False, True], ids=["alone", "with a child that outlives it"])
async def test_a_program_that_never_stops_talking_is_ended(tmp_path: Path, *, child: bool) -> None:
    """I7."""
    script = tmp_path / "login.py"
    script.write_text(CHATTERBOX.format(child=child))
    plugin = ExecPlugin(V1, sys.executable, (str(script),))

    async with asyncio.timeout(10):
        with pytest.raises(UnauthorizedError, match="too long"):
            await credentials_of(ConnectionConfig("https://a.test", exec_plugin=plugin)).login()


@pytest.mark.anyio
async def test_a_program_that_is_missing_says_how_to_get_it() -> None:
    """I7."""
    plugin = ExecPlugin(V1, "no-such-program", install_hint="Install it with: get it\x1b[0m")

    with pytest.raises(
        KubeconfigError, match=r"no-such-program.*Install it with: get it"
    ) as failure:
        await credentials_of(ConnectionConfig("https://a.test", exec_plugin=plugin)).login()

    assert "\x1b" not in str(failure.value)


@pytest.mark.anyio
async def test_a_program_that_needs_a_terminal_is_not_started_without(tmp_path: Path) -> None:
    program = Program(tmp_path)
    plugin = program.plugin(interactive_mode="Always")

    with pytest.raises(OdhNimError, match="at a terminal only"):
        await credentials_of(ConnectionConfig("https://a.test", exec_plugin=plugin)).login()

    assert program.calls == []
