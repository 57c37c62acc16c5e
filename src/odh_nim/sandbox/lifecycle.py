"""Start, find and stop the background process of a sandbox."""

import contextlib
import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.controlplane.facts import Facts, read_facts
from odh_nim.sandbox.controlplane.leftovers import keep_one_older_log, remove_data, stop_leftovers
from odh_nim.sandbox.health import is_healthy
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.state import SUPERVISOR_MODULE, Order, Phase, State, read_state

_SUPERVISOR: Final = "supervisor"
_POLL: Final = 0.05
# The slow first time: kinds are loaded into an empty store, maybe on a busy machine.
_START_SECONDS: Final = 240.0
# A part that died is back within seconds, or it will not come.
_REPAIR_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 40.0
_LOCK_SECONDS: Final = 300.0
_PROXIES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")

_REPAIRING: Final = "waiting for parts that are started again"

Progress = Callable[[str], None]


def start(order: Order, progress: Progress) -> State:
    """Bring a sandbox up, or find it up; give its state when everything works.

    What was killed is started again, with its data.

    Raises:
        SandboxError: It cannot start, or plays another variant.

    """
    layout = Layout(Path(order.home))
    layout.make_folders()
    with lock(layout):
        check_variant(layout, order)
        state = running(layout)
        seconds = _REPAIR_SECONDS
        if state is None:
            stop_leftovers(layout)
            child = spawn(order, layout, stdin=subprocess.DEVNULL)
            seconds = _START_SECONDS
            return wait_until_ready(layout, progress, seconds, child)
        return wait_until_ready(layout, progress, seconds)


def stop(layout: Layout) -> list[str]:
    """Stop a sandbox and all that an earlier one left; give the names of what was stopped."""
    with lock(layout):
        return stop_unlocked(layout)


def stop_unlocked(layout: Layout) -> list[str]:
    """Stop a sandbox whose lock the caller holds."""
    stopped = []
    state = read_state(layout)
    if state is not None and state.is_alive:
        stopped = [part.name for part in state.parts]
        state.supervisor.stop(_STOP_SECONDS)
    stopped += stop_leftovers(layout)
    layout.state_file.unlink(missing_ok=True)
    return stopped


def reset(layout: Layout) -> None:
    """Stop a sandbox and throw its data away."""
    with lock(layout):
        stop_unlocked(layout)
        remove_data(layout)


def running(layout: Layout) -> State | None:
    """Give the state of a sandbox whose supervisor is alive and not on its way out."""
    state = read_state(layout)
    if state is None or not state.is_alive:
        return None
    if state.phase in (Phase.STOPPING, Phase.FAILED):
        state.supervisor.wait(_STOP_SECONDS)
        return None
    return state


def require_running(layout: Layout) -> State:
    """Give the state of a sandbox that is up.

    Raises:
        SandboxError: It is not.

    """
    state = read_state(layout)
    if state is None or not state.is_alive or state.phase is not Phase.READY:
        raise SandboxError("The sandbox is not up.", remedy="Run `odh-nim sandbox up`.")
    return state


def check_variant(layout: Layout, order: Order) -> None:
    """Look whether the data that is there belongs to this variant.

    Raises:
        SandboxError: It belongs to another one.

    """
    facts: Facts | None = read_facts(layout)
    if facts is not None and facts.variant is not order.variant:
        raise SandboxError(
            f"This sandbox plays {facts.variant}, its data does not fit {order.variant}.",
            remedy=f"`odh-nim sandbox reset --variant {order.variant}` makes a fresh one.",
        )


def find_programs(named: Path | None, cache_home: Path) -> Programs:
    """Find the programs for a sandbox.

    Raises:
        SandboxError: They are not built.

    """
    programs = Programs.find(named=named, cache_home=cache_home)
    if programs is None:
        raise SandboxError(
            "The control plane's programs are not built.",
            remedy="`odh-nim sandbox build` (in a checkout: make programs) builds them once.",
        )
    return programs


def spawn(order: Order, layout: Layout, *, stdin: int) -> "subprocess.Popen[bytes]":
    """Start the background process, in a session of its own."""
    keep_one_older_log(layout, _SUPERVISOR)
    layout.state_file.unlink(missing_ok=True)
    # It talks on loopback only.
    environment = {name: text for name, text in os.environ.items() if name.lower() not in _PROXIES}
    with layout.log_file(_SUPERVISOR).open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - this very Python, with a module of ours
            [
                sys.executable,
                "-P",  # the folder it runs in holds no modules
                "-m",
                SUPERVISOR_MODULE,
                msgspec.json.encode(order).decode(),
            ],
            cwd=layout.home,
            env=environment,
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def wait_until_ready(
    layout: Layout,
    progress: Progress,
    seconds: float = _START_SECONDS,
    child: "subprocess.Popen[bytes] | None" = None,
) -> State:
    """Wait until every part works, and tell the steps on the way.

    Raises:
        SandboxError: It does not come to that.

    """
    deadline = time.monotonic() + seconds
    while True:
        state = read_state(layout)
        if state is not None:
            if state.phase is Phase.FAILED:
                raise SandboxError(f"The sandbox cannot run: {state.detail}", remedy=state.remedy)
            if state.phase is Phase.READY and state.parts and is_healthy(layout, state):
                return state
            progress(state.detail or _REPAIRING)
        ended = child.poll() is not None if child else state is None or not state.is_alive
        if ended or time.monotonic() > deadline:
            raise _does_not_come(
                layout, "ended" if ended else f"is not ready after {seconds:.0f} s"
            )
        time.sleep(_POLL)


def _does_not_come(layout: Layout, what: str) -> SandboxError:
    log = layout.log_file(_SUPERVISOR)
    with contextlib.suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
        what += ". The last lines of its log:\n" + "\n".join(lines) + "\n"
    return SandboxError(
        f"The sandbox's supervisor {what}",
        remedy=f"`odh-nim sandbox down`, then `up`, starts everything anew; the log is {log}.",
    )


@contextmanager
def lock(layout: Layout) -> Iterator[None]:
    """Let one command at a time start or stop a sandbox."""
    layout.make_folders()
    deadline = time.monotonic() + _LOCK_SECONDS
    with (layout.run / "command.lock").open("w", encoding="ascii") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise SandboxError(
                        "Another command has been starting or stopping this sandbox for long.",
                        remedy="Wait for it, or end it.",
                    ) from None
                time.sleep(_POLL)
        yield
