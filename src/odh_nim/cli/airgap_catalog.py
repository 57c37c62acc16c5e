"""The catalogue that lists and mirrors take names, teams and texts from."""

from pathlib import Path
from typing import Final

from odh_nim.catalog.catalog import Catalog, parse_catalog
from odh_nim.catalog.store import read_catalog_file
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.yaml import load_yaml

_SHIPPED: Final = "catalog/nvidia-nim-models-data.yaml"


def read_catalog(path: Path | None) -> Catalog:
    """Read a file, or the catalogue that this release ships."""
    if path is not None:
        return read_catalog_file(path)
    return parse_catalog(load_yaml(read_shipped(_SHIPPED)), source="the shipped catalogue")
