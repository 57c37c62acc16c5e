"""All that is wrong with one entry, not only the first: for a person who repairs it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from odh_nim.catalog.entry import KEY, EntryRejectedError, EntryStruct, parse_entry
from odh_nim.catalog.lines import Entry
from odh_nim.catalog.text import MAX_DESCRIPTION, MAX_NAME, clean_text
from odh_nim.domain.errors import printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import is_tag
from odh_nim.domain.names import REGISTRY
from odh_nim.manifests.families import families

_FIELDS: Final = {each.encode_name: each.type for each in msgspec.structs.fields(EntryStruct)}
_TEXTS: Final = {"displayName": MAX_NAME, "shortDescription": MAX_DESCRIPTION}
_OF_TAGS: Final = ("latestTag", "defaultTag")
_BY_TAG: Final = ("digests", "modelProfiles")
_NUMBERS: Final = re.compile(r"\d{1,9}(?:\.\d{1,9}){0,2}")
_SHOWN: Final = 5


@dataclass
class _Report:
    """Collects findings, each with the line of its field."""

    entry: Entry
    findings: list[Finding] = field(default_factory=list)

    def add(self, severity: Severity, code: str, message: str, name: str = "") -> None:
        subject = self.entry.place(self._line(name))
        text = f"{printable(self.entry.key)}: {message}"
        self.findings.append(Finding(severity, code, subject, text))

    def error(self, code: str, message: str, name: str = "") -> None:
        self.add(Severity.ERROR, code, message, name)

    def _line(self, name: str) -> int:
        if not name or not isinstance(self.entry.text, str):
            return 0
        lines = self.entry.text.splitlines()
        return next((number for number, line in enumerate(lines) if f'"{name}"' in line), 0)


def check_entry(entry: Entry, *, custom: bool) -> list[Finding]:
    """Give every fault of an entry, and what the stock dashboard would make of it."""
    report = _Report(entry)
    if not KEY.fullmatch(entry.key):
        report.error("key", "the key is no key of a ConfigMap")
    fields = _read(report)
    if fields is None:
        return report.findings
    for name, fault in _wrong_types(fields):
        report.error("type", fault, name)
        # The rest is checked as if the field were not there.
        del fields[name]
    for name in fields.keys() - _FIELDS.keys():
        report.add(Severity.NOTICE, "unknown-field", f"nobody reads `{printable(name)}`", name)
    _check_tags(report, fields)
    _check_texts(report, fields)
    _check_place(report, fields)
    if not any(each.severity is Severity.ERROR for each in report.findings):
        try:
            parse_entry(entry.key, entry.text, custom=custom)
        except EntryRejectedError as error:
            report.error("rejected", error.message)
    return report.findings


def repository_of(entry: Entry) -> str | None:
    """Name the image of an entry, where it can be used at all."""
    try:
        return parse_entry(entry.key, entry.text, custom=True).repository
    except EntryRejectedError:
        return None


def _read(report: _Report) -> dict[str, Any] | None:
    if not isinstance(report.entry.text, str):
        report.error("text", "the value is no text")
        return None
    doubled: list[str] = []

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for name, value in pairs:
            if name in seen:
                doubled.append(name)
            seen[name] = value
        return seen

    try:
        fields = json.loads(report.entry.text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        place = report.entry.place(error.lineno - 1)
        message = f"{printable(report.entry.key)}: no JSON: {error.msg} (column {error.colno})"
        report.findings.append(Finding(Severity.ERROR, "json", place, message))
        return None
    except RecursionError:
        report.error("json", "no JSON: nested too deeply")
        return None
    for name in doubled:
        report.error("doubled-field", f"`{printable(name)}` is given twice", name)
    if isinstance(fields, dict):
        return fields
    report.error("json", "the value is no JSON object")
    return None


def _wrong_types(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if "tags" not in fields:
        yield from _missing_tags(fields)
    for name, value in list(fields.items()):
        if name in _FIELDS:
            try:
                msgspec.convert(value, _FIELDS[name])
            except msgspec.ValidationError as error:
                yield name, f"`{name}`: {printable(str(error))}"


def _missing_tags(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    # As an entry with nothing to pull.
    fields["tags"] = []
    yield "tags", "`tags` is missing: the stock dashboard and odh-nim skip the entry"


def _check_tags(report: _Report, fields: dict[str, Any]) -> None:
    tags: list[str] = fields.get("tags", [])
    if "tags" in fields and not tags:
        report.error("no-tags", "it has no tags: there is nothing to pull", "tags")
    for tag in tags:
        if not is_tag(tag):
            report.error("tag", f"{printable(tag)!r} is no image tag", "tags")
    if doubled := sorted({tag for tag in tags if tags.count(tag) > 1}):
        report.add(Severity.WARNING, "doubled-tag", f"given twice: {_shown(doubled)}", "tags")
    for name in _OF_TAGS:
        named = fields.get(name)
        if named is not None and named not in tags:
            report.error("dangling-tag", f"`{name}` {printable(named)!r} is not in `tags`", name)
    for name in _BY_TAG:
        if strange := sorted(set(fields.get(name) or ()) - set(tags)):
            message = f"`{name}` names what is not in `tags`: {_shown(strange)}"
            report.error("dangling-tag", message, name)
    asked = {tag: stock_tag(tag) for tag in tags}
    if rewritten := [f"{tag} → {new}" for tag, new in asked.items() if new not in tags]:
        message = f"the stock dashboard asks for tags that are not listed: {_shown(rewritten)}"
        report.add(Severity.NOTICE, "stock-rewrites", message, "tags")


def stock_tag(tag: str) -> str:
    """Give the tag that the stock dashboard makes of one: numbers are padded and read anew."""
    if not _NUMBERS.fullmatch(tag):
        return tag
    parts = [int(part) for part in tag.split(".")]
    return ".".join(str(part) for part in [*parts, 0, 0][:3])


def _check_texts(report: _Report, fields: dict[str, Any]) -> None:
    for name, limit in _TEXTS.items():
        text = fields.get(name) or ""
        if clean_text(text, limit) != text:
            message = f"`{name}` is shown cleaned: it has line breaks, unseen characters or more "
            report.add(Severity.WARNING, "text", f"{message}than {limit} characters", name)
    family = fields.get("family")
    if family is not None and family not in families():
        message = f"{printable(family)!r} is no family that this release knows: served as `other`"
        report.add(Severity.WARNING, "family", message, "family")
    registry = fields.get("registry")
    if registry not in (None, REGISTRY):
        message = "the stock dashboard pulls from nvcr.io whatever `registry` says"
        report.add(Severity.NOTICE, "stock-registry", message, "registry")


def _check_place(report: _Report, fields: dict[str, Any]) -> None:
    name, namespace = fields.get("name"), fields.get("namespace")
    if fields.get("repository") is not None:
        if namespace is not None:
            image = f"{namespace}/{report.entry.key}"
            message = f"with `repository` and `namespace` the stock dashboard pulls {image}"
            report.error("stock-image", printable(message, 300), "namespace")
        else:
            message = "the stock dashboard skips it: it has a `repository` of its own"
            report.add(Severity.NOTICE, "stock-skips", message, "repository")
        return
    if not namespace:
        message = "it has neither `namespace` nor `repository`: it is skipped everywhere"
        report.error("stock-skips", message)
    if name and name != report.entry.key:
        message = f"`name` is {printable(name)!r}: the stock dashboard pulls the key instead"
        report.error("stock-image", message, "name")


def _shown(items: list[str]) -> str:
    more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
    return ", ".join(printable(item) for item in items[:_SHOWN]) + more
