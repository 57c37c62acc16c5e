"""Writes items straight to their places inside the volumes, in any order and by many threads.

So a bundle on media needs its size once, not twice.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from odh_nim.airgap.bundle.files import Item, writing
from odh_nim.airgap.bundle.volume_layout import Part, Volume, header, render_index
from odh_nim.domain.errors import BundleError

_PIECE: Final = 1024 * 1024
# How often a cut item's progress is made safe and noted.
_NOTE: Final = 64 * 1024 * 1024


class VolumeWriter:
    """The payload of a bundle that is being made in volumes."""

    def __init__(self, folder: Path, volumes: Sequence[Volume], bundle: str) -> None:
        """Make the files, or take up those of a cut run.

        Raises:
            BundleError: The folder holds volumes of another bundle.

        """
        self._folder = folder
        self._volumes = volumes
        self._bundle = bundle
        self._parts: dict[str, list[tuple[Volume, Part]]] = {}
        for volume in volumes:
            for part in volume.parts:
                self._parts.setdefault(part.item.name, []).append((volume, part))
        self._lock = threading.Lock()
        self._state = folder / "state.jsonl"
        self._offsets = self._read_state()
        self._files = {volume.number: self._open(volume) for volume in volumes}
        self._notes = self._state.open("a", encoding="utf-8")

    def close(self) -> None:
        """Close every file."""
        self._notes.close()
        for descriptor in self._files.values():
            os.close(descriptor)

    def is_done(self, item: Item) -> bool:
        """Whether an item was noted as whole."""
        return self._offsets.get(item.name) == item.size + 1

    def stored(self, item: Item) -> int:
        """Give the noted progress of an item."""
        return min(self._offsets.get(item.name, 0), item.size)

    def read(self, item: Item, offset: int, end: int) -> Iterator[bytes]:
        """Read back what was written."""
        for volume, part in self._parts[item.name]:
            first, last = max(offset, part.start), min(end, part.start + part.length)
            while first < last:
                place = part.offset + first - part.start
                piece = os.pread(self._files[volume.number], min(_PIECE, last - first), place)
                if not piece:
                    raise BundleError(f"{volume.name} is cut short.")
                first += len(piece)
                yield piece

    def write(self, item: Item, pieces: Iterator[bytes], offset: int) -> None:
        """Write to the item's places; note it as whole when the pieces end without an error."""
        noted = position = offset
        with writing(self._folder):
            for piece in pieces:
                self._put(item, piece, position)
                position += len(piece)
                if position - noted >= _NOTE:
                    self._note(item, position)
                    noted = position
            # One more than the size: whole and checked.
            self._note(item, item.size + 1)

    def drop(self, item: Item) -> None:
        """Forget the progress."""
        self._note(item, 0)

    def finish(self) -> None:
        """Write volume.json into every volume; only split items are read once more.

        Raises:
            BundleError: An item is not whole.

        """
        for volume in self._volumes:
            for part in volume.parts:
                if not self.is_done(part.item):
                    raise BundleError(f"{part.item.name} is not whole yet.")
            hashes = {part.member: self._hash(part) for part in volume.parts}
            index = render_index(self._bundle, volume, len(self._volumes), hashes)
            # Blanks after JSON are no part of it; the member's length stays as laid out.
            self._at(volume, index.ljust(volume.index_length), 512)
            os.fsync(self._files[volume.number])
        self.close()
        self._state.unlink(missing_ok=True)

    def _hash(self, part: Part) -> str:
        name = part.item.name.rpartition("/")[2]
        if part.length == part.item.size and part.item.name.startswith("oci/"):
            # A blob that is whole here was checked against its name.
            return name
        hashed = hashlib.sha256()
        for piece in self.read(part.item, part.start, part.start + part.length):
            hashed.update(piece)
        return hashed.hexdigest()

    def _put(self, item: Item, piece: bytes, position: int) -> None:
        view = memoryview(piece)
        for volume, part in self._parts[item.name]:
            end = part.start + part.length
            if part.start <= position < end and view:
                fits = view[: end - position]
                self._at(volume, fits, part.offset + position - part.start)
                position += len(fits)
                view = view[len(fits) :]

    def _at(self, volume: Volume, content: bytes | memoryview, offset: int) -> None:
        view = memoryview(content)
        while view:
            written = os.pwrite(self._files[volume.number], view, offset)
            view, offset = view[written:], offset + written

    def _note(self, item: Item, offset: int) -> None:
        for volume, _ in self._parts[item.name]:
            os.fdatasync(self._files[volume.number])
        with self._lock:
            self._offsets[item.name] = offset
            self._notes.write(json.dumps({"item": item.name, "offset": offset}) + "\n")
            self._notes.flush()
            os.fsync(self._notes.fileno())

    def _read_state(self) -> dict[str, int]:
        self._folder.mkdir(parents=True, exist_ok=True)
        mark = {"bundle": self._bundle, "volumes": len(self._volumes)}
        if not self._state.exists():
            if any(self._folder.glob("vol-*.tar")):
                raise BundleError(
                    f"{self._folder} holds volumes already.", remedy="Choose another folder."
                )
            self._state.write_text(json.dumps(mark) + "\n", encoding="utf-8")
            return {}
        first, *lines = self._state.read_text(encoding="utf-8").splitlines()
        if json.loads(first) != mark:
            raise BundleError(
                f"{self._folder} holds volumes of another plan or size.",
                remedy="Choose another folder.",
            )
        offsets: dict[str, int] = {}
        for line in lines:
            # The last line may be cut.
            with contextlib.suppress(ValueError, KeyError):
                note = json.loads(line)
                offsets[note["item"]] = int(note["offset"])
        return offsets

    def _open(self, volume: Volume) -> int:
        path = self._folder / volume.name
        fresh = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._files_open(descriptor, volume, fresh=fresh)
        return descriptor

    def _files_open(self, descriptor: int, volume: Volume, *, fresh: bool) -> None:
        if not fresh and os.fstat(descriptor).st_size == volume.size:
            return
        # Holes take no room: the file grows on the disk as bytes arrive.
        os.ftruncate(descriptor, volume.size)
        os.pwrite(descriptor, header("volume.json", volume.index_length), 0)
        for part in volume.parts:
            os.pwrite(descriptor, header(part.member, part.length), part.offset - 512)
