"""JSON patch (RFC 6902: test, add, remove, replace) and merge patch (RFC 7386)."""

import copy
from collections.abc import Sequence
from typing import Any

from odh_nim.domain.errors import RejectedError
from odh_nim.domain.manifest import Manifest


def apply_json_patch(target: Manifest, patch: Sequence[Manifest]) -> Manifest:
    """Give a changed copy; a failed test, or a path that is not there, refuses all of it."""
    result = copy.deepcopy(target)
    for step in patch:
        try:
            _take(result, step)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise RejectedError(
                "patch", f"{step['op']} {step['path']} does not hold", status=422
            ) from error
    return result


def _take(target: Any, step: Manifest) -> None:
    *parents, last = [
        part.replace("~1", "/").replace("~0", "~") for part in step["path"].split("/")[1:]
    ]
    for part in parents:
        target = target[int(part)] if isinstance(target, list) else target[part]
    place = last
    if isinstance(target, list):
        place = len(target) if last == "-" else int(last)
    match step["op"]:
        case "test":
            if target[place] != step["value"]:
                raise ValueError(step["path"])
        case "remove":
            del target[place]
        case "replace":
            _ = target[place]
            target[place] = copy.deepcopy(step["value"])
        case "add" if isinstance(target, list):
            target.insert(place, copy.deepcopy(step["value"]))
        case "add":
            target[place] = copy.deepcopy(step["value"])
        case unknown:
            raise ValueError(unknown)


def apply_merge_patch(target: Manifest, patch: Manifest) -> Manifest:
    """Give a changed copy; None removes, mappings merge, everything else replaces."""
    result = copy.deepcopy(target)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            inner = result.get(name)
            result[name] = apply_merge_patch(inner if isinstance(inner, dict) else {}, value)
        else:
            result[name] = copy.deepcopy(value)
    return result
