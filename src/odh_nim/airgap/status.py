"""What a journal says about a run: how far it is, how fast, what went wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from odh_nim.airgap.events import Event, read_journal
from odh_nim.domain.errors import InputError


@dataclass
class Status:
    """The last run of a journal."""

    action: str = ""
    plan: str = ""
    destination: str = ""
    images: int = 0
    done_images: int = 0
    total_bytes: int = 0
    done_bytes: int = 0
    rate: float = 0.0
    seconds_left: float = 0.0
    began: float = 0.0
    last: float = 0.0
    exit_code: int | None = None
    waiting: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`running` also where the run was killed: nobody could write its end."""
        if self.exit_code is None:
            return "running or killed"
        return "done" if self.exit_code == 0 else f"ended with exit code {self.exit_code}"

    def to_data(self) -> dict[str, Any]:
        """Give it for machines."""
        return {
            "action": self.action,
            "plan": self.plan,
            "destination": self.destination,
            "state": self.state,
            "exitCode": self.exit_code,
            "images": self.images,
            "doneImages": self.done_images,
            "totalBytes": self.total_bytes,
            "doneBytes": self.done_bytes,
            "leftBytes": max(0, self.total_bytes - self.done_bytes),
            "rate": self.rate,
            "secondsLeft": self.seconds_left,
            "began": self.began,
            "last": self.last,
            "waiting": self.waiting,
            "errors": self.errors,
        }


def read_status(path: Path) -> Status:
    """Read the last run of a journal.

    Raises:
        InputError: There is no journal, or no run in it.

    """
    try:
        status = last_run(read_journal(path))
    except OSError as error:
        raise InputError(f"The journal {path} cannot be read: {error.strerror}.") from None
    if status is None:
        raise InputError(f"{path} tells of no run.")
    return status


def last_run(events: Iterable[Event]) -> Status | None:
    """Follow the events; a `start` begins a new run."""
    status: Status | None = None
    for event in events:
        if event.event == "start":
            status = Status(
                action=event.action,
                plan=event.plan,
                destination=event.destination,
                images=event.images,
                total_bytes=event.total_bytes,
                began=event.time,
            )
        if status is not None:
            _follow(status, event)
    return status


def _follow(status: Status, event: Event) -> None:
    status.last = event.time
    status.waiting = ""
    if event.event == "progress":
        status.total_bytes = event.total_bytes
        status.done_bytes = event.done_bytes
        status.rate, status.seconds_left = event.rate, event.seconds_left
    elif event.event == "image" and event.status == "failed":
        status.errors[event.name] = event.error
    elif event.event == "image":
        status.done_images += 1
    elif event.event == "wait":
        status.waiting = f"{event.host} for {event.seconds:.0f} s: {event.error}"
    elif event.event == "end":
        status.exit_code = event.exit_code
