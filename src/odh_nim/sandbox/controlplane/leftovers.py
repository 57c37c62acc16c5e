"""What runs leave in a sandbox's folder, and what becomes of it."""

import shutil
from typing import Final

from odh_nim.sandbox.controlplane.parts import PROCESSES
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.process import read_pid_file

_STOP_SECONDS: Final = 10.0


def stop_leftovers(layout: Layout) -> list[str]:
    """Stop the parts of a run whose supervisor was killed; give their names."""
    stopped = []
    # The API server before its store.
    for part in reversed(PROCESSES):
        file = layout.pid_file(part)
        if (process := read_pid_file(file)) is not None:
            process.stop(_STOP_SECONDS)
            stopped.append(part)
        file.unlink(missing_ok=True)
    return stopped


def remove_sockets(layout: Layout) -> None:
    """Remove the sockets of a store that has ended or was killed."""
    for socket in layout.data.glob("*.sock:*"):
        socket.unlink()


def remove_data(layout: Layout) -> None:
    """Throw the cluster's data away; certificates, tokens and logs stay."""
    shutil.rmtree(layout.data, ignore_errors=True)
    layout.facts_file.unlink(missing_ok=True)


def keep_one_older_log(layout: Layout, part: str) -> None:
    """Begin a new log; that of the run before stays beside it."""
    log = layout.log_file(part)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
