"""Where in which volume every part stands: known from the sizes alone, before a byte is there.

A volume is an uncompressed tar file. Its first member, volume.json, says what the others are. An
item lies in one volume whole, unless it is larger than a volume; then it is split.
"""

import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from odh_nim.airgap.bundle.files import Item
from odh_nim.domain.errors import InputError

_BLOCK: Final = 512
_END: Final = 2 * _BLOCK
_NO_HASH: Final = "0" * 64
SMALLEST: Final = 64 * 1024


@dataclass(frozen=True)
class Part:
    """A piece of an item inside a volume; `start` is its place in the item."""

    item: Item
    start: int
    length: int
    member: str
    # Where its bytes begin in the volume's file.
    offset: int = 0


@dataclass
class Volume:
    """One file of the set."""

    number: int
    parts: list[Part] = field(default_factory=list)
    # Room for volume.json, whose length does not depend on the hashes.
    index_length: int = 0
    size: int = 0

    @property
    def name(self) -> str:
        """Its file name."""
        return f"vol-{self.number:04}.tar"


def padded(length: int) -> int:
    """Round up to whole blocks."""
    return -(-length // _BLOCK) * _BLOCK


def header(name: str, length: int) -> bytes:
    """Write the header of a member: no owner, no date."""
    info = tarfile.TarInfo(name)
    info.size = length
    info.mode = 0o644
    return info.tobuf(tarfile.GNU_FORMAT)


def render_index(
    bundle: str, volume: Volume, count: int, hashes: dict[str, str] | None = None
) -> bytes:
    """Write volume.json; with other hashes it has the same length."""
    found = hashes or {}
    document: dict[str, Any] = {
        "bundle": bundle,
        "volume": volume.number,
        "volumes": count,
        "parts": [
            {
                "name": part.item.name,
                "size": part.item.size,
                "start": part.start,
                "length": part.length,
                "member": part.member,
                "offset": part.offset,
                "sha256": found.get(part.member, _NO_HASH),
            }
            for part in volume.parts
        ],
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def lay_out(items: Sequence[Item], limit: int, bundle: str) -> list[Volume]:
    """Place every item.

    Raises:
        InputError: Volumes of this size are too small to hold anything.

    """
    if limit < SMALLEST:
        raise InputError(f"A volume must have at least {SMALLEST // 1024} KiB.")
    packing = _Packing(limit, len(render_index(bundle, Volume(10**4), 10**4)))
    for number, item in enumerate(items):
        packing.add(item, number)
    return [_placed(volume, bundle, len(packing.volumes)) for volume in packing.volumes]


class _Packing:
    def __init__(self, limit: int, index_base: int) -> None:
        self.volumes = [Volume(1)]
        self._limit = limit
        self._base = index_base
        self._begin()

    def _begin(self) -> None:
        self._index = self._base
        self._used = 0

    def add(self, item: Item, number: int) -> None:
        entry = _entry_length(item)
        whole_volume = self._free(0, self._base + entry)
        start, piece = 0, 0
        while start < item.size or piece == 0:
            room = self._free(self._used, self._index + entry)
            left = item.size - start
            if room < min(left, whole_volume) and self.volumes[-1].parts:
                # Whole in a volume of its own rather than in two, where it can be whole at all.
                self.volumes.append(Volume(len(self.volumes) + 1))
                self._begin()
                continue
            length = min(left, room)
            if item.size and not length:
                raise InputError(f"Volumes of {self._limit} bytes are too small for {item.name}.")
            part = Part(item, start, length, f"parts/{number:06}-{piece:04}")
            self.volumes[-1].parts.append(part)
            self._index += entry
            self._used += _BLOCK + padded(length)
            start, piece = start + length, piece + 1

    def _free(self, used: int, index: int) -> int:
        free = self._limit - _END - _BLOCK - padded(index) - used - _BLOCK
        return max(0, free // _BLOCK * _BLOCK)


def _entry_length(item: Item) -> int:
    """How much an entry of volume.json takes at most."""
    most = Part(item, item.size, item.size, f"parts/{0:06}-{0:04}", 10**13)
    one = len(render_index("", Volume(1, [most]), 1)) - len(render_index("", Volume(1), 1))
    return one + 1


def _placed(volume: Volume, bundle: str, count: int) -> Volume:
    # Offsets stand in volume.json, whose length moves the offsets: settled after a few rounds.
    length = 0
    while True:
        at = _BLOCK + padded(length)
        parts: list[Part] = []
        for part in volume.parts:
            at += _BLOCK
            parts.append(Part(part.item, part.start, part.length, part.member, at))
            at += padded(part.length)
        placed = Volume(volume.number, parts, size=at + _END)
        found = len(render_index(bundle, placed, count))
        if found <= length:
            placed.index_length = length
            return placed
        length = found
