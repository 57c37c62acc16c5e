"""Which family an image belongs to, and what a family speaks; the facts are in data/families.json.

Where they come from: NVIDIA's documentation and public manifests. A catalogue entry that names its
family beats these rules.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from odh_nim.domain.family import Family
from odh_nim.domain.model import UNKNOWN_FAMILY

_TEAM_AND_NAME: Final = 2


@dataclass(frozen=True)
class Classification:
    """The family of an image and why: a rule's id and meaning, or that nothing decides."""

    family: str
    reason: str


class _Rule(msgspec.Struct, frozen=True):
    id: str
    family: str
    on: Literal["path", "text"]
    pattern: str
    why: str

    def decides(self, path: str, text: str) -> bool:
        if self.on == "path":
            return re.search(self.pattern, path) is not None
        return re.search(self.pattern, text, re.IGNORECASE) is not None


class _Data(msgspec.Struct, frozen=True):
    families: tuple[Family, ...]
    # Images whose name says nothing, decided by their documentation.
    known: dict[str, str]
    rules: tuple[_Rule, ...]


@cache
def _data() -> _Data:
    text = (files("odh_nim.manifests") / "data" / "families.json").read_bytes()
    return msgspec.json.decode(text, type=_Data)


@cache
def families() -> Mapping[str, Family]:
    """Give every family by its id, `other` included."""
    return MappingProxyType({family.id: family for family in _data().families})


def family_of(family_id: str) -> Family:
    """Give a family; an id that nobody knows is treated as `other`: HTTP on 8000, no gRPC."""
    return families().get(family_id, families()[UNKNOWN_FAMILY])


def classify(path: str, text: str = "") -> Classification:
    """Find the family of an image by its repository and what the catalogue says about it.

    Only the end of the path counts, `team/name`: a mirror puts folders of its own before it. The
    first rule that fits decides; rules about the text come last, because texts are careless.
    """
    short = "/".join(path.strip("/").split("/")[-_TEAM_AND_NAME:])
    if short in _data().known:
        return Classification(_data().known[short], "known by name")
    for rule in _data().rules:
        if rule.decides(short, text):
            return Classification(rule.family, f"{rule.id}: {rule.why}")
    return Classification(UNKNOWN_FAMILY, "no rule fits: a guess")
