"""Why there is no pod, or no place for it: quota, admission, GPUs, claims; pure."""

import re
from typing import Any, Final

from odh_nim.deployment.explanation import Explanation, Lesson
from odh_nim.deployment.observed import Observed, claims_of, condition, event_time
from odh_nim.domain.manifest import Manifest, describe

_Lessons = tuple[tuple[re.Pattern[str], Lesson], ...]


def _compiled(*lessons: tuple[str, Lesson]) -> _Lessons:
    return tuple((re.compile(pattern, re.IGNORECASE), lesson) for pattern, lesson in lessons)


_REFUSED: Final = _compiled(
    (
        r"exceeded quota",
        Lesson(
            "quota",
            "A quota of the project leaves no room for the pod.",
            "Stop another deployment, ask for less, or ask an admin for more.",
            fatal=False,
        ),
    ),
    (
        r"podsecurity|security context constraint",
        Lesson(
            "pod-security",
            "The project's security rules refuse the pod.",
            "On Kubernetes set a user (--run-as-user 1000); on OpenShift use the shipped runtime.",
        ),
    ),
    (
        r"webhook|denied the request",
        Lesson(
            "webhook",
            "An admission webhook refuses the pod, or does not answer.",
            "Read its text; if it does not answer, tell an admin.",
            fatal=False,
        ),
    ),
)
_UNPLACED: Final = _compiled(
    (
        r"insufficient [a-z0-9.-]+/(gpu|mig)",
        Lesson(
            "gpu-none",
            "No node has enough free GPUs.",
            "Stop another deployment, ask for fewer GPUs, or wait.",
            fatal=False,
        ),
    ),
    (
        r"persistentvolumeclaim .*not found",
        Lesson(
            "claim-missing",
            "The claim is not there.",
            "Choose another claim, or make one of this name.",
        ),
    ),
    (
        r"unbound immediate persistentvolumeclaims|available persistent volumes",
        Lesson(
            "claim-pending",
            "The claim has no volume yet.",
            "See `kubectl describe pvc`: is there a storage class, and has it room?",
            fatal=False,
        ),
    ),
    (
        r"volume node affinity conflict",
        Lesson(
            "claim-node",
            "The claim's volume is on other nodes than the GPUs.",
            "Use a claim that every node can mount, or one on the nodes with GPUs.",
            fatal=False,
        ),
    ),
    (
        r"insufficient (cpu|memory|ephemeral-storage)",
        Lesson(
            "compute-none",
            "No node has enough free CPU or memory.",
            "Ask for less, stop another deployment, or wait.",
            fatal=False,
        ),
    ),
    (
        r"taint|node affinity|node selector",
        Lesson(
            "node-none",
            "No node fits: taints are not tolerated, or labels are missing.",
            "Choose another hardware profile, tolerations or node selector.",
            fatal=False,
        ),
    ),
)
_MOUNT: Final = Lesson(
    "claim-mount",
    "The claim cannot be mounted on the node.",
    "A ReadWriteOnce claim serves one node: stop whoever else uses it.",
    fatal=False,
)
_EVICTED: Final = Lesson(
    "evicted", "The node was short of something and evicted the pod.", "Read what it was short of."
)
_RUNTIME: Final = Lesson(
    "runtime",
    "KServe finds no runtime for the deployment.",
    "Deploy it again: its ServingRuntime is missing or for another model.",
)
_RECONCILE: Final = Lesson(
    "reconcile", "KServe cannot carry the deployment out.", "Correct what the text names."
)
# What KServe says while all is well, or while pods tell more.
_HARMLESS: Final = (
    "",
    "Stopped",
    "MinimumReplicasUnavailable",
    "MinimumReplicasAvailable",
    "ProgressDeadlineExceeded",
    "NewReplicaSetAvailable",
    "NewReplicaSetCreated",
    "ReplicaSetUpdated",
    "PredictorReady not ready",
)
_RUNTIME_REASONS: Final = (
    "NoSupportingRuntime",
    "RuntimeNotRecognized",
    "RuntimeDisabled",
    "RuntimeUnhealthy",
    "InvalidPredictorSpec",
)


def explain_refusal(seen: Observed) -> Explanation | None:
    """Explain why the newest ReplicaSet has no pod: the last refusal that it met."""
    newest = seen.newest_replica_set
    if newest is None or seen.current_pods:
        return None
    events = [one for one in seen.events_of(newest) if one.get("reason") == "FailedCreate"]
    if not events:
        return None
    text = str(max(events, key=event_time).get("message"))
    known = _match(_REFUSED, text, describe(newest))
    return known or _RECONCILE.about(describe(newest), text, fatal=False)


def explain_place(seen: Observed, pod: Manifest) -> Explanation | None:
    """Explain a pod that no node takes, or whose claim does not come."""
    subject = describe(pod)
    if (pod.get("status") or {}).get("reason") == "Evicted":
        return _EVICTED.about(subject, str(pod["status"].get("message")), fatal=False)
    placed = condition(pod, "PodScheduled")
    if placed.get("status") == "False":
        text = str(placed.get("message") or "")
        found = _match(_UNPLACED, text, subject)
        if found is not None and found.code == "claim-pending":
            return _with_claim_event(seen, pod, found)
        return found
    if (pod.get("status") or {}).get("phase") != "Pending":
        return None
    mounts = [
        one
        for one in seen.events_of(pod)
        if one.get("reason") in ("FailedMount", "FailedAttachVolume")
    ]
    return _MOUNT.about(subject, str(mounts[-1].get("message"))) if mounts else None


def explain_service(service: Manifest, *, has_pods: bool) -> Explanation | None:
    """Explain what KServe itself complains about: no condition tells of a missing runtime."""
    subject = describe(service)
    failure: dict[str, Any] = ((service.get("status") or {}).get("modelStatus") or {}).get(
        "lastFailureInfo"
    ) or {}
    reason = str(failure.get("reason") or "")
    if reason in _RUNTIME_REASONS and not has_pods:
        return _RUNTIME.about(subject, f"{reason}: {failure.get('message') or ''}")
    for kind in ("PredictorReady", "IngressReady", "Ready"):
        found = condition(service, kind)
        unusual = str(found.get("reason") or "") not in _HARMLESS
        if found.get("status") == "False" and unusual and not has_pods:
            text = f"{found.get('reason')}: {found.get('message') or ''}"
            return _RECONCILE.about(subject, text, fatal=False)
    return None


def _match(lessons: _Lessons, text: str, subject: str) -> Explanation | None:
    for pattern, lesson in lessons:
        if pattern.search(text):
            return lesson.about(subject, text)
    return None


def _with_claim_event(seen: Observed, pod: Manifest, found: Explanation) -> Explanation:
    """Prefer what the storage itself says to what the scheduler knows of it."""
    for claim in claims_of([pod]):
        texts = [
            str(event.get("message"))
            for event in sorted(seen.events, key=event_time)
            if (event.get("involvedObject") or {}).get("kind") == "PersistentVolumeClaim"
            and (event.get("involvedObject") or {}).get("name") == claim
            and event.get("type") == "Warning"
        ]
        if texts:
            return Explanation(
                found.code,
                f"PersistentVolumeClaim/{claim}",
                found.cause,
                found.action,
                texts[-1],
                found.fatal,
            )
    return found
