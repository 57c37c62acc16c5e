"""Gzip for answers that are made once and sent often.

Nothing that holds a secret is packed: how well it packs could tell what is in it.
"""

import gzip
from typing import Final

from starlette.datastructures import Headers

_LEVEL: Final = 9
# Below this the head is most of it.
_LEAST: Final = 1000


def pack(body: bytes) -> bytes | None:
    """Pack a body; None where that saves nothing."""
    if len(body) < _LEAST:
        return None
    # Without the time, the same content is packed the same.
    packed = gzip.compress(body, _LEVEL, mtime=0)
    return packed if len(packed) < len(body) else None


def takes_gzip(headers: Headers) -> bool:
    """Say whether the other side reads gzip."""
    for part in headers.get("accept-encoding", "").split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
