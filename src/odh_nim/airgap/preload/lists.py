"""What the loader in a pod reads: its script, and the list of files, as one ConfigMap."""

import json
from importlib.resources import files
from typing import Final

from odh_nim.airgap.bundle.reader import CarriedWeights
from odh_nim.domain import names
from odh_nim.domain.errors import BundleError
from odh_nim.domain.manifest import Manifest

SCRIPT: Final = "load.sh"
# The most that a ConfigMap holds.
_MOST: Final = 1_000_000


def loader_script() -> str:
    """Give the script that runs in the pod."""
    return (files("odh_nim.airgap") / "data" / SCRIPT).read_text(encoding="utf-8")


def loader_files(weights: CarriedWeights) -> dict[str, str]:
    """Write the lists for one model.

    Raises:
        BundleError: A name cannot stand in them, or they are too long.

    """
    for path in [*(file.path for file in weights.files), *(link.path for link in weights.links)]:
        if path != path.strip() or "\\" in path:
            raise BundleError(f"{path!r} cannot be loaded: its name begins or ends with a blank.")
    lines = [f"{each.sha256} {each.size} {each.mode} {each.path}\n" for each in weights.files]
    links = [f"{link.path}\n{link.target}\n" for link in weights.links]
    mark = {
        "image": weights.image,
        "manifestDigest": weights.manifest_digest,
        "profiles": list(weights.profiles),
        "total": weights.total,
        "files": len(weights.files),
    }
    found = {
        SCRIPT: loader_script(),
        "files.txt": "".join(lines),
        "links.txt": "".join(links),
        "mark.json": json.dumps(mark, indent=1, sort_keys=True) + "\n",
    }
    if sum(map(len, found.values())) > _MOST:
        raise BundleError(f"The weights of {weights.image} have too many files for a ConfigMap.")
    return found


def lists_config_map(name: str, namespace: str, weights: CarriedWeights) -> Manifest:
    """Build the ConfigMap."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {names.MANAGED_BY_LABEL: names.MANAGED_BY},
        },
        "data": loader_files(weights),
    }
