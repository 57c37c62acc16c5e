"""Commands that may reach a few ports of this machine and nothing else."""

import stat
import sys
from collections.abc import Iterable
from pathlib import Path

_GUARD = """
import sys

PORTS = %r

def guard(event, arguments):
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        if arguments[0] not in (None, "127.0.0.1", "localhost", b"127.0.0.1"):
            raise RuntimeError(f"looked up {arguments[0]}")
    if event == "socket.connect":
        address = arguments[1]
        if isinstance(address, tuple) and address[1] not in PORTS:
            raise RuntimeError(f"connected to {address}")

sys.addaudithook(guard)
from odh_nim.cli.main import main
main(sys.argv[1:])
"""


def cut_off(ports: Iterable[int]) -> list[str]:
    """Give a command that runs `odh-nim`; a connection elsewhere ends it with a traceback."""
    return [sys.executable, "-c", _GUARD % sorted(ports)]


def write_command(path: Path, words: Iterable[str]) -> None:
    """Write a program that runs the words with what it is given."""
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
    path.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
