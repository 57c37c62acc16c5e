"""Whether the parts of a sandbox really answer, and what they are."""

from dataclasses import dataclass
from typing import Final

from odh_nim.sandbox.controlplane.facts import read_facts
from odh_nim.sandbox.controlplane.parts import API_SERVER, PAGE, PROCESSES
from odh_nim.sandbox.controlplane.probe import ApiServerProbe, listens
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.page import page_address
from odh_nim.sandbox.ports import LOOPBACK
from odh_nim.sandbox.process import Process, read_pid_file
from odh_nim.sandbox.state import Phase, State, read_state
from odh_nim.sandbox.users import SYSTEM, read_tokens

READY: Final = "ready"
DOWN: Final = "down"
_SILENT: Final = "not answering"
_LEFT: Final = "left behind"


@dataclass(frozen=True)
class PartHealth:
    """One part: what it is and how it is."""

    name: str
    state: str
    pid: int | None
    restarts: int
    memory_bytes: int | None
    address: str
    log: str


@dataclass(frozen=True)
class SandboxHealth:
    """A whole sandbox; `state` is `ready` only when every part is.

    `page_address` opens the page once.
    """

    state: str
    home: str
    variant: str = ""
    applications_namespace: str = ""
    ngc_url: str = ""
    registry_url: str = ""
    page_address: str = ""
    parts: tuple[PartHealth, ...] = ()


def describe(layout: Layout) -> SandboxHealth:
    """Describe a sandbox as it is now."""
    state = read_state(layout)
    if state is None or not state.is_alive:
        left = _left_behind(layout)
        return SandboxHealth(_LEFT if left else DOWN, str(layout.home), parts=left)
    parts = _parts(layout, state)
    phase: str = state.phase
    if state.phase is Phase.READY and not all(part.state == READY for part in parts):
        phase = "incomplete"
    return SandboxHealth(
        state=phase,
        home=str(layout.home),
        variant=state.variant,
        applications_namespace=state.applications_namespace,
        ngc_url=state.addresses.get("ngc", ""),
        registry_url=state.addresses.get("registry", ""),
        page_address=page_address(layout) if PAGE in state.addresses else "",
        parts=parts,
    )


def is_healthy(layout: Layout, state: State) -> bool:
    """Say whether every part is ready."""
    return all(part.state == READY for part in _parts(layout, state))


def _parts(layout: Layout, state: State) -> tuple[PartHealth, ...]:
    facts = read_facts(layout)
    ports = facts.ports if facts else {}
    return tuple(
        _part(layout, part.name, part.process, part.restarts, ports.get(part.name))
        for part in state.parts
    )


def _part(
    layout: Layout, name: str, process: Process | None, restarts: int, port: int | None
) -> PartHealth:
    runs = process is not None and process.is_running()
    log = layout.log_file(name if name in PROCESSES else "supervisor")
    return PartHealth(
        name=name,
        state=_state(layout, name, port) if runs else DOWN,
        pid=process.pid if process and runs else None,
        restarts=restarts,
        memory_bytes=process.memory() if process and runs else None,
        address=f"{LOOPBACK}:{port}" if port else "",
        log=str(log),
    )


def _state(layout: Layout, name: str, port: int | None) -> str:
    # A part without a port of its own is ready when it runs.
    if port is None:
        return READY
    if name == PAGE and not page_address(layout):
        return _SILENT
    if name != API_SERVER:
        return READY if listens(port) else _SILENT
    token = read_tokens(layout.tokens_file).get(SYSTEM.name, "")
    probe = ApiServerProbe(port, layout.certificates / "ca.crt", token)
    return READY if probe.is_ready() else _SILENT


def _left_behind(layout: Layout) -> tuple[PartHealth, ...]:
    """Find the processes of a supervisor that was killed."""
    found = {name: read_pid_file(layout.pid_file(name)) for name in PROCESSES}
    return tuple(
        PartHealth(name, _LEFT, process.pid, 0, process.memory(), "", str(layout.log_file(name)))
        for name, process in found.items()
        if process is not None
    )
