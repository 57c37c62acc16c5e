"""A pod's status, as a kubelet writes it, and read back after a restart."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from zlib import crc32

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.container import Container, Exit, Stage

NODE_ADDRESS: Final = "127.0.0.1"


def timestamp(moment: float) -> str:
    """Write a moment as Kubernetes does: whole seconds, UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_of(text: str) -> float:
    """Read what `timestamp` writes."""
    return datetime.fromisoformat(text).timestamp()


def build_status(
    pod: Manifest, old: Mapping[str, Any], containers: Sequence[Container], now: float
) -> dict[str, Any]:
    """Build the status of a pod from its containers; what stays as it was keeps its time."""
    address = pod_address(pod["metadata"]["uid"])
    start = old.get("startTime") or timestamp(now)
    status = {
        "phase": phase_of(containers),
        "hostIP": NODE_ADDRESS,
        "hostIPs": [{"ip": NODE_ADDRESS}],
        "podIP": address,
        "podIPs": [{"ip": address}],
        "startTime": start,
        "conditions": _conditions(old.get("conditions") or [], containers, now),
        "containerStatuses": [_container_status(item, pod) for item in containers],
    }
    if helpers := pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_init_status(item, start) for item in helpers]
    return status


def phase_of(containers: Sequence[Container]) -> str:
    """Tell the phase: pending until every container has been started once."""
    if all(item.stage is Stage.EXITED for item in containers):
        codes = [item.exit.code for item in containers if item.exit]
        return "Failed" if any(codes) else "Succeeded"
    waiting = (item for item in containers if item.stage is not Stage.RUNNING and item.exit is None)
    return "Pending" if any(waiting) else "Running"


def adopt(pod: Manifest) -> list[Container]:
    """Take over the containers of a pod, with what its status says about them.

    A sandbox that is started again finds its pods in the stored objects; they go on as they were.
    """
    known = {item["name"]: item for item in pod.get("status", {}).get("containerStatuses") or []}
    uid = pod["metadata"]["uid"]
    return [_adopt(item, known.get(item["name"], {}), uid) for item in pod["spec"]["containers"]]


def _adopt(spec: Manifest, status: Mapping[str, Any], uid: str) -> Container:
    fresh, message = Container(spec["name"], spec["image"]), ""
    state = status.get("state", {})
    last = state.get("terminated") or status.get("lastState", {}).get("terminated")
    ended = last and Exit(
        last.get("exitCode", 0),
        last.get("reason", "Error"),
        moment_of(last["startedAt"]),
        moment_of(last["finishedAt"]),
    )
    if "running" in state:
        stage, since = Stage.RUNNING, moment_of(state["running"]["startedAt"])
    elif "terminated" in state:
        stage, since = Stage.EXITED, moment_of(last["finishedAt"])
    elif ended and state.get("waiting", {}).get("reason") == Stage.CRASH_BACK_OFF:
        stage, since = Stage.CRASH_BACK_OFF, ended.finished_at
        message = state["waiting"].get("message", "").removesuffix(f"({uid})")
    else:
        stage, since = fresh.stage, fresh.since
    return Container(
        fresh.name,
        fresh.image,
        stage,
        since,
        message=message,
        restarts=status.get("restartCount", 0),
        started=status.get("started", False),
        ready=status.get("ready", False),
        exit=ended or None,
    )


def pod_address(uid: str) -> str:
    """Give a pod an address of its own, the same after a restart; nothing listens there."""
    number = crc32(uid.encode())
    return f"10.128.{number >> 8 & 0xFF}.{number & 0xFF}"


def _conditions(
    old: Sequence[Manifest], containers: Sequence[Container], now: float
) -> list[Manifest]:
    before = {item["type"]: item for item in old}
    unready = [item.name for item in containers if not item.ready]
    reason = {}
    if phase_of(containers) == "Succeeded":
        reason = {"reason": "PodCompleted"}
    elif unready:
        text = f"containers with unready status: [{' '.join(unready)}]"
        reason = {"reason": "ContainersNotReady", "message": text}
    wanted = [
        ("PodReadyToStartContainers", True, {}),
        ("Initialized", True, {}),
        ("Ready", not unready, reason),
        ("ContainersReady", not unready, reason),
        ("PodScheduled", True, {}),
    ]
    own = [
        _condition(before.get(kind, {}), kind, "True" if holds else "False", why, now)
        for kind, holds, why in wanted
    ]
    # What others wrote is theirs: the status is replaced as a whole.
    known = {item["type"] for item in own}
    return own + [item for item in old if item["type"] not in known]


def _condition(
    before: Manifest, kind: str, status: str, why: Mapping[str, str], now: float
) -> Manifest:
    changed = before.get("status") != status
    since = timestamp(now) if changed else before.get("lastTransitionTime", timestamp(now))
    return {"type": kind, "status": status, "lastTransitionTime": since, **why}


def _container_status(container: Container, pod: Manifest) -> Manifest:
    ended = _terminated(container, pod) if container.exit else None
    running = container.stage is Stage.RUNNING
    status: Manifest = {
        "name": container.name,
        "image": container.image,
        # A real digest is not known; the same image always has the same one.
        "imageID": f"{container.image}@sha256:{crc32(container.image.encode()):064x}"
        if running or ended
        else "",
        "containerID": _container_id(container, pod) if running or ended else "",
        "ready": container.ready,
        "started": container.started,
        "restartCount": container.restarts,
    }
    if running:
        status["state"] = {"running": {"startedAt": timestamp(container.since)}}
    elif container.stage is Stage.EXITED:
        return {**status, "state": {"terminated": ended}}
    else:
        status["state"] = {"waiting": _waiting(container, pod)}
    return {**status, "lastState": {"terminated": ended}} if ended else status


def _waiting(container: Container, pod: Manifest) -> Manifest:
    if container.stage in (Stage.CREATING, Stage.PULLING):
        return {"reason": Stage.CREATING.value}
    message = container.message
    if container.stage is Stage.CRASH_BACK_OFF:
        message += f"({pod['metadata']['uid']})"
    return {"reason": container.stage.value, "message": message}


def _terminated(container: Container, pod: Manifest) -> Manifest | None:
    if container.exit is None:
        return None
    return {
        "exitCode": container.exit.code,
        "reason": container.exit.reason,
        "startedAt": timestamp(container.exit.started_at),
        "finishedAt": timestamp(container.exit.finished_at),
        "containerID": _container_id(container, pod),
    }


def _container_id(container: Container, pod: Manifest) -> str:
    text = f"{pod['metadata']['uid']}/{container.name}/{container.restarts}"
    return f"containerd://{crc32(text.encode()):064x}"


def _init_status(spec: Manifest, start: str) -> Manifest:
    """Helpers that run first have nothing to do here: done when the pod starts."""
    done = {
        "exitCode": 0,
        "reason": "Completed",
        "startedAt": start,
        "finishedAt": start,
    }
    return {
        "name": spec["name"],
        "image": spec["image"],
        "imageID": "",
        "ready": True,
        "started": False,
        "restartCount": 0,
        "state": {"terminated": done},
    }
