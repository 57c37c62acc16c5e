"""The way to NVIDIA, and the key on it (R-CAT-02)."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from faults.catalog.conftest import CHECK, KEY, MODEL, OLD, SEARCH, Generator
from odh_nim.sandbox.nvidia import Fault
from support.nvidia_thread import running_stand_in


@pytest.mark.parametrize("path", [CHECK, SEARCH, MODEL])
def test_redirect_to_another_host_is_not_followed(generator: Generator, path: str) -> None:
    """S6: the key must not reach a host that was not named."""
    with running_stand_in([]) as other:
        location = {"location": f"{other.url}{path}"}
        generator.fault(*(Fault("answer", status, location, path=path) for status in (302, 307)))

        outcome = generator.run()

        assert outcome.code == 6
        assert "a redirect (302), which is not followed" in outcome.error_line
        assert list(other.state.journal) == []


def test_service_that_is_not_there_ends_the_run(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ODH_NIM_NGC_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")

        outcome = generator.run()

    assert outcome.code == 6
    assert "the connection was refused" in outcome.error_line


def test_host_without_an_address_ends_the_run(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODH_NIM_NGC_URL", "https://api.ngc.invalid")

    outcome = generator.run("--timeout", "5")

    assert outcome.code == 6
    assert "Could not ask NVIDIA (api.ngc.invalid)" in outcome.error_line


def test_cleartext_address_elsewhere_is_refused(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ODH_NIM_NGC_URL", "http://api.ngc.nvidia.com")

    outcome = generator.run()

    assert outcome.code == 2
    assert "ODH_NIM_NGC_URL is no https address" in outcome.error_line


def test_proxy_variable_is_honoured(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    with recording_proxy() as (url, requests):
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("ODH_NIM_NGC_URL", "https://api.ngc.invalid")

        outcome = generator.run("--timeout", "5")

    assert outcome.code == 6
    assert "the proxy asks for a login (407)" in outcome.error_line
    assert requests[0].startswith("CONNECT api.ngc.invalid:443 ")
    assert KEY not in "".join(requests)


def test_proxy_is_not_asked_for_this_machine_itself(
    generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with recording_proxy() as (url, requests):
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.setenv("ALL_PROXY", url)

        assert generator.run().code == 0

    assert requests == []


def test_netrc_does_not_replace_the_key(
    generator: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S6."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (home / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("NETRC", str(home / ".netrc"))

    assert generator.run().code == 0

    keys = {each.key for each in generator.nvidia.state.journal if each.path != SEARCH}
    listed = {each.key for each in generator.nvidia.state.journal if each.path == SEARCH}
    assert (keys, listed) == ({"good"}, {""})


@pytest.mark.parametrize(
    "key",
    [
        "nvapi-SANDBOX-GOOD\n-KEY-000000",
        "nvapi-SANDBOX-GOOD-KEY-000000\nnvapi-SANDBOX-SECOND-KEY-000000",
        "nvapi-SANDBOX-GOOD\r\nX-Injected: 1",
        "nvapi-ö" + "x" * 30,
        "c3RhbmRpbi1sZWdhY3kta2V5LW5vdC1hLXNlY3JldA==",
        "",
        "x" * 200_000,
    ],
)
def test_text_that_is_no_key_is_never_sent(generator: Generator, key: str) -> None:
    arguments = ("catalog", "generate", "--output", str(generator.output), "--key-file", "-")

    outcome = generator.shell.run(*arguments, stdin=key)

    assert outcome.code == 2
    assert "This is no NGC API key" in outcome.error_line
    assert "SANDBOX" not in outcome.out + outcome.err
    assert generator.asked() == []
    assert generator.output.read_text() == OLD


def test_key_may_stand_in_a_variable_or_a_file(
    generator: Generator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    file.write_text(KEY + "\n")
    file.chmod(0o600)
    monkeypatch.setenv("CI_KEY", KEY)
    command = ("catalog", "generate", "--output", str(generator.output), "--no-eu-list")

    assert generator.shell.run(*command, "--key-env", "CI_KEY").code == 0
    assert generator.shell.run(*command, "--key-file", str(file)).code == 0

    empty = generator.shell.run(*command, "--key-env", "NO_KEY")
    both = generator.shell.run(*command, "--key-env", "CI_KEY", "--key-file", str(file))
    assert (empty.code, both.code) == (2, 2)
    assert "the variable NO_KEY is empty" in empty.error_line


def test_debug_log_holds_no_key(generator: Generator) -> None:
    """S7: the whole command in a process of its own, with everything logged."""
    result = subprocess.run(
        [sys.executable, "-m", "odh_nim", "--debug", "catalog", "generate", "--key-file", "-"],
        input=KEY,
        env=os.environ | {"ODH_NIM_NGC_URL": generator.nvidia.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    assert "kind: ConfigMap" in result.stdout
    assert "GET" in result.stderr
    assert KEY not in result.stdout + result.stderr


@contextmanager
def recording_proxy() -> Iterator[tuple[str, list[str]]]:
    """Listen as a proxy that wants a login, and note what it is asked."""
    requests: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    requests.append(connection.recv(65536).decode("latin-1"))
                    connection.sendall(
                        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n"
                    )

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", requests
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)
