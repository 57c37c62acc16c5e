"""The one type in which an NGC API key exists.

A key is cleaned and checked the moment it enters; from then on every way of printing it shows
stars. `reveal` is called where the key leaves again: in the two Secrets and in the calls that ask
NVIDIA about it.
"""

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from odh_nim.domain.errors import InvalidKeyError, LegacyKeyError

PREFIX: Final = "nvapi-"
_MIN_LENGTH: Final = 20
_MAX_LENGTH: Final = 1000
_URL_SAFE: Final = re.compile(r"[A-Za-z0-9._~-]+")
# Organisation keys of the old kind are base64 without a prefix.
_LEGACY: Final = re.compile(r"[A-Za-z0-9+/]{20,}={0,2}")
_BEARER: Final = re.compile(r"bearer[ \t]+", re.IGNORECASE)
# What terminals and web pages put around a copied value. NBSP and the zero-width characters come
# from rich text; str.strip() leaves the latter.
_AROUND: Final = " \t\r\n\v\f\u00a0\u200b\u200c\u200d\u2060\ufeff"
_QUOTES: Final = "\"'`\u201c\u201d\u2018\u2019"
_MASK: Final = "****"


class ApiKey:
    """A personal NGC API key (`nvapi-…`) that hides itself.

    It cannot be printed, formatted, pickled or compared by accident.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        """Take a cleaned key.

        Raises:
            LegacyKeyError: The key has no `nvapi-` prefix: an organisation key of the old kind.
            InvalidKeyError: It cannot be a key at all.

        """
        _check(value)
        self.__value = value

    def reveal(self) -> str:
        """Give the key itself, for the two Secrets and for NVIDIA's API only."""
        return self.__value

    def __repr__(self) -> str:
        return f"ApiKey({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiKey) and self.__value == other.reveal()

    def __hash__(self) -> int:
        return hash(self.__value)

    def __reduce__(self) -> NoReturn:
        message = "an ApiKey is not pickled or copied to other processes"
        raise TypeError(message)


@dataclass(frozen=True)
class PastedKey:
    """A key as a person gave it, cleaned; `notice` says what was taken away, if anything."""

    key: ApiKey
    notice: str | None


def clean_key(pasted: str) -> PastedKey:
    """Take white space, quotes and `Bearer ` from a pasted key and check its grammar.

    Raises:
        LegacyKeyError: The key has no `nvapi-` prefix: an organisation key of the old kind.
        InvalidKeyError: It cannot be a key at all. The message never repeats the input.

    """
    # Bounded before any work is done on it: a paste may be a whole file.
    if len(pasted) > _MAX_LENGTH * 4:
        raise InvalidKeyError(f"it has {len(pasted)} characters, a key has at most {_MAX_LENGTH}")
    removed: list[str] = []
    text = pasted.strip(_AROUND)
    # One line break at the end is what every file and every `echo` has: not worth a word.
    if text != pasted.rstrip("\r\n"):
        removed.append("white space around it")
    unquoted = text.strip(_QUOTES)
    if unquoted != text:
        removed.append("quotes")
    without_scheme = _BEARER.sub("", unquoted.strip(_AROUND), count=1)
    if without_scheme != unquoted.strip(_AROUND):
        removed.append("the word Bearer")
    key = ApiKey(without_scheme.strip(_AROUND + _QUOTES))
    return PastedKey(key, f"removed from the key: {', '.join(removed)}" if removed else None)


def _check(value: str) -> None:
    if not value:
        raise InvalidKeyError("it is empty")
    if any(character.isspace() for character in value):
        raise InvalidKeyError("it has white space or a line break inside")
    if not value.startswith(PREFIX):
        if _LEGACY.fullmatch(value):
            raise LegacyKeyError
        raise InvalidKeyError(f"it does not start with {PREFIX}")
    if not _URL_SAFE.fullmatch(value):
        raise InvalidKeyError("it has characters that no key has")
    if not _MIN_LENGTH <= len(value) <= _MAX_LENGTH:
        raise InvalidKeyError(
            f"it has {len(value)} characters, a key has {_MIN_LENGTH} to {_MAX_LENGTH}"
        )
