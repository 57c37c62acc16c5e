"""All that is wrong with a catalogue, each fault with its place."""

from collections.abc import Iterable
from typing import Any, Final

import yaml

from odh_nim.catalog.catalog import data_revision
from odh_nim.catalog.check_entry import check_entry, repository_of
from odh_nim.catalog.limits import MAX_APPLIED, MAX_STORED, measure, size_findings
from odh_nim.catalog.lines import Entry, doubled_keys, entries_of_file
from odh_nim.domain import names
from odh_nim.domain.errors import InputError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.yaml import load_yaml

# No catalogue is larger; a wrong file is not read into memory twice.
MOST_BYTES: Final = 32 * MAX_STORED


def check_text(text: str, source: str) -> list[Finding]:
    """Check the text of a file; every fault is named with its line."""
    try:
        root = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return [_no_yaml(error, source)]
    if root is None:
        return [_error("yaml", source, "The file is empty.")]
    doubled = [
        _error("doubled-key", f"{source}:{each.line}", f"The key {each.key} is given twice.")
        for each in doubled_keys(root)
    ]
    manifest = _manifest(text, root)
    if manifest is None:
        return [*doubled, _error("kind", f"{source}:1", "The file holds no ConfigMap.")]
    return doubled + _check(manifest, entries_of_file(root, source), source)


def check_manifest(manifest: Manifest, source: str) -> list[Finding]:
    """Check the ConfigMap of a cluster; every fault is named with its key."""
    data = manifest.get("data") or {}
    entries = [
        Entry(key, value, lambda line, key=key: f"{source} {printable(key)}:{line + 1}")  # type: ignore[misc]  # a default binds the key
        for key, value in sorted(data.items())
    ]
    return _check(manifest, entries, source)


def _manifest(text: str, root: yaml.Node) -> Manifest | None:
    try:
        manifest: Any = load_yaml(text)
    except InputError:
        # Keys that are given twice are reported already; the last of each is looked at.
        try:
            manifest = yaml.load(yaml.serialize(root), Loader=yaml.CSafeLoader)
        except yaml.YAMLError:
            # A tag of its own (`!0`) makes it something that is no plain data.
            return None
    if not isinstance(manifest, dict) or manifest.get("kind") != "ConfigMap":
        return None
    return manifest


def _check(manifest: Manifest, entries: list[Entry], source: str) -> list[Finding]:
    metadata = _mapping(manifest.get("metadata"))
    custom = metadata.get("name") != names.CATALOG_CONFIG_MAP
    findings = _check_frame(manifest, metadata, source)
    if not entries:
        findings.append(_error("empty", source, "It holds no models."))
    for entry in entries:
        findings += check_entry(entry, custom=custom)
    return findings + _check_images(entries)


def _check_frame(manifest: Manifest, metadata: Manifest, source: str) -> list[Finding]:
    findings: list[Finding] = []
    if not isinstance(metadata.get("name"), str):
        findings.append(_error("name", source, "The ConfigMap has no name."))
    if manifest.get("binaryData"):
        message = "`binaryData` is read by nobody."
        findings.append(Finding(Severity.WARNING, "binary-data", source, message))
    data = manifest.get("data")
    if not isinstance(data, dict | None):
        findings.append(_error("data", source, "`data` is no mapping."))
        return findings
    marks = _mapping(metadata.get("annotations"))
    if marks.get(names.CATALOG_REVISION, "") not in ("", data_revision(data or {})):
        message = "It was changed by hand since it was made."
        findings.append(Finding(Severity.NOTICE, "catalog-edited", source, message))
    size = measure(manifest)
    if size.fits:
        return findings + size_findings(manifest)
    limit = MAX_STORED if size.stored > MAX_STORED else MAX_APPLIED
    message = f"It is larger than {limit:,} bytes: {size}."
    remedy = "Keep fewer tags of each model (`catalog generate --max-tags N`), or fewer models."
    findings.append(Finding(Severity.ERROR, "catalog-too-large", source, message, remedy))
    return findings


def _check_images(entries: Iterable[Entry]) -> list[Finding]:
    first: dict[str, Entry] = {}
    findings = []
    for entry in entries:
        if (repository := repository_of(entry)) is None:
            continue
        if repository in first:
            other = printable(first[repository].key)
            message = f"{printable(entry.key)}: the same image as {other}: {repository}"
            findings.append(_error("doubled-image", entry.place(0), message))
        first.setdefault(repository, entry)
    return findings


def _no_yaml(error: Exception, source: str) -> Finding:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        message = f"This is no YAML (column {mark.column + 1}): {printable(error.problem or '')}."
        return _error("yaml", f"{source}:{mark.line + 1}", message)
    return _error("yaml", source, "This is no YAML: a character or a value cannot be read.")


def _error(code: str, subject: str, message: str) -> Finding:
    return Finding(Severity.ERROR, code, subject, message)


def _mapping(value: object) -> Manifest:
    return value if isinstance(value, dict) else {}
