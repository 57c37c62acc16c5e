"""Runs whole commands in this process, against fakes in place of what wiring opens."""

import io
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from odh_nim.cli import wiring
from odh_nim.cli.main import main
from support.keys import FakeNvidia, FakeRegistry


@dataclass(frozen=True)
class Outcome:
    """What a shell sees of a command."""

    code: int
    out: str
    err: str

    @property
    def error_line(self) -> str:
        """The one line that says what went wrong."""
        (line,) = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        return line


@dataclass(frozen=True)
class Services:
    """Stands in for what wiring.nvidia() gives."""

    ngc: FakeNvidia = field(default_factory=FakeNvidia)
    registry: FakeRegistry = field(default_factory=FakeRegistry)


@dataclass
class CommandLine:
    """The command line of one person, with what it talks to."""

    monkeypatch: pytest.MonkeyPatch
    read: Callable[[], Any]
    nvidia: Services = field(default_factory=Services)
    opened: int = 0

    def connect_to(self, client: Any) -> None:
        """Let every command meet this cluster."""

        @asynccontextmanager
        async def connect(_target: object) -> AsyncIterator[Any]:
            yield client

        @asynccontextmanager
        async def nvidia() -> AsyncIterator[Services]:
            self.opened += 1
            yield self.nvidia

        self.monkeypatch.setattr(wiring, "connect", connect)
        self.monkeypatch.setattr(wiring, "nvidia", nvidia)

    def run(self, *arguments: str, stdin: str | bytes = "") -> Outcome:
        """Run one command to its end."""
        piped = stdin.encode() if isinstance(stdin, str) else stdin
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(piped)))
        self.read()
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        output = self.read()
        assert isinstance(end.value.code, int)
        return Outcome(end.value.code, output.out, output.err)
