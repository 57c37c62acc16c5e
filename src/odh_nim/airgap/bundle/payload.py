"""Where the large things of a bundle are kept: as plain files here, inside volumes elsewhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from odh_nim.airgap.bundle.files import Item, reading, sync_folder, writing
from odh_nim.domain.errors import BundleError

_PIECE: Final = 1024 * 1024


class Payload(Protocol):
    """Keeps items; safe to use from many threads, one thread per item."""

    def is_done(self, item: Item) -> bool:
        """Whether an item is there whole."""

    def stored(self, item: Item) -> int:
        """How many bytes of a cut item are there; they must be hashed before they are used."""

    def read(self, item: Item, offset: int, end: int) -> Iterator[bytes]:
        """Give the bytes of an item."""

    def write(self, item: Item, pieces: Iterator[bytes], offset: int) -> None:
        """Write an item from an offset on; it is whole once the pieces end without an error."""

    def drop(self, item: Item) -> None:
        """Forget what there is of a cut item."""


class FolderPayload:
    """Every item is a file; a cut one ends in `.part`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def is_done(self, item: Item) -> bool:
        """Whether the file is there with its size: it got its name after it was checked."""
        try:
            return self._path(item).stat().st_size == item.size
        except FileNotFoundError:
            return False

    def stored(self, item: Item) -> int:
        """Give the size of the cut file."""
        try:
            return min(self._part(item).stat().st_size, item.size)
        except FileNotFoundError:
            return 0

    def read(self, item: Item, offset: int, end: int) -> Iterator[bytes]:
        """Read from the file, or from what there is of it.

        Raises:
            BundleError: The file is missing or too short.

        """
        path = self._path(item) if self._path(item).exists() else self._part(item)
        if not path.exists():
            raise BundleError(f"{item.name} is missing in the bundle.")
        with reading(path), path.open("rb", buffering=0) as file:
            file.seek(offset)
            yield from _pieces(file.read, end - offset, item)

    def write(self, item: Item, pieces: Iterator[bytes], offset: int) -> None:
        """Append to the cut file, and give it its name when it is whole.

        Raises:
            DiskError: The disk does not take it.

        """
        part = self._part(item)
        with writing(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            with part.open("r+b" if offset else "wb") as file:
                file.truncate(offset)
                file.seek(offset)
                for piece in pieces:
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path(item))
            sync_folder(part.parent)

    def drop(self, item: Item) -> None:
        """Delete the cut file."""
        self._part(item).unlink(missing_ok=True)

    def _path(self, item: Item) -> Path:
        return self._folder / item.name

    def _part(self, item: Item) -> Path:
        return self._folder / f"{item.name}.part"


def _pieces(read: "Read", size: int, item: Item) -> Iterator[bytes]:
    left = size
    while left > 0:
        piece = read(min(_PIECE, left))
        if not piece:
            raise BundleError(f"{item.name} is cut short in the bundle.")
        left -= len(piece)
        yield piece


class Read(Protocol):
    """Reads so many bytes, or fewer at the end."""

    def __call__(self, size: int, /) -> bytes:
        """Give them."""
