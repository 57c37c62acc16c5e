"""How far a deployment is, judged from the pods of its newest specification; pure.

`Ready` of the InferenceService alone is not believed: it stays true while a new pod waits for a
GPU or cannot pull its image (measured with KServe 0.20).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from odh_nim.deployment.explain import explain
from odh_nim.deployment.explanation import Explanation
from odh_nim.deployment.observed import (
    Observed,
    condition,
    is_running,
    is_stopped,
    last_exit,
    model_container,
    waiting,
    wanted_replicas,
)
from odh_nim.domain.manifest import Manifest

_WEIGHTS: Final = re.compile(r"download|fetching|pulling weights", re.IGNORECASE)
_LOADING: Final = re.compile(
    r"\bload(ing|ed)? (model|weights|engine|checkpoint|safetensors)|compil|warm.?up|cuda graph|"
    r"listening|engine",
    re.IGNORECASE,
)
_DEADLINE: Final = "ProgressDeadlineExceeded"


class StatusWord(StrEnum):
    """One word for a list."""

    READY = "Ready"
    STARTING = "Starting"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    DELETING = "Deleting"
    UNKNOWN = "Unknown"


class Phase(StrEnum):
    """The way of a pod to a served model, in this order."""

    SCHEDULING = "scheduling"
    PULLING = "pulling image"
    WEIGHTS = "downloading weights"
    LOADING = "loading model"
    READY = "ready"


@dataclass(frozen=True)
class PodStatus:
    """One pod of a deployment; `current` says that it is of the newest specification."""

    name: str
    phase: Phase
    current: bool
    ready: bool
    restarts: int = 0
    node: str = ""
    started_at: str = ""


@dataclass(frozen=True)
class Status:
    """Where a deployment stands; `explanations` are the failures that are recognised."""

    word: StatusWord
    phase: Phase | None
    message: str
    ready_replicas: int
    wanted_replicas: int
    pods: tuple[PodStatus, ...] = ()
    explanations: tuple[Explanation, ...] = ()


def judge(seen: Observed) -> Status:
    """Judge a deployment from what is seen of it."""
    pods = tuple(_pod_status(seen, pod) for pod in seen.pods)
    if seen.service is None:
        return Status(StatusWord.UNKNOWN, None, "There is no InferenceService.", 0, 0, pods)
    wanted = 0 if is_stopped(seen.service) else wanted_replicas(seen.service)
    current = [pod for pod in pods if pod.current]
    ready = sum(pod.ready for pod in current)
    explanations = () if ready >= wanted else explain(seen)
    word = _word(seen, ready=ready, wanted=wanted, explanations=explanations)
    phase = _slowest(current) if word in (StatusWord.STARTING, StatusWord.FAILED) else None
    if word is StatusWord.READY:
        phase = Phase.READY
    message = _message(seen, word, pods, explanations)
    return Status(word, phase, message, ready, wanted, pods, explanations)


def pod_phase(pod: Manifest, log: Sequence[str] = ()) -> Phase:
    """Say how far one pod is; only the log tells a download from loading."""
    container = model_container(pod)
    if container.get("ready"):
        return Phase.READY
    if not (pod.get("spec") or {}).get("nodeName"):
        return Phase.SCHEDULING
    started = is_running(container) or bool(last_exit(container))
    if not started or waiting(container)[0] in ("ErrImagePull", "ImagePullBackOff"):
        return Phase.PULLING
    for line in reversed(log):
        if _LOADING.search(line):
            return Phase.LOADING
        if _WEIGHTS.search(line):
            return Phase.WEIGHTS
    return Phase.LOADING


def _pod_status(seen: Observed, pod: Manifest) -> PodStatus:
    container, name = model_container(pod), pod["metadata"]["name"]
    going = bool(pod["metadata"].get("deletionTimestamp"))
    return PodStatus(
        name,
        pod_phase(pod, seen.logs.get(name, ())),
        current=seen.is_current(pod) and not going,
        ready=bool(container.get("ready")) and not going,
        restarts=int(container.get("restartCount") or 0),
        node=str((pod.get("spec") or {}).get("nodeName") or ""),
        started_at=str((pod.get("status") or {}).get("startTime") or ""),
    )


def _word(
    seen: Observed, *, ready: int, wanted: int, explanations: tuple[Explanation, ...]
) -> StatusWord:
    service = seen.service or {}
    if service["metadata"].get("deletionTimestamp"):
        return StatusWord.DELETING
    if is_stopped(service):
        return StatusWord.STOPPING if seen.pods else StatusWord.STOPPED
    if ready >= wanted and condition(service, "Ready").get("status") == "True":
        return StatusWord.READY
    if any(one.fatal for one in explanations):
        return StatusWord.FAILED
    return StatusWord.STARTING


def _slowest(pods: Sequence[PodStatus]) -> Phase:
    order = list(Phase)
    return min((pod.phase for pod in pods), key=order.index, default=Phase.SCHEDULING)


def _message(
    seen: Observed,
    word: StatusWord,
    pods: Sequence[PodStatus],
    explanations: tuple[Explanation, ...],
) -> str:
    if word not in (StatusWord.STARTING, StatusWord.FAILED):
        return ""
    parts = [explanations[0].cause] if explanations else []
    if any(pod.ready and not pod.current for pod in pods):
        parts.append("The old pod serves until the new one is ready.")
    late = condition(seen.service or {}, "PredictorReady").get("reason") == _DEADLINE
    if late and not explanations:
        # KServe's own limit, which no field changes; a first download takes longer.
        parts.append("Still loading: that it takes more than 10 minutes is no failure.")
    return " ".join(parts)
