"""What can be switched while the stand-in runs, and what it writes down."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from odh_nim.sandbox.nvidia.dummy_keys import DummyKey
from odh_nim.sandbox.nvidia.seeds import SeedModel

_JOURNAL_LENGTH = 10_000


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One wrong behaviour.

    `answer` sends `status`, `headers` and `body` instead of the real answer; `hang` sends nothing;
    `stall` sends the head and nothing more; `drip` sends the head byte by byte for ever; `slow`
    sends the real body byte by byte; `reset` resets the connection; `cut` announces more than it
    sends; `huge` sends a body without end. `path` limits it to paths that begin so; after `times`
    requests it is gone.
    """

    kind: Literal["answer", "hang", "stall", "drip", "slow", "reset", "cut", "huge"]
    status: int = 503
    headers: dict[str, str] = {}
    body: str = ""
    # latin-1 lets a body be any bytes, UTF-8 or not.
    encoding: Literal["utf-8", "latin-1"] = "utf-8"
    path: str = ""
    times: int | None = None


class JournalEntry(msgspec.Struct, frozen=True):
    """One request as it was received; `key` is a dummy key's name, never a key."""

    method: str
    path: str
    key: str
    at: float
    fault: str = ""


class Switches(msgspec.Struct, forbid_unknown_fields=True):
    """What `PUT /__control` may change; what is left out stays."""

    latency_ms: float | msgspec.UnsetType = msgspec.UNSET
    faults: tuple[Fault, ...] | msgspec.UnsetType = msgspec.UNSET
    revoked: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    in_europe: bool | msgspec.UnsetType = msgspec.UNSET
    shuffled: bool | msgspec.UnsetType = msgspec.UNSET
    # The list has one more page after every page.
    endless: bool | msgspec.UnsetType = msgspec.UNSET
    # More requests a second than this are answered with 429; 0 is no limit.
    per_second: int | msgspec.UnsetType = msgspec.UNSET
    # Repository → status of its manifests, 402 or 403 for instance.
    gated: dict[str, int] | msgspec.UnsetType = msgspec.UNSET


@dataclass
class StandInState:
    """Everything that changes while the stand-in runs."""

    models: dict[str, SeedModel]
    latency_ms: float = 0
    faults: list[Fault] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    in_europe: bool = False
    shuffled: bool = False
    endless: bool = False
    per_second: int = 0
    recent: deque[float] = field(default_factory=deque)
    gated: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, tuple[DummyKey, str]] = field(default_factory=dict)
    journal: deque[JournalEntry] = field(default_factory=lambda: deque(maxlen=_JOURNAL_LENGTH))

    @classmethod
    def of(cls, models: Iterable[SeedModel]) -> "StandInState":
        """Start with models and no faults."""
        return cls({model.repository: model for model in models})

    def switch(self, switches: Switches) -> None:
        """Change what is given, at once for every later request."""
        changes = {
            name: value
            for name in Switches.__struct_fields__
            if (value := getattr(switches, name)) is not msgspec.UNSET
        }
        if "faults" in changes:
            changes["faults"] = list(changes["faults"])
        if "revoked" in changes:
            changes["revoked"] = set(changes["revoked"])
        for name, value in changes.items():
            setattr(self, name, value)

    def reset(self) -> None:
        """Take back every change, keep the journal."""
        fresh = StandInState(self.models)
        for name in Switches.__struct_fields__:
            setattr(self, name, getattr(fresh, name))

    def describe(self) -> dict[str, Any]:
        """Give the switches as data."""
        values = {name: getattr(self, name) for name in Switches.__struct_fields__}
        values["revoked"] = sorted(self.revoked)
        return {**msgspec.to_builtins(values), "models": len(self.models)}

    def take_fault(self, path: str) -> Fault | None:
        """Find the fault for a request, and count it down."""
        for position, fault in enumerate(self.faults):
            if not path.startswith(fault.path):
                continue
            if fault.times is not None:
                left = fault.times - 1
                if left > 0:
                    self.faults[position] = msgspec.structs.replace(fault, times=left)
                else:
                    del self.faults[position]
            return fault
        return None

    def is_too_fast(self) -> bool:
        """Count a request, and say whether it is one too many for the last second."""
        if not self.per_second:
            return False
        now = time.monotonic()
        while self.recent and self.recent[0] <= now - 1:
            self.recent.popleft()
        if len(self.recent) >= self.per_second:
            return True
        self.recent.append(now)
        return False

    def record(self, method: str, path: str, key: str, fault: Fault | None) -> None:
        """Write a request into the journal."""
        kind = fault.kind if fault else ""
        self.journal.append(JournalEntry(method, path, key, time.time(), kind))

    def status_of(self, key: DummyKey | None) -> int:
        """Say how the key check answers for a key."""
        if key is None or key.name in self.revoked:
            return 401
        return key.check

    def restricted(self, key: DummyKey, model: SeedModel) -> bool:
        """Say whether a model is withheld from the caller's region."""
        return model.eu_restricted and (self.in_europe or key.in_europe)
