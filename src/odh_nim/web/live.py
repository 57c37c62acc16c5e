"""The details of one deployment whenever they change, and the lines of its logs."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel

from odh_nim.cluster import Client
from odh_nim.deployment import DeploymentView, deployment_logs, get_deployment
from odh_nim.deployment.inspect import pod_selector
from odh_nim.deployment.observed import Observed
from odh_nim.deployment.read_logs import read_tails
from odh_nim.deployment.status import judge
from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest, labels
from odh_nim.domain.resources import (
    EVENTS,
    INFERENCE_SERVICES,
    PODS,
    REPLICA_SETS,
    SERVING_RUNTIMES,
    ApiResource,
)
from odh_nim.journeys.details import Details, Objects, read_key_metadata
from odh_nim.web.hub import Hub
from odh_nim.web.moments import login_of_caller
from odh_nim.web.schemas_deployments import (
    ContainerOut,
    EndOut,
    GoneOut,
    LineOut,
    StatusOut,
)
from odh_nim.web.services import Services
from odh_nim.web.views_deployments import details_out

# Changes come in bursts; one look serves them all.
_SETTLE: Final = 0.3
# Logs do not tell that they have grown: looked at again while a model loads.
_LOOK_AGAIN: Final = 5.0


@dataclass(frozen=True)
class LogWish:
    """Which log, and how much of it."""

    pod: str | None
    container: str
    previous: bool
    follow: bool
    tail: int | None


async def status_events(
    given: Services, project: str, name: str
) -> AsyncGenerator[BaseModel, None]:
    """Give the details now and after every change, until the deployment is gone.

    Raises:
        UnknownModelError: There is none of this name.

    """
    # Says in the usual words that there is none, before anything is watched.
    await get_deployment(given.cluster, name, project)
    async with given.hubs.listen(given.cluster, login=login_of_caller(), namespace=project) as hub:
        await hub.ready()
        page = _Page(given.cluster, name, project)
        told: BaseModel | None = None
        version = hub.version
        while name in hub.of(INFERENCE_SERVICES):
            shown = StatusOut(type="details", details=details_out(await page.look(hub)))
            if shown != told:
                told = shown
                yield shown
            pause = None if shown.details.status in ("Ready", "Stopped") else _LOOK_AGAIN
            version = await hub.changes(version, within=pause)
            await asyncio.sleep(_SETTLE)
            version = max(version, hub.version)
        yield GoneOut(type="gone")


@dataclass
class _Page:
    """What one page shows; what needs calls is asked again only when it can have changed."""

    cluster: Client
    name: str
    project: str
    seen: tuple[str, str] = ("", "")
    view: DeploymentView | None = None
    key: Manifest | None = None

    async def look(self, hub: Hub) -> Details:
        service = hub.of(INFERENCE_SERVICES)[self.name]
        runtime = hub.of(SERVING_RUNTIMES).get(self.name)
        seen = (_version(service), _version(runtime))
        if self.view is None or seen != self.seen:
            self.view = await get_deployment(self.cluster, self.name, self.project)
            self.key = await read_key_metadata(self.cluster, self.view)
            self.seen = seen
        runtime = hub.of(SERVING_RUNTIMES).get(self.view.runtime)
        pods = self._mine(hub, PODS)
        sets = self._mine(hub, REPLICA_SETS)
        events = list(hub.of(EVENTS).values())
        seen_now = Observed(service, pods, sets, events)
        logs = await read_tails(self.cluster, seen_now.current_pods)
        status = judge(Observed(service, pods, sets, events, logs))
        return Details(self.view, status, Objects(service, runtime, pods, self.key))

    def _mine(self, hub: Hub, kind: ApiResource) -> list[Manifest]:
        wanted = (names.INFERENCE_SERVICE_LABEL, self.name)
        return [one for one in hub.of(kind).values() if labels(one).get(wanted[0]) == wanted[1]]


async def log_events(
    given: Services, project: str, name: str, wish: LogWish
) -> AsyncGenerator[BaseModel, None]:
    """Give a log line by line, then its end."""
    async with aclosing(_lines(given, project, name, wish)) as lines:
        async for line in lines:
            yield LineOut(type="line", line=line)
    yield EndOut(type="end")


async def log_text(given: Services, project: str, name: str, wish: LogWish) -> AsyncIterator[bytes]:
    """Give a log as the text of a file."""
    async with aclosing(_lines(given, project, name, wish)) as lines:
        async for line in lines:
            yield line.encode("utf-8", "replace") + b"\n"


def _lines(given: Services, project: str, name: str, wish: LogWish) -> AsyncGenerator[str, None]:
    return deployment_logs(
        given.cluster,
        name,
        project,
        pod=wish.pod,
        container=wish.container,
        follow=wish.follow,
        previous=wish.previous,
        tail_lines=wish.tail,
    )


async def list_containers(given: Services, project: str, name: str) -> list[ContainerOut]:
    """List the containers of a deployment's pods, those of the newest pod first."""
    pods, sets = await asyncio.gather(
        given.cluster.list(PODS, project, label_selector=pod_selector(name)),
        given.cluster.list(REPLICA_SETS, project, label_selector=pod_selector(name)),
    )
    if not pods:
        await get_deployment(given.cluster, name, project)
        return []
    seen = Observed(None, pods, sets)
    pods.sort(key=lambda pod: str(pod["metadata"].get("creationTimestamp")), reverse=True)
    return [one for pod in pods for one in _containers(pod, current=seen.is_current(pod))]


def _containers(pod: Manifest, *, current: bool) -> list[ContainerOut]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    restarted = {
        one.get("name")
        for field in ("containerStatuses", "initContainerStatuses")
        for one in status.get(field) or []
        if one.get("restartCount")
    }
    found = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    # The model's own container is what people look for.
    found.sort(key=lambda one: one["name"] != names.KSERVE_CONTAINER)
    return [
        ContainerOut(
            pod=pod["metadata"]["name"],
            container=one["name"],
            current=current,
            previous=one["name"] in restarted,
        )
        for one in found
    ]


def _version(found: Manifest | None) -> str:
    return str(((found or {}).get("metadata") or {}).get("resourceVersion", ""))
