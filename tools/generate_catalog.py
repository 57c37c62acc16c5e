"""Writes the generated files in `config/`: the catalogue, and the Templates as ConfigMaps.

The models are those of the stand-in. They go through the same steps as NVIDIA's own answers, so
that `odh-nim catalog generate` with a key replaces the file by one of the same form.
"""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final

from odh_nim.manifests.yaml import dump_all

from odh_nim.catalog.build import build_config_map, size_findings
from odh_nim.catalog.eu_list import read_eu_list
from odh_nim.catalog.generate import Details, Listed, fetch_models
from odh_nim.catalog.store import write_manifest, write_text
from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.ngc import Architecture, ModelDetails, Resource
from odh_nim.sandbox.nvidia.seeds import SeedModel, read_seed

CONFIG: Final = Path(__file__).parents[1] / "config"
TEMPLATES: Final = {
    names.HTTP_TEMPLATE: "nim-http-template.yaml",
    names.GRPC_TEMPLATE: "nim-grpc-template.yaml",
}


class SeedSource:
    """The stand-in's models, without a server between."""

    def __init__(self, seeds: Sequence[SeedModel]) -> None:
        self._seeds = {seed.repository: seed for seed in seeds}

    async def listing(self) -> Sequence[Listed]:
        """List every model."""
        return [
            Resource(
                resource_id=seed.repository,
                name=seed.name,
                display_name=seed.display_name,
                description=seed.short_description,
                latest_tag=seed.latest_tag,
                size_bytes=seed.size_bytes,
                updated_date=seed.updated_date,
            )
            for seed in self._seeds.values()
        ]

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        """Give one model."""
        seed = self._seeds[f"{org}/{team}/{name}"]
        return ModelDetails(
            name=seed.name,
            namespace=f"{org}/{team}",
            display_name=seed.display_name,
            short_description=seed.short_description,
            tags=seed.tags,
            latest_tag=seed.latest_tag,
            updated_date=seed.updated_date,
            publisher=seed.publisher,
            latest_image_size=seed.size_bytes,
            latest_architecture_variants=tuple(map(Architecture, seed.architectures)),
        )


def build_catalog() -> Manifest:
    """Build the catalogue of the stand-in's models."""
    restricted = read_eu_list(CONFIG / "catalog" / "eu-restricted.json")
    fetched = asyncio.run(fetch_models(SeedSource(read_seed()), eu_restricted=restricted))
    return build_config_map(fetched.models, date=fetched.newest_date)


def build_template_config_maps() -> str:
    """Wrap the Templates for clusters that do not serve their kind."""
    return dump_all(
        [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": "odh-nim"}},
                "data": {
                    names.TEMPLATE_CONFIG_MAP_KEY: (CONFIG / "runtimes" / file).read_text("utf-8")
                },
            }
            for name, file in TEMPLATES.items()
        ]
    )


def main() -> None:
    """Write both files."""
    manifest = build_catalog()
    for finding in size_findings(manifest):
        print(finding)
    write_manifest(manifest, CONFIG / "catalog" / f"{names.CATALOG_CONFIG_MAP}.yaml")
    write_text(build_template_config_maps(), CONFIG / "overlays" / "kubernetes" / "templates.yaml")


if __name__ == "__main__":
    main()
