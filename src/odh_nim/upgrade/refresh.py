"""Brings an old runtime up to the shipped Template: mounts, probes, metrics, marks; pure.

Image, arguments, environment, resources and the claim stay as they are.
"""

import copy
import difflib
from dataclasses import dataclass, field
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.manifests.yaml import dump_yaml

_PROBES: Final = ("startupProbe", "readinessProbe", "livenessProbe")


@dataclass(frozen=True)
class Refresh:
    """The change of one runtime (by uid): what to send, how to undo it, what a person sees."""

    runtime: str
    patch: list[Manifest] = field(repr=False)
    way_back: list[Manifest] = field(repr=False)
    diff: str


def plan_refresh(runtime: Manifest, shipped: Manifest) -> Refresh | None:
    """Compare a runtime with the shipped one; None where there is nothing to bring.

    `shipped` is the ServingRuntime inside the Template.
    """
    after = _refreshed(runtime, shipped)
    spec, new = runtime["spec"], after["spec"]
    container, changed = spec["containers"][0], new["containers"][0]
    patch: list[Manifest] = []
    way_back: list[Manifest] = []
    for name in ("volumeMounts", *_PROBES):
        _change(container, changed, f"/spec/containers/0/{name}", name, patch, way_back)
    for name in ("volumes", "annotations"):
        _change(spec, new, f"/spec/{name}", name, patch, way_back)
    if names.NIM_RUNTIME not in annotations(runtime):
        patch += _mark(runtime)
    if not patch:
        return None
    return Refresh(runtime["metadata"]["uid"], patch, way_back[::-1], _diff(runtime, after))


def _change(
    before: Any,
    after: Any,
    path: str,
    name: str,
    patch: list[Manifest],
    way_back: list[Manifest],
) -> None:
    old, new = before.get(name), after.get(name)
    if old == new:
        return
    patch.append({"op": "add", "path": path, "value": new})
    if old is None:
        way_back.append({"op": "remove", "path": path})
    else:
        way_back.append({"op": "add", "path": path, "value": old})


def _mark(runtime: Manifest) -> list[Manifest]:
    if not annotations(runtime):
        value = {names.NIM_RUNTIME: "true"}
        return [{"op": "add", "path": "/metadata/annotations", "value": value}]
    path = f"/metadata/annotations/{names.NIM_RUNTIME.replace('/', '~1')}"
    return [{"op": "add", "path": path, "value": "true"}]


def _refreshed(runtime: Manifest, shipped: Manifest) -> Manifest:
    after = copy.deepcopy(runtime)
    spec, wanted = after["spec"], shipped["spec"]
    container, model = spec["containers"][0], wanted["containers"][0]
    mounts = container.setdefault("volumeMounts", [])
    volumes = spec.setdefault("volumes", [])
    mounted = {mount["mountPath"] for mount in mounts}
    there = {volume["name"] for volume in volumes}
    for mount in model.get("volumeMounts") or []:
        volume = next((one for one in wanted["volumes"] if one["name"] == mount["name"]), None)
        # The cache is the deployment's own claim; anything else is an empty folder.
        if volume is None or "emptyDir" not in volume or mount["mountPath"] in mounted:
            continue
        mounts.append(copy.deepcopy(mount))
        if mount["name"] not in there:
            volumes.append(copy.deepcopy(volume))
    for name in _PROBES:
        if name in model:
            container.setdefault(name, copy.deepcopy(model[name]))
    metrics = {
        name: text
        for name, text in (wanted.get("annotations") or {}).items()
        if name in (names.METRICS_PATH, names.METRICS_PORT)
    }
    spec["annotations"] = (spec.get("annotations") or {}) | metrics
    return after


def _diff(before: Manifest, after: Manifest) -> str:
    name = before["metadata"]["name"]
    now, then = (dump_yaml(one["spec"]).splitlines() for one in (before, after))
    return "\n".join(difflib.unified_diff(now, then, f"{name} now", f"{name} then", lineterm=""))
