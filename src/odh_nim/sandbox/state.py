"""What a running sandbox says of itself, in a file that commands and tests read."""

from enum import StrEnum
from typing import Final

import msgspec

from odh_nim.sandbox.layout import Layout, write_private
from odh_nim.sandbox.process import Process
from odh_nim.sandbox.seed import Variant


class Phase(StrEnum):
    """How far a sandbox is."""

    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


class PartState(msgspec.Struct, frozen=True):
    """One part: a process, or something the supervisor does itself. No process: it is down."""

    name: str
    process: Process | None = None
    restarts: int = 0


class State(msgspec.Struct, frozen=True):
    """The supervisor's own words.

    `detail` is the running step or, in phase `failed`, the reason; `remedy` what to do then.
    """

    supervisor: Process
    variant: Variant
    phase: Phase
    applications_namespace: str
    detail: str = ""
    remedy: str = ""
    # api, ngc, registry and page.
    addresses: dict[str, str] = {}
    parts: tuple[PartState, ...] = ()

    @property
    def is_alive(self) -> bool:
        """Say whether the supervisor that wrote this runs."""
        return self.supervisor.is_running()

    def save(self, layout: Layout) -> None:
        """Replace the state in the sandbox's folder."""
        write_private(layout.state_file, msgspec.json.encode(self))


def read_state(layout: Layout) -> State | None:
    """Read the state; None where there is none that this version understands."""
    try:
        return msgspec.json.decode(layout.state_file.read_bytes(), type=State)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


class Order(msgspec.Struct, frozen=True):
    """What a supervisor is asked to run.

    `page`: the command that serves the page, to which its port and the file for its address are
    added; without one there is no page. `leashed`: it stops when its standard input ends, so that
    tests leave nothing behind.
    """

    home: str
    cache_home: str
    programs: str
    variant: Variant = Variant.OPEN_DATA_HUB
    kserve: bool = True
    kubelet: bool = True
    crd_set: str = "full"
    page: tuple[str, ...] = ()
    leashed: bool = False


SUPERVISOR_MODULE: Final = "odh_nim.sandbox.supervisor"
