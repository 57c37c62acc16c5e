"""The list of models: from NVIDIA's answers to the shipped ConfigMap, and back."""

from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.catalog import BrokenEntry, Catalog, parse_catalog
from odh_nim.catalog.configuration import load_nim_config
from odh_nim.catalog.load import (
    Installation,
    find_applications_namespace,
    find_installation,
    load_catalog,
)
from odh_nim.catalog.search import find_model, find_tag

__all__ = [
    "BrokenEntry",
    "Catalog",
    "Installation",
    "build_config_map",
    "find_applications_namespace",
    "find_installation",
    "find_model",
    "find_tag",
    "load_catalog",
    "load_nim_config",
    "parse_catalog",
]
