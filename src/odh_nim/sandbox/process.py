"""Processes by their identity: a number alone may meanwhile belong to somebody else."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICK: Final = 0.02
_KILL_GRACE: Final = 5.0


@dataclass(frozen=True)
class Process:
    """A process: its number, and when it began."""

    pid: int
    started: str

    def is_running(self) -> bool:
        """Say whether this very process is alive; one that only waits to be reaped is not."""
        return identify(self.pid) == self

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if this very process is alive."""
        if self.is_running():
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float) -> bool:
        """Wait for its end; say whether it came."""
        deadline = time.monotonic() + seconds
        while self.is_running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_TICK)
        return True

    def stop(self, seconds: float) -> None:
        """End it: politely, and after some time by force."""
        self.send(signal.SIGTERM)
        if not self.wait(seconds):
            self.send(signal.SIGKILL)
            self.wait(_KILL_GRACE)

    def memory(self) -> int | None:
        """Give its resident memory in bytes, where the system tells."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, ValueError, IndexError):
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")


def identify(pid: int) -> Process | None:
    """Find the process of a number; None where there is none, or only a zombie."""
    started = _start_in_proc(pid) if sys.platform == "linux" else _start_by_ps(pid)
    return Process(pid, started) if started else None


def own_process() -> Process:
    """Give the identity of the process that asks."""
    process = identify(os.getpid())
    assert process is not None
    return process


def write_pid_file(path: Path, process: Process) -> None:
    """Write down which process it is."""
    path.write_text(f"{process.pid} {process.started}\n", encoding="ascii")


def read_pid_file(path: Path) -> Process | None:
    """Give the process of a pid file if it is still that one; None otherwise."""
    try:
        number, _, started = path.read_text(encoding="ascii").strip().partition(" ")
        process = Process(int(number), started)
    except (OSError, ValueError):
        return None
    return process if process.is_running() else None


def _start_in_proc(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    # The name in parentheses may itself hold spaces and parentheses.
    fields = text.rpartition(")")[2].split()
    state, start = fields[0], fields[19]
    return "" if state in "ZX" else start


def _start_by_ps(pid: int) -> str:
    answer = subprocess.run(  # noqa: S603 - a number is all that varies
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - wherever the system has it
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, started = answer.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()
