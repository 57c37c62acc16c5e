"""Pods, ReplicaSets and events of a deployment as KServe and a kubelet make them."""

from typing import Any

from odh_nim.domain.manifest import Manifest

LABEL = "serving.kserve.io/inferenceservice"


def replica_set(revision: int, name: str = "llama") -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name}-predictor-{revision}",
            "namespace": "team-a",
            "uid": f"rs-{revision}",
            "labels": {LABEL: name},
            "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        },
    }


def pod(
    state: Manifest | None = None,
    *,
    revision: int = 1,
    name: str = "llama",
    node: str = "gpu-1",
    ready: bool = False,
    last: Manifest | None = None,
    restarts: int = 0,
    scheduled: Manifest | None = None,
    suffix: str = "abcde",
) -> Manifest:
    """A pod whose `kserve-container` is in a state; `agent` beside it is always ready."""
    agent = {"name": "agent", "ready": True, "state": {"running": {}}, "restartCount": 0}
    model: Manifest = {
        "name": "kserve-container",
        "ready": ready,
        "restartCount": restarts,
        "state": state or {},
    }
    if last:
        model["lastState"] = {"terminated": last}
    placed = scheduled or {"type": "PodScheduled", "status": "True"}
    status: dict[str, Any] = {"phase": "Pending", "conditions": [placed]}
    if state:
        status["containerStatuses"] = [agent, model]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{name}-predictor-{revision}-{suffix}",
            "namespace": "team-a",
            "uid": f"pod-{revision}-{suffix}",
            "labels": {LABEL: name, "pod-template-hash": str(revision)},
            "ownerReferences": [
                {"kind": "ReplicaSet", "name": f"{name}-predictor-{revision}", "uid": "x"}
            ],
            "creationTimestamp": f"2026-01-01T00:00:0{revision}Z",
        },
        "spec": {"nodeName": node if placed["status"] == "True" else "", "containers": []},
        "status": status,
    }


def running(**parts: Any) -> Manifest:
    return pod({"running": {"startedAt": "2026-01-01T00:00:00Z"}}, **parts)


def waits(reason: str, message: str = "", **parts: Any) -> Manifest:
    return pod({"waiting": {"reason": reason, "message": message}}, **parts)


def unschedulable(message: str) -> Manifest:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": message,
    }
    return pod(scheduled=condition)


def event(about: Manifest, reason: str, message: str, *, at: int = 0) -> Manifest:
    metadata = about["metadata"]
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{reason}.{at}", "namespace": "team-a"},
        "involvedObject": {
            "kind": about["kind"],
            "name": metadata["name"],
            **({"uid": metadata["uid"]} if "uid" in metadata else {}),
        },
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-01-01T00:00:{at:02}Z",
    }


def service(
    *, ready: str = "False", reason: str = "", stop: str | None = None, **parts: Any
) -> Manifest:
    annotations = {"serving.kserve.io/stop": stop} if stop else {}
    conditions = [
        {"type": "Ready", "status": ready},
        {"type": "PredictorReady", "status": ready, "reason": reason},
    ]
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {
            "name": "llama",
            "namespace": "team-a",
            "annotations": annotations,
            **parts.pop("metadata", {}),
        },
        "spec": {"predictor": {"minReplicas": parts.pop("replicas", 1), "model": {}}},
        "status": {"conditions": conditions, **parts.pop("status", {})},
    }
