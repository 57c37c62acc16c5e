"""Everything that is shown of one deployment, read at once with the caller's rights."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.deployment import (
    DeploymentView,
    Phase,
    Status,
    StatusWord,
    get_deployment,
    read_status,
)
from odh_nim.deployment.inspect import LogCluster
from odh_nim.deployment.observed import condition, model_container
from odh_nim.deployment.rules_text import looks_secret
from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PODS,
    SECRETS,
    SERVING_RUNTIMES,
    ApiResource,
)
from odh_nim.keys import Rotated
from odh_nim.manifests.redact import REDACTED, redact
from odh_nim.manifests.yaml import dump_all

# What the cluster writes and a person never applies.
_CLUSTERS_OWN: Final = (
    "managedFields", "uid", "resourceVersion", "generation", "creationTimestamp",
    "ownerReferences", "finalizers", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds",
)  # fmt: skip
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class DetailsCluster(LogCluster, Protocol):
    """The calls that reading everything needs."""

    async def get_metadata(
        self, resource: ApiResource, name: str, namespace: str | None = None
    ) -> Manifest:
        """Give an object without its content."""


@dataclass(frozen=True)
class Objects:
    """The objects themselves; `key` is the metadata of the key's Secret alone."""

    service: Manifest
    runtime: Manifest | None
    pods: Sequence[Manifest]
    key: Manifest | None


@dataclass(frozen=True)
class Details:
    """One deployment at one moment."""

    view: DeploymentView
    status: Status
    objects: Objects


@dataclass(frozen=True)
class PhaseStep:
    """One phase; `state` is done, active, failed or waiting."""

    phase: Phase
    state: str
    since: str | None
    message: str


async def read_details(cluster: DetailsCluster, name: str, namespace: str) -> Details:
    """Read one deployment.

    Raises:
        UnknownModelError: There is none of this name.

    """
    view, status, service, pods = await asyncio.gather(
        get_deployment(cluster, name, namespace),
        read_status(cluster, name, namespace),
        cluster.get(INFERENCE_SERVICES, name, namespace),
        cluster.list(PODS, namespace, label_selector=f"{names.INFERENCE_SERVICE_LABEL}={name}"),
    )
    runtime, key = await asyncio.gather(
        _optional(cluster.get(SERVING_RUNTIMES, view.runtime, namespace) if view.runtime else None),
        read_key_metadata(cluster, view),
    )
    return Details(view, status, Objects(service, runtime, pods, key))


async def read_key_metadata(cluster: DetailsCluster, view: DeploymentView) -> Manifest | None:
    """Read when the key was written, never the key; None where the caller may not."""
    if view.key_secret is None:
        return None
    return await _optional(cluster.get_metadata(SECRETS, view.key_secret, view.namespace))


def phase_steps(details: Details) -> list[PhaseStep]:
    """Say how far each phase is: those before the present one are done."""
    status, order = details.status, list(Phase)
    if status.phase is None:
        return [PhaseStep(one, "waiting", None, "") for one in order]
    since = _since(details)
    at = order.index(status.phase)
    steps = []
    for index, phase in enumerate(order):
        state = "done" if index < at or status.phase is Phase.READY else "waiting"
        if index == at and state != "done":
            state = "failed" if status.word is StatusWord.FAILED else "active"
        message = status.message if index == at else ""
        steps.append(PhaseStep(phase, state, since.get(phase) if index <= at else None, message))
    return steps


def restart_is_pending(objects: Objects) -> bool:
    """Say whether a pod runs with another key than the one that is stored now."""
    rotated = Rotated.of(objects.key)
    return any(rotated.is_stale(pod) for pod in objects.pods)


def as_yaml(objects: Objects) -> str:
    """Write what could be applied again; values that look like secrets are not in it."""
    shown = [one for one in (objects.runtime, objects.service) if one is not None]
    return dump_all([_for_readers(one) for one in shown])


def conditions_of(service: Manifest) -> list[dict[str, Any]]:
    """Give KServe's conditions."""
    found = (service.get("status") or {}).get("conditions") or []
    return [one for one in found if isinstance(one, dict)]


def _since(details: Details) -> dict[Phase, str]:
    current = {pod.name for pod in details.status.pods if pod.current}
    pods = [pod for pod in details.objects.pods if pod["metadata"]["name"] in current]
    found: dict[Phase, str] = {}
    for pod in pods[:1]:
        running = (model_container(pod).get("state") or {}).get("running") or {}
        times = {
            Phase.SCHEDULING: pod["metadata"].get("creationTimestamp"),
            Phase.PULLING: condition(pod, "PodScheduled").get("lastTransitionTime"),
            Phase.WEIGHTS: running.get("startedAt"),
        }
        found |= {phase: str(time) for phase, time in times.items() if time}
    ready = condition(details.objects.service, "Ready")
    if ready.get("status") == "True" and ready.get("lastTransitionTime"):
        found[Phase.READY] = str(ready["lastTransitionTime"])
    return found


async def _optional(reading: Any) -> Manifest | None:
    """Read what only adds detail: gone, or not to be seen, it is left out."""
    if reading is None:
        return None
    try:
        found: Manifest = await reading
    except (NotFoundError, ForbiddenError):
        return None
    return found


def _for_readers(found: Manifest) -> Manifest:
    shown = redact(found)
    shown.pop("status", None)
    metadata = shown["metadata"]
    for field in _CLUSTERS_OWN:
        metadata.pop(field, None)
    if annotations(shown):
        # It repeats the object, with every value as it was applied.
        metadata["annotations"] = {
            name: text for name, text in annotations(shown).items() if name != _LAST_APPLIED
        }
    for variable in _variables(shown):
        if variable.get("value") and looks_secret(str(variable.get("name"))):
            variable["value"] = REDACTED
    return shown


def _variables(manifest: Manifest) -> Iterable[dict[str, Any]]:
    spec = manifest.get("spec") or {}
    predictor = spec.get("predictor") or {}
    containers = [
        *(spec.get("containers") or []),
        *(predictor.get("containers") or []),
        predictor.get("model") or {},
    ]
    for container in containers:
        yield from container.get("env") or []
