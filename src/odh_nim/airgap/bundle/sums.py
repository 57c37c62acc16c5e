"""SHA256SUMS: every file of a bundle but itself, so that coreutils alone can check it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from odh_nim.airgap.bundle.files import BLOBS, SUMS, hash_file, reading, write_file
from odh_nim.domain.errors import BundleError

_HEX: Final = 64


def write_sums(folder: Path) -> None:
    """Write the sums; blobs are named by theirs, which was checked when they came."""
    lines = []
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        known = path.name if name == f"{BLOBS}/{path.name}" else hash_file(path)
        lines.append(f"{known}  {name}\n")
    write_file(folder / SUMS, "".join(lines).encode())


def check_sums(folder: Path) -> Iterator[str]:
    """Hash every file again; gives a sentence for each that is damaged, missing or not listed.

    Raises:
        BundleError: There are no sums: the bundle was not completed.

    """
    listed = read_sums(folder)
    for name, wanted in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing."
            continue
        try:
            with reading(path):
                found = hash_file(path)
        except BundleError as error:
            yield error.message
            continue
        if found != wanted:
            yield f"{name} is damaged."
    there = {path.relative_to(folder).as_posix() for path in _files(folder)}
    for name in sorted(there - set(listed)):
        yield f"{name} is not listed in {SUMS}."


def read_sums(folder: Path) -> dict[str, str]:
    """Read the sums by file.

    Raises:
        BundleError: There are none, or a line is none.

    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise BundleError(
            f"{folder} has no {SUMS}: it was not completed.",
            remedy="Run `odh-nim airgap pull` again with the same plan and folder.",
        ) from None
    found: dict[str, str] = {}
    for line in lines:
        wanted, gap, name = line[:_HEX], line[_HEX : _HEX + 2], line[_HEX + 2 :]
        if gap != "  " or not name or name.startswith("/") or ".." in Path(name).parts:
            raise BundleError(f"{SUMS} has a line that is none.")
        found[name] = wanted
    return found


def _files(folder: Path) -> Iterator[Path]:
    found: list[Path] = []
    for here, _, names in os.walk(folder):
        found += [Path(here) / name for name in names]
    for path in sorted(found):
        if path.is_symlink() or path == folder / SUMS:
            continue
        yield path
