"""When a key was replaced, and by it: which pods still run with the one before."""

from dataclasses import dataclass
from typing import Self

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, annotations


@dataclass(frozen=True)
class Rotated:
    """When the Secrets were written last, and as which revision.

    `kept_before` is set after a way back: older pods run with this very key.
    """

    revision: str | None
    at: str | None
    kept_before: str | None = None

    @classmethod
    def of(cls, secret: Manifest | None) -> Self:
        """Read it from one of the Secrets, or from the metadata of one."""
        marks = annotations(secret or {})
        return cls(
            marks.get(names.KEY_REVISION),
            marks.get(names.KEY_ROTATED_AT),
            marks.get(names.KEY_KEPT_BEFORE),
        )

    def is_stale(self, pod: Manifest) -> bool:
        """Say whether a pod stays and runs with another key than the one that is stored now."""
        metadata = pod["metadata"]
        if self.at is None or metadata.get("deletionTimestamp"):
            return False
        if annotations(pod).get(names.KEY_REVISION) == self.revision:
            return False
        created = str(metadata.get("creationTimestamp") or "")
        if self.kept_before is not None and created < self.kept_before:
            return False
        # Times are in whole seconds: within the same one the older is assumed.
        return created <= self.at
