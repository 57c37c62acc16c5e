"""The order of a model's tags, and the one that is preselected."""

import re
from typing import Final

# NVIDIA's versions: 1.8.5, 1.14.0-pb5.3, v2.0. Numbers are capped: an endless one is no version.
_VERSION: Final = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,4})(?:[-_+.](.+))?")
_FULL: Final = 3
_PARTS: Final = re.compile(r"\d{1,9}|\D+|\d+")


def sort_tags(tags: tuple[str, ...]) -> tuple[str, ...]:
    """Put the newest version first and moving tags (`latest`, `1`, `1.8`) last.

    The tags themselves are kept byte for byte; doubles go.
    """
    unique = dict.fromkeys(tags)
    full = sorted(filter(is_full_version, unique), key=_newest, reverse=True)
    rest = [tag for tag in unique if not is_full_version(tag)]
    short = sorted(filter(_numbers, rest), key=_newest, reverse=True)
    named = sorted(tag for tag in rest if not _numbers(tag))
    return (*full, *short, *named)


def default_tag(tags: tuple[str, ...]) -> str | None:
    """Choose the newest x.y.z without a suffix, else with one; None where no tag is a version."""
    full = sorted(filter(is_full_version, tags), key=_newest, reverse=True)
    return next((tag for tag in full if not _suffix(tag)), next(iter(full), None))


def is_full_version(tag: str) -> bool:
    """Say whether a tag is a version that does not move: x.y.z, with or without a suffix."""
    return len(_numbers(tag)) >= _FULL


def _numbers(tag: str) -> tuple[int, ...]:
    match = _VERSION.fullmatch(tag)
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def _suffix(tag: str) -> str:
    match = _VERSION.fullmatch(tag)
    return (match.group(2) or "") if match else ""


def _newest(tag: str) -> tuple[tuple[int, ...], bool, list[tuple[bool, int, str]], str]:
    suffix = _suffix(tag)
    # `pb5.10` is newer than `pb5.9`; a version without a suffix stands before its variants.
    parts = [
        (True, int(part), "") if part.isdigit() and part.isascii() else (False, 0, part)
        for part in _PARTS.findall(suffix)
    ]
    return _numbers(tag), not suffix, parts, tag
