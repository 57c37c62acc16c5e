"""Connects the generator of the catalogue to NVIDIA's API, and reports what it did."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import click

from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.catalog import Catalog
from odh_nim.catalog.choose import Wanted, read_models_file
from odh_nim.catalog.eu import merge_probe, probe_region
from odh_nim.catalog.eu_list import EuList, parse_eu_list, read_eu_list, render_eu_list
from odh_nim.catalog.generate import Fetched, fetch_models
from odh_nim.catalog.limits import measure, size_findings
from odh_nim.catalog.source import Details, Listing, Metadata
from odh_nim.catalog.store import (
    check_writable,
    read_catalog_file,
    render_manifest,
    write_manifest,
    write_text,
)
from odh_nim.cli import wiring
from odh_nim.cli.catalog_progress import Progress
from odh_nim.cli.key_input import read_key
from odh_nim.cli.output import note, print_findings
from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey, clean_key
from odh_nim.domain.errors import CatalogError, InputError, InvalidKeyError, printable
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import UNKNOWN_FAMILY
from odh_nim.manifests.shipped import read_shipped
from odh_nim.ngc import NgcClient, Pace, Timeouts

_EU_LIST = "catalog/eu-restricted.json"


@dataclass(frozen=True)
class Access:
    """Where the key is, and how NVIDIA is asked."""

    key_file: str | None
    key_env: str | None
    concurrency: int
    timeout: float
    patience: float


@dataclass(frozen=True)
class Generate:
    """What `catalog generate` was asked for."""

    access: Access
    output: Path | None
    patterns: tuple[str, ...]
    models_file: Path | None
    max_tags: int | None
    name: str | None
    namespace: str | None
    allow_missing: int
    baseline: Path | None
    eu_list: Path | None
    no_eu_list: bool
    date: date | None
    metadata: bool


@dataclass(frozen=True)
class Probe:
    """What `catalog eu` was asked for."""

    access: Access
    eu_list: Path
    place: str
    date: date | None
    allow_empty: bool
    allow_missing: int


class NgcSource:
    """NVIDIA's API with a key, as the generator wants it."""

    def __init__(self, client: NgcClient, key: ApiKey, *, metadata: bool) -> None:
        self._client = client
        self._key = key
        self._metadata = metadata

    async def listing(self) -> Listing:
        """List every container."""
        return await self._client.search_models()

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        """Ask for one model."""
        return await self._client.model(org, team, name, self._key)

    async def metadata(self, repository: str, tag: str) -> Metadata | None:
        """Ask what is published about one tag, where that is wanted."""
        return await self._client.metadata(repository, tag) if self._metadata else None


async def generate(request: Generate) -> None:
    """Read everything that is here, check the key, read every model, write the file."""
    wanted = _wanted(request)
    restricted = _eu_list(request)
    day = request.date or _epoch(os.environ)
    if request.output:
        # Before it is read: a pipe in its place would be waited for without end.
        check_writable(request.output)
    baseline = _baseline(request)
    async with _open(request.access, metadata=request.metadata) as source:
        with Progress("models") as progress:
            fetched = await fetch_models(
                source,
                wanted=wanted,
                eu_restricted=restricted.ids,
                baseline=baseline,
                allow_missing=request.allow_missing,
                progress=progress.show,
            )
    manifest = build_config_map(
        fetched.models,
        date=day.isoformat() if day else fetched.newest_date,
        name=request.name or names.CATALOG_CONFIG_MAP,
        namespace=request.namespace,
        max_tags=request.max_tags,
    )
    print_findings(restricted.age_findings(day or datetime.now(UTC).date()))
    print_findings(size_findings(manifest))
    if request.output:
        write_manifest(manifest, request.output)
    else:
        click.echo(render_manifest(manifest), nl=False)
    _report(fetched, manifest, request)


