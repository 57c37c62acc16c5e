"""The shipped manifests as they are installed: what `kubectl kustomize` would give.

Only what our own overlays use is understood; anything else is an error rather than a difference
between the sandbox and a real installation.
"""

import posixpath
from collections.abc import Mapping
from typing import Any, Final

from odh_nim.domain.errors import SandboxError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.yaml import load_all, load_yaml
from odh_nim.sandbox.seed.manifests import Variant

_UNDERSTOOD: Final = {"apiVersion", "kind", "namespace", "resources", "patches"}
_CLUSTER_SCOPED: Final = ("Namespace", "ClusterRole", "ClusterRoleBinding")


def shipped_manifests(variant: Variant) -> list[Manifest]:
    """Give what an admin installs in this kind of cluster, in an order that can be applied."""
    overlay = "kubernetes" if variant is Variant.KUBERNETES_ONLY else "odh"
    manifests = resolve_overlay(f"overlays/{overlay}")
    return sorted(manifests, key=lambda manifest: manifest["kind"] != "Namespace")


def resolve_overlay(folder: str) -> list[Manifest]:
    """Resolve a folder of the shipped configuration.

    Raises:
        SandboxError: Its kustomization uses more than is understood here.

    """
    kustomization = load_yaml(read_shipped(f"{folder}/kustomization.yaml"))
    if unknown := set(kustomization) - _UNDERSTOOD:
        raise SandboxError(f"{folder}/kustomization.yaml uses {', '.join(sorted(unknown))}.")
    manifests: list[Manifest] = []
    for resource in kustomization["resources"]:
        path = posixpath.normpath(posixpath.join(folder, resource))
        if path.endswith(".yaml"):
            manifests += load_all(read_shipped(path))
        else:
            manifests += resolve_overlay(path)
    for patch in kustomization.get("patches", []):
        _patch(manifests, patch)
    if "namespace" in kustomization:
        for manifest in manifests:
            if manifest["kind"] not in _CLUSTER_SCOPED:
                manifest["metadata"]["namespace"] = kustomization["namespace"]
    return manifests


def _patch(manifests: list[Manifest], patch: Mapping[str, Any]) -> None:
    target = f"{patch['target']['kind']}/{patch['target']['name']}"
    for operation in load_yaml(patch["patch"]):
        field = str(operation["path"]).removeprefix("/")
        if operation["op"] != "remove" or "/" in field:
            raise SandboxError(f"The patch of {target} does more than remove a field.")
        for manifest in manifests:
            if describe(manifest) == target:
                del manifest[field]
