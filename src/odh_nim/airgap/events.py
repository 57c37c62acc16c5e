"""What a transfer reports while it runs: one event, one JSON line, for journal and machines.

An event holds names, digests, sizes and our own words; never a login or an address with one.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import msgspec

from odh_nim.airgap.bundle.files import writing
from odh_nim.domain.errors import InputError

Kind = Literal["start", "blob", "progress", "image", "wait", "end"]
# A line a second is enough for people and for pipelines.
_EVERY: Final = 1.0


class Event(msgspec.Struct, omit_defaults=True, rename="camel"):
    """Something that happened; fields that do not apply are left out."""

    event: Kind
    time: float = 0.0
    # start
    action: str = ""
    plan: str = ""
    destination: str = ""
    images: int = 0
    total_bytes: int = 0
    # blob, image, progress
    name: str = ""
    status: str = ""
    error: str = ""
    bytes: int = 0
    done_bytes: int = 0
    rate: float = 0.0
    seconds_left: float = 0.0
    # wait
    host: str = ""
    seconds: float = 0.0
    # end
    exit_code: int = 0


Sink = Callable[[Event], None]
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Event)


def as_line(event: Event) -> str:
    """Write an event as one line of JSON."""
    return _ENCODER.encode(event).decode()


class Journal:
    """Appends every event to a file, so that `status` can tell from another terminal."""

    def __init__(self, path: Path) -> None:
        """Open a journal for one run.

        Raises:
            InputError: Another run is writing to it.
            DiskError: It cannot be written.

        """
        self._path = path
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise InputError(
                f"{path} is in use: another run does the same.",
                remedy="Wait for it, or name another file with --journal.",
            ) from None

    def __call__(self, event: Event) -> None:
        """Write an event; whole lines only, so that a killed run leaves a readable file."""
        with writing(self._path):
            self._file.write(as_line(event) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Make sure that it is on the disk."""
        with writing(self._path), self._file:
            self._file.flush()
            os.fsync(self._file.fileno())


def read_journal(path: Path) -> Iterator[Event]:
    """Read the events of a journal; a line that a kill cut in half is left out."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                yield _DECODER.decode(line)
            except msgspec.DecodeError:
                continue


@dataclass
class Meter:
    """Counts bytes, and tells the rate and the time left at most once a second."""

    total: int
    sink: Sink
    clock: Callable[[], float] = time.monotonic
    done: int = 0
    _began: float = field(default=0.0, init=False)
    _told: float = field(default=0.0, init=False)
    # (when, how much) of the last seconds: a rate of the whole run would hide a stall.
    _recent: list[tuple[float, int]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._began = self._told = self.clock()
        self._recent = [(self._began, 0)]

    def add(self, count: int) -> None:
        """Count bytes that arrived."""
        self.done += count
        now = self.clock()
        if now - self._told >= _EVERY:
            self._told = now
            self.tell()

    def skip(self, count: int) -> None:
        """Count bytes that need not move."""
        self.done += count

    def tell(self) -> None:
        """Report how far it is."""
        now = self.clock()
        self._recent = [each for each in self._recent if now - each[0] <= 10][-20:]  # noqa: PLR2004 - seconds, samples
        first = self._recent[0] if self._recent else (self._began, 0)
        rate = (self.done - first[1]) / max(now - first[0], 0.001)
        self._recent.append((now, self.done))
        left = (self.total - self.done) / rate if rate > 0 else 0.0
        self.sink(
            Event(
                "progress",
                total_bytes=self.total,
                done_bytes=self.done,
                rate=round(rate, 1),
                seconds_left=round(left, 1),
            )
        )


def stamped(sinks: Iterable[Sink], clock: Callable[[], float] = time.time) -> Sink:
    """Join sinks to one that writes the time into every event."""
    targets = tuple(sinks)

    def sink(event: Event) -> None:
        event.time = round(clock(), 3)
        for target in targets:
            target(event)

    return sink
