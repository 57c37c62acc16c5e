"""Starts air-gap commands at once: one process has imported everything, and forks for each.

It has no threads, so forking is safe; the tests' own process, which serves registries, has many.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Zygote:
    """The process that forks."""

    process: subprocess.Popen[str]
    folder: Path
    number: int = 0

    def start(self, *words: str | Path) -> "Started":
        """Start a command."""
        self.number += 1
        out = self.folder / f"out-{self.number}"
        out.touch()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        order = {"words": list(map(str, words)), "out": str(out)}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return Started(int(self.process.stdout.readline()), out, self)


@dataclass(frozen=True)
class Started:
    """A command that runs."""

    pid: int
    out: Path
    zygote: Zygote

    def wait_for(self, words: str) -> None:
        """Wait until it has printed something."""
        until = time.monotonic() + 30
        while words not in self.out.read_text():
            assert time.monotonic() < until, self.out.read_text()
            time.sleep(0.002)

    def kill(self) -> None:
        """Let its parent kill it, also where it has just ended, and wait until it is gone."""
        assert self.zygote.process.stdin is not None
        assert self.zygote.process.stdout is not None
        self.zygote.process.stdin.write("kill\n")
        self.zygote.process.stdin.flush()
        assert self.zygote.process.stdout.readline() == "gone\n"


@contextmanager
def zygote(folder: Path, environ: dict[str, str]) -> Iterator[Zygote]:
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    try:
        yield Zygote(process, folder)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def _serve() -> None:
    from odh_nim.cli import airgap_run  # noqa: F401, PLC0415 - imported before any fork
    from odh_nim.cli.main import main  # noqa: PLC0415 - in the process that forks only

    # Not by iteration, which reads ahead of `readline`.
    while line := sys.stdin.readline():
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            descriptor = os.open(order["out"], os.O_WRONLY | os.O_APPEND)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            main(order["words"])
        print(pid, flush=True)  # noqa: T201 - the answer
        sys.stdin.readline()
        # Not reaped yet, so the id is still the child's.
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        print("gone", flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    _serve()