async def probe(request: Probe) -> None:
    """Ask for every model, and write the list with what was found."""
    known = read_eu_list(request.eu_list)
    check_writable(request.eu_list)
    async with _open(request.access, metadata=False) as source:
        with Progress("models") as progress:
            found = await probe_region(source, progress.show)
    change = merge_probe(
        known,
        found,
        day=request.date or datetime.now(UTC).date(),
        evidence=f"HTTP 451 to a caller in {printable(request.place)}",
        allow_empty=request.allow_empty,
        allow_missing=request.allow_missing,
    )
    write_text(render_eu_list(change.entries), request.eu_list)
    note(f"{request.eu_list}: {len(change.entries)} models are restricted in the EU")
    for sign, ids in (("+", change.added), ("-", change.removed), ("?", change.kept)):
        for resource_id in ids:
            note(f"{sign} {resource_id}" + (" (no answer: the mark stays)" if sign == "?" else ""))


@asynccontextmanager
async def _open(access: Access, *, metadata: bool) -> AsyncIterator[NgcSource]:
    """Check the key first: with a refused one nothing else is asked."""
    key = _key(access)
    wait = access.timeout
    timeouts = Timeouts(
        connect=min(5, wait), read=min(10, wait), key_check=min(10, wait), call=wait
    )
    pace = Pace(access.concurrency, patience=access.patience)
    async with NgcClient(wiring.settings().ngc_url, timeouts=timeouts, pace=pace) as client:
        await client.caller_info(key)
        yield NgcSource(client, key, metadata=metadata)


def _key(access: Access) -> ApiKey:
    if access.key_env is None:
        return read_key(access.key_file, owner="the catalogue's maintainer")
    if access.key_file is not None:
        raise InputError("--key-file and --key-env name two places of the key; give one.")
    if not (text := os.environ.get(access.key_env)):
        raise InvalidKeyError(
            f"the variable {printable(access.key_env)} is empty",
            remedy="Name the variable that holds the key, not the key.",
        )
    return clean_key(text).key


def _wanted(request: Generate) -> Wanted:
    references = read_models_file(request.models_file) if request.models_file else None
    wanted = Wanted(request.patterns, references)
    if not wanted.everything and request.name in (None, names.CATALOG_CONFIG_MAP):
        note(
            f"notice: a part of the models under the name {names.CATALOG_CONFIG_MAP} replaces "
            "the whole list; --name gives it a name of its own."
        )
    return wanted


def _eu_list(request: Generate) -> EuList:
    if request.no_eu_list:
        if request.eu_list:
            raise InputError("--eu-list and --no-eu-list contradict each other; give one.")
        return EuList()
    if request.eu_list:
        return read_eu_list(request.eu_list)
    return parse_eu_list(read_shipped(_EU_LIST), "that ships with odh-nim")


def _baseline(request: Generate) -> Catalog | None:
    if request.baseline:
        return read_catalog_file(request.baseline)
    if request.output is None or not request.output.exists():
        return None
    try:
        return read_catalog_file(request.output)
    except CatalogError as error:
        note(f"notice: {error.message} It is no baseline.")
        return None


def _epoch(environ: Mapping[str, str]) -> date | None:
    """Read the date that reproducible builds agree on."""
    if not (text := environ.get("SOURCE_DATE_EPOCH")):
        return None
    try:
        return datetime.fromtimestamp(int(text), UTC).date()
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"SOURCE_DATE_EPOCH is no number of seconds: {error}.") from error


def _report(fetched: Fetched, manifest: Manifest, request: Generate) -> None:
    tags = sum(len(model.tags) for model in fetched.models)
    marked = sum(model.eu_restricted for model in fetched.models)
    place = printable(str(request.output or "standard output"), 300)
    note(f"{place}: {len(fetched.models)} models, {tags} tags, {marked} restricted in the EU")
    note(f"{measure(manifest)}.")
    for left_out in (*fetched.missing, *fetched.rejected):
        note(f"left out: {left_out}")
    for resource_id in fetched.without_tag:
        note(f"left out: {printable(resource_id, 300)} (nothing to pull)")
    for resource_id in fetched.unlisted:
        note(f"notice: the EU list names {resource_id}, which NVIDIA does not list.")
    for model in fetched.models:
        if model.family == UNKNOWN_FAMILY:
            note(f"notice: no rule names the family of {model.repository}; it counts as `other`.")
