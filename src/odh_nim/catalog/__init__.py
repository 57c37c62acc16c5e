"""The list of models: from NVIDIA's answers to the shipped ConfigMap, and back.

The names are imported when they are first used: to list models from a file takes neither an event
loop nor the generator, and both cost more than the list.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
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

_HOMES: Final = {
    "build": ("build_config_map",),
    "catalog": ("BrokenEntry", "Catalog", "parse_catalog"),
    "configuration": ("load_nim_config",),
    "load": ("Installation", "find_applications_namespace", "find_installation", "load_catalog"),
    "search": ("find_model", "find_tag"),
}
_MODULES: Final = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
