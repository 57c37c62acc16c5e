"""The JSON patch that points an object at other Secrets, and the one that points it back; pure.

References are found by name wherever they stand: any container, init or worker, any index.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from odh_nim.domain.manifest import Manifest


@dataclass(frozen=True)
class Renaming:
    """Old name → new name, for Secrets with a key and for pull secrets."""

    keys: Mapping[str, str] = field(default_factory=dict)
    pulls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One reference: where, from what, to what. `removes` an entry that would be there twice."""

    path: str
    old: Any
    new: Any
    removes: bool = False


def find_changes(item: Manifest, renaming: Renaming) -> list[Change]:
    """Find every reference that a renaming touches, those to remove last and from the end."""
    found = list(_walk(item.get("spec") or {}, "/spec", renaming))
    removals = [change for change in found if change.removes]
    return [change for change in found if not change.removes] + removals[::-1]


def to_patch(item: Manifest, changes: list[Change]) -> list[Manifest]:
    """Build the patch: refused whole if anything is not as it was read."""
    patch = [_same(item)]
    for change in changes:
        patch.append({"op": "test", "path": change.path, "value": change.old})
        if change.removes:
            patch.append({"op": "remove", "path": change.path})
        else:
            patch.append({"op": "replace", "path": change.path, "value": change.new})
    return patch


def to_way_back(changes: list[Change]) -> list[Manifest]:
    """Build the patch that restores what was there, unless others changed it since."""
    patch: list[Manifest] = []
    for change in reversed(changes):
        if change.removes:
            patch.append({"op": "add", "path": change.path, "value": change.old})
        else:
            patch.append({"op": "test", "path": change.path, "value": change.new})
            patch.append({"op": "replace", "path": change.path, "value": change.old})
    return patch


def _same(item: Manifest) -> Manifest:
    version = item["metadata"]["resourceVersion"]
    return {"op": "test", "path": "/metadata/resourceVersion", "value": version}


def _walk(value: Any, path: str, renaming: Renaming) -> Iterator[Change]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _walk(one, f"{path}/{index}", renaming)
    elif isinstance(value, dict):
        for key, inner in value.items():
            where = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            yield from _at(key, inner, where, renaming)


def _at(key: str, value: Any, path: str, renaming: Renaming) -> Iterator[Change]:
    if key in ("secretKeyRef", "secretRef") and isinstance(value, dict):
        yield from _rename(value.get("name"), f"{path}/name", renaming.keys)
    elif key == "secret" and isinstance(value, dict):
        field_name = "secretName" if "secretName" in value else "name"
        yield from _rename(value.get(field_name), f"{path}/{field_name}", renaming.keys)
    elif key == "authSecret":
        yield from _rename(value, path, renaming.keys)
    elif key in ("imagePullSecrets", "pullSecrets") and isinstance(value, list):
        yield from _pulls(value, path, renaming.pulls)
    else:
        yield from _walk(value, path, renaming)


def _pulls(entries: list[Any], path: str, pulls: Mapping[str, str]) -> Iterator[Change]:
    """Rename entries of a list of names or of references; the same name is never there twice."""
    names = [str(entry.get("name", "") if isinstance(entry, dict) else entry) for entry in entries]
    seen = {name for name in names if name not in pulls}
    for index, name in enumerate(names):
        if name not in pulls:
            continue
        if pulls[name] in seen:
            yield Change(f"{path}/{index}", entries[index], None, removes=True)
            continue
        seen.add(pulls[name])
        inside = "/name" if isinstance(entries[index], dict) else ""
        yield Change(f"{path}/{index}{inside}", name, pulls[name])


def _rename(name: Any, path: str, names: Mapping[str, str]) -> Iterator[Change]:
    if isinstance(name, str) and names.get(name, name) != name:
        yield Change(path, name, names[name])
