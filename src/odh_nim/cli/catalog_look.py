"""Opens catalogues of files and clusters, and prints what differs or what is wrong."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
import msgspec

from odh_nim.catalog.catalog import Catalog, parse_catalog
from odh_nim.catalog.check import MOST_BYTES, check_manifest, check_text
from odh_nim.catalog.diff import compare, diff_data
from odh_nim.catalog.diff_text import render_markdown, render_text
from odh_nim.catalog.load import find_applications_namespace
from odh_nim.catalog.store import read_catalog_file
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.output import note, print_data, print_findings
from odh_nim.domain.errors import CatalogError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS

_IN_CLUSTER: Final = ("configmap/", "configmaps/", "cm/")


@dataclass(frozen=True)
class Reader:
    """Where a catalogue is read that is no file."""

    target: Target
    applications_namespace: str | None

    async def config_map(self, name: str) -> tuple[Manifest, str]:
        """Read a ConfigMap of the applications namespace, and name it."""
        async with wiring.connect(self.target) as client:
            namespace = await find_applications_namespace(
                client, setting=namespace_setting(self.applications_namespace)
            )
            manifest = await client.get(CONFIG_MAPS, name, namespace)
        return manifest, f"ConfigMap {namespace}/{name}"


async def print_diff(reader: Reader, before: str, after: str, output: str) -> int:
    """Print a difference; 1 says that there is one."""
    old, new = await _catalog(reader, before), await _catalog(reader, after)
    print_findings([*old.findings, *new.findings])
    found = compare(old, new)
    if output == "json":
        print_data(diff_data(found), "json")
    else:
        click.echo(render_markdown(found) if output == "markdown" else render_text(found))
    return 0 if found.is_empty else 1


async def print_check(reader: Reader, catalogue: str, output: str) -> int:
    """Print every fault; 1 says that there is an error among them."""
    findings = await _findings(reader, catalogue)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if output == "json":
        print_data(msgspec.to_builtins(findings), "json")
    else:
        for finding in findings:
            remedy = f" {finding.remedy}" if finding.remedy else ""
            click.echo(f"{finding.subject}: {finding.severity}: {finding.message}{remedy}")
    note(f"{catalogue}: {errors} errors, {len(findings) - errors} other findings")
    return 1 if errors else 0


async def _catalog(reader: Reader, place: str) -> Catalog:
    if (name := _name_in_cluster(place)) is None:
        return read_catalog_file(Path(place))
    manifest, source = await reader.config_map(name)
    return parse_catalog(manifest, source=source)


async def _findings(reader: Reader, place: str) -> list[Finding]:
    if (name := _name_in_cluster(place)) is not None:
        return check_manifest(*await reader.config_map(name))
    return check_text(_read(Path(place)), place)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"The catalogue {path} cannot be read: {error}") from error
    if len(raw) > MOST_BYTES:
        raise CatalogError(f"{path} is larger than {MOST_BYTES:,} bytes: no catalogue is.")
    return text


def _name_in_cluster(place: str) -> str | None:
    for prefix in _IN_CLUSTER:
        if place.startswith(prefix):
            return place.removeprefix(prefix)
    return None
