"""Texts of others, made safe to store and to show.

NVIDIA's display names and descriptions are untrusted: they reach a ConfigMap, terminals and a web
page. What cannot be seen but changes what is read (control, bidi and zero-width characters) goes.
"""

import unicodedata
from typing import Final

MAX_NAME: Final = 200
MAX_DESCRIPTION: Final = 500

# Cc control, Cf format (bidi, zero-width, tags, byte-order mark), Cs lone surrogates.
_REMOVED: Final = ("Cc", "Cf", "Cs")
# Blank or ignorable, although Unicode files them under letters, marks and symbols.
_INVISIBLE: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
)


def clean_text(text: str, limit: int) -> str:
    """Fold line breaks and blanks, remove what cannot be seen, cut at `limit` characters."""
    if text.isascii() and text.isprintable():
        folded = " ".join(text.split())
    else:
        spaced = "".join(" " if character.isspace() else character for character in text)
        folded = " ".join("".join(filter(_is_kept, spaced)).split())
    if len(folded) <= limit:
        return folded
    return folded[: limit - 1].rstrip() + "…"


def _is_kept(character: str) -> bool:
    if character in _INVISIBLE or unicodedata.category(character) in _REMOVED:
        return False
    code = ord(character)
    # Noncharacters: no YAML document may hold them.
    return code & 0xFFFE != 0xFFFE and not 0xFDD0 <= code <= 0xFDEF  # noqa: PLR2004 - Unicode's
