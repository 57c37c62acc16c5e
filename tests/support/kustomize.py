"""What `kubectl kustomize` makes of the server's folders, for machines without kubectl.

Only what those folders use is understood; a test compares with kubectl where it is installed.
"""

import copy
from pathlib import Path
from typing import Any

from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.yaml import load_all, load_yaml

UNDERSTOOD = {"apiVersion", "kind", "namespace", "resources", "patches", "labels", "images"}
# By what kustomize finds the item of a list that a patch changes.
KEYS = ("name", "mountPath", "containerPort")


def render(folder: Path) -> list[Manifest]:
    """Resolve one folder."""
    kustomization = load_yaml((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    assert set(kustomization) <= UNDERSTOOD, set(kustomization) - UNDERSTOOD
    found: list[Manifest] = []
    for resource in kustomization["resources"]:
        path = folder / resource
        found += render(path) if path.is_dir() else read(path)
    for patch in kustomization.get("patches", []):
        for change in read(folder / patch["path"]):
            [target] = [one for one in found if identity(one) == identity(change)]
            merge(target, change)
    for one in found:
        finish(one, kustomization)
    return found


def finish(manifest: Manifest, kustomization: dict[str, Any]) -> None:
    """Add namespace, labels and images."""
    metadata = manifest["metadata"]
    # Also where the kind has none, which kustomize does not know of every kind.
    if "namespace" in kustomization:
        metadata["namespace"] = kustomization["namespace"]
    for label in kustomization.get("labels", []):
        assert label["includeSelectors"] is False
        metadata["labels"] = metadata.get("labels", {}) | label["pairs"]
    for image in kustomization.get("images", []):
        template = manifest.get("spec", {}).get("template", {})
        for container in template.get("spec", {}).get("containers", []):
            if container.get("image") == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"


def merge(target: Any, change: Any) -> None:
    """Merge as a strategic patch does: objects by field, named lists by item, others whole."""
    for field, value in change.items():
        if isinstance(value, dict) and isinstance(target.get(field), dict):
            merge(target[field], value)
        elif isinstance(value, list) and (key := key_of(value)) and field in target:
            target[field] = merged(target[field], value, key)
        else:
            target[field] = copy.deepcopy(value)


def merged(before: list[Any], changes: list[Any], key: str) -> list[Any]:
    """Merge lists of named items; those of the patch come first."""
    rest = {one[key]: one for one in before}
    first = []
    for change in changes:
        item = rest.pop(change[key], {})
        merge(item, change)
        first.append(item)
    return [*first, *rest.values()]


def key_of(items: list[Any]) -> str | None:
    if not items or not all(isinstance(one, dict) for one in items):
        return None
    return next((key for key in KEYS if all(key in one for one in items)), None)


def identity(manifest: Manifest) -> tuple[str, str, str]:
    return manifest["apiVersion"], manifest["kind"], manifest["metadata"]["name"]


def read(path: Path) -> list[Manifest]:
    return list(load_all(path.read_text(encoding="utf-8")))
