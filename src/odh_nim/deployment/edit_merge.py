"""Brings the difference between two built manifests into an object that others changed too; pure.

What an edit changes is the difference between the manifest built before and the one built after
it. Only that difference is brought in: everything else in the object, known or not, stays as it is,
in its order. So an edit and its opposite give back the first object.
"""

import copy
from collections.abc import Sequence
from typing import Any, Final

_MISSING: Final = object()


def merge(current: Any, base: Any, target: Any) -> Any:
    """Give a changed copy of `current`: what differs from `base` to `target`, and nothing else."""
    if base == target:
        return copy.deepcopy(current)
    if isinstance(current, dict) and isinstance(base, dict) and isinstance(target, dict):
        return _merge_mapping(current, base, target)
    if _named(current) and _named(base) and _named(target):
        return _merge_named(current, base, target)
    return copy.deepcopy(target)


def _merge_mapping(
    current: dict[str, Any], base: dict[str, Any], target: dict[str, Any]
) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for name, value in current.items():
        if name not in target:
            # Ours, and no longer wanted; or never ours.
            if name not in base:
                merged[name] = copy.deepcopy(value)
            continue
        merged[name] = merge(value, base.get(name, _MISSING), target[name])
    for name, value in target.items():
        if name not in current and base.get(name, _MISSING) != value:
            merged[name] = _added(base.get(name, _MISSING), value)
    return merged


def _added(base: Any, target: Any) -> Any:
    """Give what the object lacks: where others took a whole list away, only what is new to it."""
    if _named(base) and _named(target):
        return _merge_named([], base, target)
    return copy.deepcopy(target)


def _named(items: Any) -> bool:
    """Say whether this is a list that Kubernetes merges by name: variables, ports, volumes."""
    return isinstance(items, list) and all(
        isinstance(item, dict) and isinstance(item.get("name"), str) for item in items
    )


def _merge_named(
    current: Sequence[dict[str, Any]],
    base: Sequence[dict[str, Any]],
    target: Sequence[dict[str, Any]],
) -> list[dict[str, Any]]:
    before = {item["name"]: item for item in base}
    after = {item["name"]: item for item in target}
    merged: list[dict[str, Any]] = []
    for item in current:
        name = item["name"]
        if name in after:
            # A thing that others had put there under this name becomes ours.
            merged.append(merge(item, before.get(name, _MISSING), after[name]))
        elif name not in before:
            merged.append(copy.deepcopy(item))
    there = {item["name"] for item in merged}
    for position, item in enumerate(target):
        if item["name"] in there or item["name"] in before:
            continue
        merged.insert(_place(merged, target[:position]), copy.deepcopy(item))
        there.add(item["name"])
    return merged


def _place(merged: Sequence[dict[str, Any]], earlier: Sequence[dict[str, Any]]) -> int:
    """Find the place after what comes before in the target: the first port is the Service's."""
    names = [item["name"] for item in merged]
    for item in reversed(earlier):
        if item["name"] in names:
            return names.index(item["name"]) + 1
    return 0
