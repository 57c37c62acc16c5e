"""Where the shipped files are: in a checkout where they stand, in a wheel inside the package."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

_CHECKOUT: Final = Path(__file__).parents[3]
_IN_WHEEL: Final = Path(str(files("odh_nim"))) / "shipped"


@cache
def read_shipped(path: str) -> str:
    """Read a file of `config/`, by its path there."""
    return (_folder("config", "config") / path).read_text(encoding="utf-8")


def controlplane_folder() -> Path:
    """Find the Go modules of the sandbox's control plane."""
    return _folder("tools/controlplane", "controlplane")


def _folder(in_checkout: str, in_wheel: str) -> Path:
    # A wheel has no pyproject.toml three folders up; a checkout always has.
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / in_checkout).is_dir():
        return _CHECKOUT / in_checkout
    return _IN_WHEEL / in_wheel
