"""A blob that is hashed while it streams, and that may be read again from anywhere."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, Final

from odh_nim.airgap.oci import Blob
from odh_nim.domain.errors import DigestError

# Copies of the hash so far: reading on from an offset costs at most this much once more.
_STEP: Final = 16 * 1024 * 1024


class CheckedBlob:
    """Gives the bytes of a blob from any offset; the last piece only after the hash is right.

    So whoever stores or sends the pieces never completes a blob whose digest is wrong.
    """

    def __init__(
        self,
        blob: Blob,
        place: str,
        read: Callable[[int], Iterator[bytes]],
        *,
        on_bytes: Callable[[int], None] = lambda _count: None,
    ) -> None:
        self._blob = blob
        self._place = place
        self._read = read
        self._on_bytes = on_bytes
        # Offset → the hash up to it.
        self._marks: dict[int, Any] = {0: hashlib.sha256()}

    def known(self, offset: int, hashed: Any) -> None:
        """Take over the hash of bytes that are there already."""
        self._marks[offset] = hashed

    def read(self, offset: int = 0) -> Iterator[bytes]:
        """Give the bytes from an offset on.

        Raises:
            DigestError: They are not those of the digest; raised before the last piece.

        """
        start = max(mark for mark in self._marks if mark <= offset)
        hashed, position = self._marks[start].copy(), start
        size, held = self._blob.size, b""
        for piece in self._read(start):
            hashed.update(piece)
            position += len(piece)
            self._on_bytes(len(piece))
            if position // _STEP != (position - len(piece)) // _STEP:
                self._marks[position] = hashed.copy()
            if held:
                yield held
            held = piece[max(0, offset - (position - len(piece))) :]
        found = f"sha256:{hashed.hexdigest()}"
        if position != size or found != self._blob.digest:
            raise DigestError(self._blob.digest, self._place, found)
        if held:
            yield held
