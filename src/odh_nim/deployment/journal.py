"""What a run has begun, so that exactly that can be taken back."""

from dataclasses import dataclass, field

from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.manifest import Manifest


@dataclass
class Entry:
    """One object that a run began to create.

    `found` is the object once it is known; `doubtful` says that a write was sent whose outcome is
    not known. `taken_over` objects were there before, from an earlier run of the same request.
    """

    reference: ObjectReference
    found: Manifest | None = None
    doubtful: bool = False
    taken_over: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether this run made the object, or may have."""
        return self.doubtful or (self.found is not None and not self.taken_over)


@dataclass
class Journal:
    """All entries of a run, in order."""

    request_id: str
    entries: list[Entry] = field(default_factory=list)

    def begin(self, reference: ObjectReference) -> Entry:
        """Note an object before its creation is sent."""
        entry = Entry(reference)
        self.entries.append(entry)
        return entry

    @property
    def is_clean(self) -> bool:
        """Whether this run surely made nothing."""
        return not any(entry.is_ours for entry in self.entries)
