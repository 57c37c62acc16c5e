"""Nodes with GPUs, and pods that carry the mark of a restart."""

from typing import Any

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import KEY_REVISION


def node(gpus: int, name: str = "gpu-1") -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name},
        "status": {
            "allocatable": {"nvidia.com/gpu": str(gpus)},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(
    name: str = "llama-1",
    *,
    deployment: str = "llama",
    mark: str | None = None,
    ready: bool = True,
    gpus: int = 1,
    on: str = "gpu-1",
    waiting: str = "",
) -> Manifest:
    state: dict[str, Any] = {"running": {}} if not waiting else {"waiting": {"reason": waiting}}
    if waiting:
        state["waiting"]["message"] = "401 Unauthorized: failed to authorize"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "labels": {"serving.kserve.io/inferenceservice": deployment},
            "annotations": {KEY_REVISION: mark} if mark else {},
        },
        "spec": {
            "nodeName": on,
            "containers": [{"name": "x", "resources": {"requests": {"nvidia.com/gpu": str(gpus)}}}],
            "volumes": [
                {"name": "c", "persistentVolumeClaim": {"claimName": f"nim-pvc-{deployment}"}}
            ],
        },
        "status": {
            "containerStatuses": [{"name": "kserve-container", "ready": ready, "state": state}]
        },
    }
