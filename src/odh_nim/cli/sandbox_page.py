"""The page of a sandbox: the command that serves it, built first where it is not."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from odh_nim.cli.output import note
from odh_nim.web.built import is_built

_BUILDER: Final = Path(__file__).parents[3] / "hatch_build.py"
# Packages are fetched the first time.
_SECONDS: Final = 900


def page_command() -> tuple[str, ...]:
    """Give the command that serves the page; empty, with the reason told, where there is none."""
    if not is_built() and _BUILDER.is_file():
        _build()
    if not is_built():
        note("There is no page in this sandbox: it is not built. `make page` builds it.")
        return ()
    return (sys.executable, "-P", "-m", "odh_nim", "ui", "--no-browser")


def _build() -> None:
    """Build it, as this checkout does; it tells itself why it cannot."""
    note("Building the page, once: a minute.")
    subprocess.run(  # noqa: S603 - this very Python, with a file of the checkout
        [sys.executable, str(_BUILDER)],
        cwd=_BUILDER.parent,
        stdout=sys.stderr,
        timeout=_SECONDS,
        check=False,
    )
