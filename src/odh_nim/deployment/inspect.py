"""Status with pods, events and logs of one deployment."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from odh_nim.deployment.listing import ReadCluster, unknown_deployment
from odh_nim.deployment.observed import Observed, event_time
from odh_nim.deployment.read_logs import TailCluster, read_tails
from odh_nim.deployment.status import Status, judge
from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, NotFoundError, UnknownModelError, printable
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import EVENTS, INFERENCE_SERVICES, PODS, REPLICA_SETS, ApiResource

T = TypeVar("T")
_LONGEST: Final = 500


class LogCluster(ReadCluster, TailCluster, Protocol):
    """The calls that reading logs needs."""


@dataclass(frozen=True)
class EventView:
    """One event of a deployment's objects; texts are cleaned."""

    last_seen: str
    warning: bool
    reason: str
    subject: str
    message: str
    count: int = 1


async def read_status(cluster: LogCluster, name: str, namespace: str) -> Status:
    """Judge one deployment from its InferenceService, pods, events and last lines of log.

    Raises:
        UnknownModelError: There is no such deployment.

    """
    selector = pod_selector(name)
    service, pods, replica_sets, events = await asyncio.gather(
        _service(cluster, name, namespace),
        cluster.list(PODS, namespace, label_selector=selector),
        _optional(cluster, REPLICA_SETS, namespace, selector),
        _optional(cluster, EVENTS, namespace, None),
    )
    seen = Observed(service, pods, replica_sets, events)
    logs = await read_tails(cluster, seen.current_pods)
    return judge(Observed(service, pods, replica_sets, events, logs))


async def deployment_events(cluster: ReadCluster, name: str, namespace: str) -> list[EventView]:
    """List the events of a deployment and of everything it made, oldest first."""
    selector = pod_selector(name)
    pods, events = await asyncio.gather(
        cluster.list(PODS, namespace, label_selector=selector), cluster.list(EVENTS, namespace)
    )
    known = {name, names.predictor(name), names.cache_claim(name)}
    known |= {pod["metadata"]["name"] for pod in pods}
    prefix = f"{names.predictor(name)}-"
    found = [
        event
        for event in events
        if (event.get("involvedObject") or {}).get("name") in known
        # Pods and ReplicaSets that are gone: their names end with one or two random parts.
        or _is_of(str((event.get("involvedObject") or {}).get("name")), prefix)
    ]
    return [_view(event) for event in sorted(found, key=event_time)]


async def deployment_logs(
    cluster: LogCluster,
    name: str,
    namespace: str,
    *,
    pod: str | None = None,
    container: str = names.KSERVE_CONTAINER,
    follow: bool = False,
    previous: bool = False,
    tail_lines: int | None = None,
    since_seconds: int | None = None,
) -> AsyncGenerator[str, None]:
    """Give the lines of one pod: the named one, else the newest.

    Raises:
        UnknownModelError: The deployment has no pod, or none of this name.

    """
    pods = await cluster.list(PODS, namespace, label_selector=pod_selector(name))
    chosen = _choose(pods, pod)
    if chosen is None:
        await _service(cluster, name, namespace)
        missing = f"no pod {pod}" if pod else "no pod"
        others = ", ".join(sorted(one["metadata"]["name"] for one in pods))
        raise UnknownModelError(
            f"Deployment {name} in {namespace} has {missing}.",
            remedy=f"It has {others}." if others else "It is stopped, or waits for a quota.",
        )
    async for line in cluster.logs(
        chosen,
        namespace,
        container=container,
        follow=follow,
        previous=previous,
        tail_lines=tail_lines,
        since_seconds=since_seconds,
    ):
        yield line


def pod_selector(name: str) -> str:
    """Select the pods and ReplicaSets of a deployment."""
    return f"{names.INFERENCE_SERVICE_LABEL}={name}"


async def _service(cluster: ReadCluster, name: str, namespace: str) -> Manifest:
    try:
        return await cluster.get(INFERENCE_SERVICES, name, namespace)
    except NotFoundError as error:
        raise unknown_deployment(name, namespace) from error


async def _optional(
    cluster: ReadCluster, resource: ApiResource, namespace: str, selector: str | None
) -> list[Manifest]:
    """List what only adds detail: without the right to it, less is known."""
    try:
        return await cluster.list(resource, namespace, label_selector=selector)
    except ForbiddenError:
        return []


def _choose(pods: list[Manifest], name: str | None) -> str | None:
    if name is not None:
        return next((name for pod in pods if pod["metadata"]["name"] == name), None)
    newest = max(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), default=None)
    return str(newest["metadata"]["name"]) if newest else None


def _is_of(name: str, prefix: str) -> bool:
    rest = name.removeprefix(prefix)
    return name.startswith(prefix) and rest.count("-") <= 1 and rest.replace("-", "").isalnum()


def _view(event: Manifest) -> EventView:
    about = event.get("involvedObject") or {}
    return EventView(
        event_time(event),
        event.get("type") == "Warning",
        printable(str(event.get("reason") or ""), 100),
        printable(f"{about.get('kind')}/{about.get('name')}", _LONGEST),
        printable(str(event.get("message") or ""), _LONGEST),
        int((event.get("series") or {}).get("count") or event.get("count") or 1),
    )
