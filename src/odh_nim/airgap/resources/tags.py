"""Which tags of a mirrored model the catalogue offers.

The stock page pads short numeric tags (`1.3` becomes `1.3.0`) before it builds the image, and
moving tags change under a running model. So both go where a full version is the same image.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from odh_nim.catalog.tags import is_full_version

_SHORT: Final = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True)
class ChosenTags:
    """The tags of one model, and what a person should know about those that stayed."""

    digests: dict[str, str]
    warnings: tuple[str, ...] = ()


def choose_tags(found: Mapping[str, str]) -> ChosenTags:
    """Choose among the tags that are in the mirror; at least one always stays."""
    full = {digest for tag, digest in found.items() if is_full_version(tag)}
    kept: dict[str, str] = {}
    warnings: list[str] = []
    for tag, digest in found.items():
        if is_full_version(tag) or digest not in full:
            kept[tag] = digest
        if digest in full or is_full_version(tag):
            continue
        if _SHORT.fullmatch(tag):
            warnings.append(f"{tag} is a short version: the stock dashboard would ask for another.")
        else:
            warnings.append(f"{tag} may move: mirror the full version of the same image too.")
    return ChosenTags(kept, tuple(warnings))
