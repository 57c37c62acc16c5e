"""Label and field selectors, as far as odh-nim uses them."""

import re
from typing import Any

from odh_nim.domain.manifest import Manifest, labels


def selects(item: Manifest, label_selector: str | None, field_selector: str | None) -> bool:
    found = labels(item)
    label_parts = filter(None, re.split(r",(?![^(]*\))", label_selector or ""))
    field_parts = filter(None, (field_selector or "").split(","))
    return all(_label_fits(found, part) for part in label_parts) and all(
        _field_fits(item, part) for part in field_parts
    )


def _label_fits(found: dict[str, str], part: str) -> bool:
    if match := re.fullmatch(r"(\S+) in \((.*)\)", part):
        return found.get(match[1]) in [value.strip() for value in match[2].split(",")]
    if "!=" in part:
        name, _, value = part.partition("!=")
        return found.get(name) != value
    name, equals, value = part.replace("==", "=").partition("=")
    return found.get(name) == value if equals else name in found


def _field_fits(item: Manifest, part: str) -> bool:
    wanted = "!=" not in part
    path, _, value = part.replace("!=", "=").replace("==", "=").partition("=")
    place: Any = item
    for step in path.split("."):
        place = (place or {}).get(step)
    return ((place or "") == value) is wanted
