"""Reads items out of volumes, in place; volumes may be missing, and come one at a time.

A volume is a file from outside: it is read by offsets that are checked against its size, and
nothing is ever unpacked from it.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from odh_nim.airgap.bundle.files import Item, reading, writing
from odh_nim.domain.errors import BundleError, printable

_BLOCK: Final = 512
_PIECE: Final = 1024 * 1024
_MOST_INDEX: Final = 64 * 1024 * 1024


class _Part(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    size: int
    start: int
    length: int
    member: str
    offset: int
    sha256: str


class _Index(msgspec.Struct, forbid_unknown_fields=True):
    bundle: str
    volume: int
    volumes: int
    parts: tuple[_Part, ...]


@dataclass(frozen=True)
class ReadPart:
    """A piece of an item in a file that is there."""

    path: Path
    start: int
    length: int
    offset: int
    sha256: str


class VolumeReader:
    """The payload of a bundle that came in volumes."""

    def __init__(
        self, folders: Sequence[Path], bundle: str, count: int, *, spool: Path | None = None
    ) -> None:
        """Look through the volumes that are there; a spool folder keeps parts of split items.

        Damaged ones are left out and named in `problems`.
        """
        self.problems: list[str] = []
        self._parts: dict[str, list[ReadPart]] = {}
        self._sizes: dict[str, int] = {}
        self._count = count
        self._spool = spool
        self._there: set[int] = set()
        for number in range(1, count + 1):
            self._add(folders, bundle, number)
        if spool is not None:
            self._keep_parts(spool)

    @property
    def missing(self) -> list[str]:
        """The volumes that are not there."""
        numbers = set(range(1, self._count + 1)) - self._there
        return [f"vol-{number:04}.tar" for number in sorted(numbers)]

    def is_done(self, item: Item) -> bool:
        """Whether every part of an item is at hand."""
        return sum(part.length for part in self._parts.get(item.name, ())) == item.size and (
            item.size > 0 or item.name in self._parts
        )

    def stored(self, item: Item) -> int:
        """Give nothing: what is read is not being made."""
        del item
        return 0

    def read(self, item: Item, offset: int, end: int) -> Iterator[bytes]:
        """Read an item where it is.

        Raises:
            BundleError: A volume that has a part of it is not there.

        """
        position = offset
        for part in sorted(self._parts.get(item.name, ()), key=lambda each: each.start):
            if part.start > position or position >= end:
                break
            last = min(end, part.start + part.length)
            with reading(part.path), part.path.open("rb", buffering=0) as file:
                file.seek(part.offset + position - part.start)
                while position < last:
                    piece = file.read(min(_PIECE, last - position))
                    if not piece:
                        raise BundleError(f"{part.path.name} is cut short.")
                    position += len(piece)
                    yield piece
        if position < end:
            raise BundleError(
                f"{item.name} is in a volume that is not there: "
                f"{', '.join(self.missing) or 'a damaged one'}.",
                remedy="Insert it and run the command again.",
            )

    def write(self, item: Item, pieces: Iterator[bytes], offset: int) -> None:
        """Refuse: volumes that came are read only."""
        del pieces, offset
        raise BundleError(f"{item.name} cannot be written: the bundle is being read.")

    def drop(self, item: Item) -> None:
        """Do nothing: there are no cut items."""

    def check(self) -> Iterator[str]:
        """Hash every part that is there; gives a sentence for each that is damaged."""
        for name in sorted(self._parts):
            for part in self._parts[name]:
                try:
                    whole = _is_whole(part)
                except BundleError as error:
                    yield error.message
                    continue
                if not whole:
                    yield f"{part.path.name}: {name} is damaged."

    def _add(self, folders: Sequence[Path], bundle: str, number: int) -> None:
        name = f"vol-{number:04}.tar"
        path = next((folder / name for folder in folders if (folder / name).exists()), None)
        if path is None:
            return
        try:
            index = _read_index(path)
        except BundleError as error:
            self.problems.append(error.message)
            return
        if index.bundle != bundle:
            self.problems.append(f"{name} belongs to another bundle ({printable(index.bundle)}).")
        elif index.volume != number:
            self.problems.append(f"{name} is volume {index.volume}: files were swapped.")
        else:
            self._there.add(number)
            size = path.stat().st_size
            for part in index.parts:
                if part.offset < 0 or part.length < 0 or part.offset + part.length > size:
                    self.problems.append(f"{name} is cut short: {printable(part.name)}.")
                    continue
                found = ReadPart(path, part.start, part.length, part.offset, part.sha256)
                self._parts.setdefault(part.name, []).append(found)
                self._sizes[part.name] = part.size

    def _keep_parts(self, spool: Path) -> None:
        """Copy the parts of items that are split, and use those of earlier volumes."""
        with writing(spool):
            spool.mkdir(parents=True, exist_ok=True)
        for name, parts in self._parts.items():
            for part in parts if parts[0].length < self._sizes[name] else ():
                kept = spool / f"{_key(name)}-{part.start}-{part.sha256}"
                if not kept.exists():
                    with writing(kept):
                        self._copy(part, kept)
        for name, parts in self._parts.items():
            self._use_kept(spool, name, parts)

    def _use_kept(self, spool: Path, name: str, parts: list[ReadPart]) -> None:
        known = {part.start for part in parts}
        for kept in sorted(spool.glob(f"{_key(name)}-*")):
            _, start, sha256 = kept.name.split("-")
            if int(start) not in known:
                parts.append(ReadPart(kept, int(start), kept.stat().st_size, 0, sha256))

    def _copy(self, part: ReadPart, kept: Path) -> None:
        hashed, draft = hashlib.sha256(), kept.with_suffix(".draft")
        with part.path.open("rb", buffering=0) as source, draft.open("wb") as target:
            source.seek(part.offset)
            left = part.length
            while left > 0 and (piece := source.read(min(_PIECE, left))):
                hashed.update(piece)
                target.write(piece)
                left -= len(piece)
            os.fsync(target.fileno())
        if hashed.hexdigest() == part.sha256:
            draft.replace(kept)
        else:
            draft.unlink()
            self.problems.append(f"{part.path.name} is damaged.")


def _is_whole(part: ReadPart) -> bool:
    hashed, left = hashlib.sha256(), part.length
    with reading(part.path), part.path.open("rb", buffering=0) as file:
        file.seek(part.offset)
        while left > 0 and (piece := file.read(min(_PIECE, left))):
            hashed.update(piece)
            left -= len(piece)
    return not left and hashed.hexdigest() == part.sha256


def _key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _read_index(path: Path) -> _Index:
    broken = BundleError(f"{path.name} is no volume of a bundle, or is damaged.")
    with reading(path), path.open("rb") as file:
        head = file.read(_BLOCK)
        if head[:12] != b"volume.json\0" or head[257:262] != b"ustar":
            raise broken
        try:
            length = int(head[124:135].rstrip(b"\0 ") or b"0", 8)
            if length > _MOST_INDEX:
                raise broken
            return msgspec.json.decode(file.read(length), type=_Index)
        except (ValueError, msgspec.DecodeError):
            raise broken from None
