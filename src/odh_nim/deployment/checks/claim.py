"""The claim for the weights: an existing one as it is, or what a new one will meet."""

import asyncio
from typing import Any, Final

from odh_nim.deployment.checks.cluster import PreflightCluster, cannot_tell
from odh_nim.deployment.plan import Plan
from odh_nim.deployment.rules_storage import access_mode_findings, size_finding
from odh_nim.deployment.structs import Metadata, PodUse, StorageClass, Struct, Volume
from odh_nim.domain.deployment_spec import ExistingClaim, NewClaim
from odh_nim.domain.errors import ForbiddenError, InvalidQuantityError, NotFoundError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.quantity import parse_quantity
from odh_nim.domain.resources import (
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SERVING_RUNTIMES,
    STORAGE_CLASSES,
)

_DEFAULT_CLASS: Final = "storageclass.kubernetes.io/is-default-class"
_ACTIVE_PODS: Final = "status.phase!=Succeeded,status.phase!=Failed"
_SINGLE_POD: Final = "ReadWriteOncePod"
_READ_ONLY: Final = "ReadOnlyMany"


class RuntimeVolumesSpec(Struct, frozen=True):
    """The volumes of a runtime."""

    volumes: tuple[Volume, ...] = ()


class RuntimeVolumes(Struct, frozen=True):
    """A ServingRuntime as a user of claims."""

    metadata: Metadata
    spec: RuntimeVolumesSpec = RuntimeVolumesSpec()


async def check_claim(cluster: PreflightCluster, plan: Plan) -> list[Finding]:
    """Check the storage of a plan."""
    storage = plan.spec.storage
    if isinstance(storage, ExistingClaim):
        return await _existing(cluster, plan, storage)
    return await _storage_class(cluster, storage)


async def claim_users(cluster: PreflightCluster, claim: str, namespace: str) -> list[str]:
    """Name the pods that run with a claim, and the runtimes that will."""
    pods, runtimes = await asyncio.gather(
        cluster.list_as(PODS, PodUse, namespace, field_selector=_ACTIVE_PODS),
        cluster.list_as(SERVING_RUNTIMES, RuntimeVolumes, namespace),
    )
    return [
        *(f"Pod/{pod.metadata.name}" for pod in pods if _uses(pod.spec.volumes, claim)),
        *(
            f"ServingRuntime/{one.metadata.name}"
            for one in runtimes
            if _uses(one.spec.volumes, claim)
        ),
    ]


def _uses(volumes: tuple[Volume, ...], claim: str) -> bool:
    return any(
        volume.persistent_volume_claim and volume.persistent_volume_claim.claim_name == claim
        for volume in volumes
    )


async def _existing(cluster: PreflightCluster, plan: Plan, storage: ExistingClaim) -> list[Finding]:
    subject = f"PersistentVolumeClaim/{storage.name}"
    found, users = await asyncio.gather(
        _read(cluster, storage.name, plan.spec.namespace),
        _users(cluster, plan, storage.name),
    )
    if isinstance(found, Finding):
        return [found]
    findings = _state(found, subject)
    status: dict[str, Any] = found.get("status") or {}
    size = (status.get("capacity") or {}).get("storage") or (
        (found["spec"].get("resources") or {}).get("requests") or {}
    ).get("storage")
    try:
        findings += size_finding(parse_quantity(str(size or "0")), subject, plan.spec.model)
    except InvalidQuantityError as error:
        findings.append(Finding(Severity.NOTICE, "cannot-tell", subject, error.message))
    modes: list[str] = found["spec"].get("accessModes") or []
    findings += access_mode_findings(modes, subject, plan.spec.replicas)
    if modes == [_READ_ONLY]:
        findings.append(
            Finding(
                Severity.ERROR,
                "claim-read-only",
                subject,
                "It can only be read; a NIM writes its cache.",
                "Choose another claim.",
            )
        )
    return [*findings, *_shared(users, modes, subject)]


async def _read(cluster: PreflightCluster, name: str, namespace: str) -> Manifest | Finding:
    subject = f"PersistentVolumeClaim/{name}"
    try:
        return await cluster.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
    except NotFoundError:
        return Finding(
            Severity.ERROR,
            "claim-missing",
            subject,
            f"There is no such claim in {namespace}.",
            f"See `kubectl get pvc -n {namespace}`, or let the deployment make one.",
        )
    except ForbiddenError as error:
        return cannot_tell(subject, "Whether the claim can be used", error)


async def _users(cluster: PreflightCluster, plan: Plan, claim: str) -> list[str] | Finding:
    try:
        users = await claim_users(cluster, claim, plan.spec.namespace)
    except ForbiddenError as error:
        return cannot_tell(f"PersistentVolumeClaim/{claim}", "Who else uses it", error)
    # A run that is finished now has made its runtime already.
    return [user for user in users if user != f"ServingRuntime/{plan.spec.name}"]


def _state(found: Manifest, subject: str) -> list[Finding]:
    phase = (found.get("status") or {}).get("phase")
    if found["metadata"].get("deletionTimestamp"):
        message = "It is being deleted."
        return [Finding(Severity.ERROR, "claim-terminating", subject, message, "Choose another.")]
    if phase == "Lost":
        message = "Its volume is gone."
        return [Finding(Severity.ERROR, "claim-lost", subject, message, "Choose another.")]
    if phase == "Pending":
        message = "It has no volume yet; some classes bind only when a pod wants it."
        remedy = f"See `kubectl describe pvc {found['metadata']['name']}`."
        return [Finding(Severity.NOTICE, "claim-pending", subject, message, remedy)]
    return []


def _shared(users: list[str] | Finding, modes: list[str], subject: str) -> list[Finding]:
    if isinstance(users, Finding):
        return [users]
    if not users:
        return []
    by = f"It is used by {', '.join(users)}"
    if modes == [_SINGLE_POD]:
        return [
            Finding(
                Severity.ERROR,
                "claim-used",
                subject,
                f"{by}, and only one pod can mount it.",
                "Stop that deployment, or use another claim.",
            )
        ]
    if any(mode.endswith("Many") for mode in modes):
        return [Finding(Severity.NOTICE, "claim-shared", subject, f"{by}.")]
    return [
        Finding(
            Severity.WARNING,
            "claim-used",
            subject,
            f"{by}: the new pod can only start on the same node.",
            "Use a claim of its own, or one with ReadWriteMany.",
        )
    ]


async def _storage_class(cluster: PreflightCluster, storage: NewClaim) -> list[Finding]:
    try:
        classes = await cluster.list_as(STORAGE_CLASSES, StorageClass)
    except ForbiddenError as error:
        return [cannot_tell("storage", "Which storage classes there are", error)]
    known = sorted(one.metadata.name for one in classes)
    listed = f"There are {', '.join(known)}." if known else "There is none at all."
    if storage.storage_class is None:
        if any(one.metadata.annotation(_DEFAULT_CLASS) == "true" for one in classes):
            return []
        return [
            Finding(
                Severity.ERROR,
                "storage-class-default",
                "storage",
                f"There is no default storage class: the claim would wait for ever. {listed}",
                "Name a class with --storage-class, or use an existing claim.",
            )
        ]
    # The empty name asks for a volume that somebody has prepared by hand.
    if storage.storage_class in ("", *known):
        return []
    return [
        Finding(
            Severity.ERROR,
            "storage-class-missing",
            "storage",
            f"There is no storage class {storage.storage_class}. {listed}",
            "Name another class with --storage-class.",
        )
    ]
