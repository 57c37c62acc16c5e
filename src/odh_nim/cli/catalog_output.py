"""Connects the generator of the catalogue to NVIDIA's API, and reports what it did."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from odh_nim.catalog.build import build_config_map, size_findings
from odh_nim.catalog.eu_list import read_eu_list
from odh_nim.catalog.generate import Details, Fetched, Listed, fetch_models
from odh_nim.catalog.store import write_manifest
from odh_nim.cli import wiring
from odh_nim.cli.output import note, print_findings
from odh_nim.domain.api_key import ApiKey, clean_key
from odh_nim.ngc import NgcClient

_MOST: Final = 100_000


class NgcSource:
    """NVIDIA's API with a key, as the generator wants it."""

    def __init__(self, client: NgcClient, key: ApiKey) -> None:
        self._client = client
        self._key = key

    async def listing(self) -> Sequence[Listed]:
        """List every container that has something to pull."""
        return (await self._client.search_models()).resources

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        """Ask for one model."""
        return await self._client.model(org, team, name, self._key)


async def fetch(key_file: BinaryIO, eu_list: Path, allow_missing: int) -> Fetched:
    """Check the key first, then read every model."""
    restricted = read_eu_list(eu_list)
    key = _read_key(key_file)
    async with NgcClient(wiring.settings().ngc_url) as client:
        await client.caller_info(key)
        return await fetch_models(
            NgcSource(client, key), eu_restricted=restricted, allow_missing=allow_missing
        )


def _read_key(file: BinaryIO) -> ApiKey:
    # More than any key has: a wrong file must not be read to its end.
    return clean_key(file.read(_MOST).decode("utf-8", "replace")).key


def write(fetched: Fetched, output: Path, date: str | None) -> None:
    """Write the ConfigMap and say what is in it."""
    manifest = build_config_map(fetched.models, date=date or fetched.newest_date)
    print_findings(size_findings(manifest))
    write_manifest(manifest, output)
    tags = sum(len(model.tags) for model in fetched.models)
    note(f"{output}: {len(fetched.models)} models, {tags} tags")
    for name, reason in fetched.missing:
        note(f"left out: {name} ({reason})")
