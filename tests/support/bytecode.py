"""An environment as installed programs have it: their modules are compiled once, not every time."""

from collections.abc import Mapping
from pathlib import Path


def with_bytecode(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Keep compiled modules in a folder, whatever the shell says; the first run fills it."""
    kept = {name: value for name, value in environment.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder)}
