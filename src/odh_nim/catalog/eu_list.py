"""The reviewed list of models that NVIDIA does not offer in the European Union.

NVIDIA has no field for it: a caller in the EU gets the status 451 for such a model. So the list is
made where such a caller is, reviewed like code, and read wherever a catalogue is generated. An
entry counts for the very organisation, team and name: two teams may share a model's name.
"""

import datetime as dt
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from odh_nim.domain.errors import CatalogError, printable
from odh_nim.domain.finding import Finding, Severity

_OLD_DAYS: Final = 180


class EuEntry(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """One restricted model: which, since when that is known, and how."""

    name: str
    resource_id: str
    org: str
    team: str
    date: str
    evidence: str

    @classmethod
    def of(cls, resource_id: str, day: dt.date, evidence: str) -> "EuEntry":
        """Make the entry of a model."""
        org, team, name = resource_id.split("/")
        return cls(name, resource_id, org, team, day.isoformat(), evidence)


@dataclass(frozen=True)
class EuList:
    """The list as it was read."""

    entries: tuple[EuEntry, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        """The full ids of the restricted models."""
        return frozenset(entry.resource_id for entry in self.entries)

    def age_findings(self, today: dt.date) -> list[Finding]:
        """Warn of entries that nobody has looked at for long."""
        old = [each for each in self.entries if _days(each.date, today) > _OLD_DAYS]
        if not old:
            return []
        count = "1 entry is" if len(old) == 1 else f"{len(old)} entries are"
        message = f"{count} older than {_OLD_DAYS} days, the oldest of {min(e.date for e in old)}."
        remedy = "Run `odh-nim catalog eu` from a place in the EU."
        return [Finding(Severity.WARNING, "eu-list-old", "EU list", message, remedy)]


def read_eu_list(path: Path) -> EuList:
    """Read the list.

    Raises:
        CatalogError: The file is missing or broken.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(
            f"The list of EU-restricted models {path} cannot be read: {error}",
            remedy="Name it with --eu-list FILE; --no-eu-list marks nothing from a list.",
        ) from error
    return parse_eu_list(text, str(path))


def parse_eu_list(text: str, source: str) -> EuList:
    """Read the text of a list.

    Raises:
        CatalogError: It is broken, or an entry does not fit its own parts.

    """
    try:
        entries = msgspec.json.decode(text, type=tuple[EuEntry, ...])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CatalogError(f"The list of EU-restricted models {source}: {error}") from error
    seen: set[str] = set()
    for entry in entries:
        shown = printable(entry.resource_id)
        if entry.resource_id != f"{entry.org}/{entry.team}/{entry.name}":
            raise CatalogError(f"{source}: {shown} does not fit its own parts.")
        if entry.resource_id in seen:
            raise CatalogError(f"{source}: {shown} is there twice.")
        seen.add(entry.resource_id)
        try:
            dt.date.fromisoformat(entry.date)
        except ValueError:
            raise CatalogError(f"{source}: {shown} has no date of the form 2026-02-19.") from None
    return EuList(entries)


def render_eu_list(entries: Iterable[EuEntry]) -> str:
    """Write the list: sorted by id, so that a review shows only what changed."""
    data: Sequence[Any] = msgspec.to_builtins(sorted(entries, key=lambda each: each.resource_id))
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _days(text: str, today: dt.date) -> int:
    return (today - dt.date.fromisoformat(text)).days
