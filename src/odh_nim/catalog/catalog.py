"""The catalogue as a whole: what can be used of a ConfigMap, and what is wrong with the rest."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from odh_nim.catalog.entry import EntryRejectedError, parse_entry
from odh_nim.domain.errors import printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.names import CATALOG_CONFIG_MAP, CATALOG_DATE, CATALOG_REVISION


@dataclass(frozen=True)
class BrokenEntry:
    """An entry that cannot be used, and why."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.key)}: {self.reason}"


@dataclass(frozen=True)
class Catalog:
    """The models to choose from, sorted by name.

    `source` is `ConfigMap namespace/name`, or a file; `revision` is the hash of what was read;
    `edited` says that the data is not what was shipped under its revision.
    """

    models: tuple[Model, ...]
    broken: tuple[BrokenEntry, ...] = ()
    source: str = ""
    revision: str | None = None
    date: str | None = None
    edited: bool = False
    findings: tuple[Finding, ...] = field(default=())


def data_revision(data: Mapping[str, Any]) -> str:
    """Hash the data of a catalogue: the same for any order of its keys."""
    canonical = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def parse_catalog(
    config_map: Manifest, *, custom: bool | None = None, source: str | None = None
) -> Catalog:
    """Read a catalogue; broken entries are listed, the others used.

    A catalogue that does not carry the shipped name counts as custom, unless `custom` says so.
    """
    metadata, entries = _mapping(config_map.get("metadata")), _mapping(config_map.get("data"))
    if custom is None:
        custom = metadata.get("name") != CATALOG_CONFIG_MAP
    models: list[Model] = []
    broken: list[BrokenEntry] = []
    for key, text in sorted(entries.items()):
        try:
            models.append(parse_entry(key, text, custom=custom))
        except EntryRejectedError as error:
            broken.append(BrokenEntry(key, error.message))
    marks = _mapping(metadata.get("annotations"))
    source = source or f"ConfigMap {metadata.get('namespace', '?')}/{metadata.get('name', '?')}"
    revision = data_revision(entries)
    edited = CATALOG_REVISION in marks and marks[CATALOG_REVISION] != revision
    return Catalog(
        models=tuple(sorted(models, key=lambda model: (model.name, model.repository))),
        broken=tuple(broken),
        source=source,
        revision=revision,
        date=marks.get(CATALOG_DATE),
        edited=edited,
        findings=_findings(source, broken, edited=edited),
    )


def _mapping(value: object) -> Mapping[str, Any]:
    # A file may hold anything where an API server guarantees a mapping.
    return value if isinstance(value, dict) else {}


def _findings(source: str, broken: list[BrokenEntry], *, edited: bool) -> tuple[Finding, ...]:
    findings = []
    if edited:
        findings.append(
            Finding(
                Severity.NOTICE,
                "catalog-edited",
                source,
                "It was changed by hand since it was made.",
            )
        )
    if broken:
        shown = "; ".join(str(entry) for entry in broken[:3])
        more = f"; and {len(broken) - 3} more" if len(broken) > 3 else ""  # noqa: PLR2004
        count = "1 entry" if len(broken) == 1 else f"{len(broken)} entries"
        message = f"{count} cannot be used: {shown}{more}."
        findings.append(Finding(Severity.WARNING, "catalog-entries-broken", source, message))
    return tuple(findings)
