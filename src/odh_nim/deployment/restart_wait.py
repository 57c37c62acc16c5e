"""Waits for the new pods of a restarted deployment, and says why they do not come up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from odh_nim.deployment.explanation import Explanation
from odh_nim.deployment.inspect import pod_selector
from odh_nim.deployment.observed import Observed, is_stopped, model_container, wanted_replicas
from odh_nim.deployment.read_logs import read_tails
from odh_nim.deployment.status import Status, judge
from odh_nim.domain.errors import BusyError, ForbiddenError, ServerError, UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import EVENTS, INFERENCE_SERVICES, PODS, ApiResource

_SHORTEST: Final = 0.1
_LONGEST: Final = 2.0
_GROWTH: Final = 1.4
# How long a new pod may be without a GPU before the old one makes room: others may be on their way.
_STARVED: Final = 3.0
_NO_GPU: Final = "gpu-none"
_TRANSIENT: Final = (UnreachableError, ServerError, BusyError)


class WaitCluster(Protocol):
    """The calls that waiting needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """List whole objects."""

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
    ) -> AsyncIterator[str]:
        """Give lines."""


@dataclass(frozen=True)
class Waited:
    """How the wait ended; neither ready nor failed nor stopped means that time was up.

    `at_once` says that the first look was enough.
    """

    ready: bool = False
    failed: bool = False
    stopped: bool = False
    message: str = ""
    old_serves: bool = False
    explanations: tuple[Explanation, ...] = ()
    seconds: float = 0.0
    at_once: bool = False


async def await_new_pods(
    cluster: WaitCluster,
    name: str,
    namespace: str,
    *,
    is_new: Callable[[Manifest], bool],
    within: float,
    on_starved: Callable[[], Awaitable[None]],
    report: Callable[[str], None],
) -> Waited:
    """Wait until every pod is new and ready, or one fails for good, or time is up.

    `on_starved` is called once, when a new pod has no GPU to start on.

    Raises:
        NotFoundError: The deployment was deleted.
        ClusterError: It may not be looked at, or cannot for longer than the time given.

    """
    loop = asyncio.get_running_loop()
    begin, pause = loop.time(), _SHORTEST
    hunger = _Hunger(on_starved)
    told, last, looks = "", Waited(), 0
    while True:
        looks += 1
        try:
            last = await _look(cluster, name, namespace, is_new)
        except _TRANSIENT:
            if loop.time() - begin >= within:
                raise
        if last.ready or last.failed or last.stopped or loop.time() - begin >= within:
            return replace(last, seconds=loop.time() - begin, at_once=looks == 1)
        if last.message != told:
            told = last.message
            report(told)
        await hunger.look(last, loop.time())
        await asyncio.sleep(min(pause, max(0.0, within - (loop.time() - begin))))
        pause = min(_LONGEST, pause * _GROWTH)


class _Hunger:
    """Notices a new pod that has had no GPU for some seconds, and says so once."""

    def __init__(self, on_starved: Callable[[], Awaitable[None]]) -> None:
        self._on_starved = on_starved
        self._since: float | None = None
        self._told = False

    async def look(self, seen: Waited, now: float) -> None:
        if not any(one.code == _NO_GPU for one in seen.explanations):
            self._since = None
        elif self._since is None:
            self._since = now
        elif not self._told and now - self._since >= _STARVED:
            self._told = True
            await self._on_starved()


async def _look(
    cluster: WaitCluster, name: str, namespace: str, is_new: Callable[[Manifest], bool]
) -> Waited:
    selector = pod_selector(name)
    service, pods = await asyncio.gather(
        cluster.get(INFERENCE_SERVICES, name, namespace),
        cluster.list(PODS, namespace, label_selector=selector),
    )
    if is_stopped(service):
        return Waited(stopped=True, message="It was stopped meanwhile.")
    staying = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
    fresh = [pod for pod in staying if is_new(pod)]
    old = [pod for pod in staying if not is_new(pod)]
    ready = sum(_is_ready(pod) for pod in fresh)
    old_serves = any(_is_ready(pod) for pod in old)
    if ready >= wanted_replicas(service) and not old:
        return Waited(ready=True)
    if not fresh:
        return Waited(message="Waiting for the new pod", old_serves=old_serves)
    status = await _judge(cluster, service, fresh, namespace)
    failed = any(one.fatal for one in status.explanations)
    message = status.explanations[0].cause if status.explanations else _phase(status)
    return Waited(
        failed=failed, message=message, old_serves=old_serves, explanations=status.explanations
    )


async def _judge(
    cluster: WaitCluster, service: Manifest, fresh: list[Manifest], namespace: str
) -> Status:
    """Judge the new pods alone: what was wrong with old ones is over."""
    events = await _optional(cluster, EVENTS, namespace, None)
    logs = await read_tails(cluster, fresh)
    return judge(Observed(service, fresh, (), events, logs))


async def _optional(
    cluster: WaitCluster, resource: ApiResource, namespace: str, selector: str | None
) -> list[Manifest]:
    try:
        return await cluster.list(resource, namespace, label_selector=selector)
    except ForbiddenError:
        return []


def _is_ready(pod: Manifest) -> bool:
    return bool(model_container(pod).get("ready"))


def _phase(status: Status) -> str:
    return f"New pod: {status.phase.value}" if status.phase else "New pod: starting"
