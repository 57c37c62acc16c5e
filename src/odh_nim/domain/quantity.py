"""Kubernetes quantities: `500m`, `2`, `8Gi`.

Grammar and suffixes: k8s.io/apimachinery, pkg/api/resource/quantity.go.
"""

import re
from decimal import Decimal
from typing import Final

from odh_nim.domain.errors import InvalidQuantityError

_GRAMMAR: Final = re.compile(
    r"([+-]?(?:\d{1,30}(?:\.\d{0,18})?|\.\d{1,18}))"
    r"(Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|[eE][+-]?\d{1,2})?",
    # Digits of other scripts are numbers to Python and not to Kubernetes.
    re.ASCII,
)
_BINARY: Final = {
    suffix: 1024**power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
_DECIMAL: Final = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    "k": Decimal("1e3"),
    "M": Decimal("1e6"),
    "G": Decimal("1e9"),
    "T": Decimal("1e12"),
    "P": Decimal("1e15"),
    "E": Decimal("1e18"),
}
GIB: Final = 1024**3


def parse_quantity(text: str, wanted: str = "quantity") -> Decimal:
    """Read a quantity as a number in base units: bytes, cores, pieces.

    Raises:
        InvalidQuantityError: The text is no quantity; `wanted` names what it should have been.

    """
    match = _GRAMMAR.fullmatch(text.strip())
    if match is None:
        raise InvalidQuantityError(text, wanted)
    number, suffix = Decimal(match.group(1)), match.group(2) or ""
    if suffix in _BINARY:
        return number * Decimal(_BINARY[suffix])
    if suffix in _DECIMAL:
        return number * _DECIMAL[suffix]
    return number.scaleb(int(suffix[1:]))


def positive(text: str, wanted: str) -> str:
    """Check that a quantity is more than nothing, and give it back as written.

    Raises:
        InvalidQuantityError: It is no quantity, zero or negative.

    """
    if parse_quantity(text, wanted) <= 0:
        raise InvalidQuantityError(text, f"{wanted} above zero")
    return text.strip()


def gibibytes(size: int | Decimal) -> str:
    """Write bytes as whole Gi, rounded up: what a claim asks for."""
    return f"{max(1, -(-int(size) // GIB))}Gi"
