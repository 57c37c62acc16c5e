import socket

import pytest

from support.command_line import CommandLine


@pytest.fixture
def command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> CommandLine:
    """A shell without settings, in front of no cluster yet."""
    for variable in ("APPLICATIONS_NAMESPACE", "NGC_URL", "REGISTRY_URL"):
        monkeypatch.delenv(f"ODH_NIM_{variable}", raising=False)
    return CommandLine(monkeypatch, capsys.readouterr)


@pytest.fixture
def unused_port() -> int:
    """A port of this machine where nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
