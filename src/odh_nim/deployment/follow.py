"""Follows a deployment until it is ready, from watches."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from odh_nim.deployment.inspect import pod_selector
from odh_nim.deployment.observed import Observed
from odh_nim.deployment.read_logs import TailCluster, read_tails
from odh_nim.deployment.status import Status, StatusWord, judge
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import EVENTS, INFERENCE_SERVICES, PODS, REPLICA_SETS, ApiResource

# Changes come in bursts; one look serves them all.
_SETTLE: Final = 0.2
# Logs do not tell that they have grown.
_LOG_SECONDS: Final = 5.0
_ENDS: Final = (StatusWord.READY, StatusWord.FAILED, StatusWord.STOPPED)
_FORGOTTEN: Final = ("BOOKMARK", "RELISTED")


class WatchEvent(Protocol):
    """One change."""

    @property
    def type(self) -> str:
        """ADDED, MODIFIED, DELETED, BOOKMARK or RELISTED."""

    @property
    def object(self) -> Manifest:
        """The object after the change."""


class FollowCluster(TailCluster, Protocol):
    """The calls that following needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    def watch(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Give changes as they come."""


@dataclass(frozen=True)
class Progress:
    """A status that differs from the one before; the last one is `done`."""

    status: Status
    done: bool
    seconds: float


async def follow(
    cluster: FollowCluster,
    name: str,
    namespace: str,
    *,
    within: float | None = None,
    settle: float = _SETTLE,
) -> AsyncGenerator[Progress, None]:
    """Tell every change of a deployment's status until it is ready, failed for good or stopped.

    Raises:
        NotFoundError: There is no such deployment, or it was deleted.
        TimeoutError: It did not get there `within` so many seconds.

    """
    loop = asyncio.get_running_loop()
    begin = loop.time()
    end = None if within is None else begin + within
    seen = _Seen(await cluster.get(INFERENCE_SERVICES, name, namespace))
    watches = _start(cluster, seen, name, namespace)
    before: Status | None = None
    try:
        while True:
            await asyncio.sleep(settle)
            status = await _look(cluster, seen, watches)
            if status != before:
                done = status.word in _ENDS
                yield Progress(status, done, loop.time() - begin)
                if done:
                    return
            before = status
            if end is not None and loop.time() >= end:
                raise TimeoutError
            await seen.wait(_LOG_SECONDS if end is None else min(_LOG_SECONDS, end - loop.time()))
    finally:
        for watch in watches:
            watch.cancel()
        await asyncio.gather(*watches, return_exceptions=True)


@dataclass
class _Seen:
    """What the watches have told so far."""

    service: Manifest | None
    objects: dict[str, dict[str, Manifest]] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, resource: ApiResource, event: WatchEvent) -> None:
        """Keep an object as it is now."""
        name = event.object.get("metadata", {}).get("name")
        if event.type in _FORGOTTEN or not name:
            return
        gone = event.type == "DELETED"
        if resource is INFERENCE_SERVICES:
            self.service = None if gone else event.object
        elif gone:
            self.objects.get(resource.plural, {}).pop(name, None)
        else:
            self.objects.setdefault(resource.plural, {})[name] = event.object
        self.changed.set()

    async def wait(self, seconds: float) -> None:
        """Wait for a change, not longer than it takes a log to grow."""
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self.changed.wait()
        except TimeoutError:
            return

    def observed(self) -> Observed:
        """Give all of it."""
        self.changed.clear()
        pods, replica_sets, events = (
            list(self.objects.get(one.plural, {}).values()) for one in (PODS, REPLICA_SETS, EVENTS)
        )
        return Observed(self.service, pods, replica_sets, events)


async def _look(cluster: FollowCluster, seen: _Seen, watches: list[asyncio.Task[None]]) -> Status:
    for watch in watches:
        if watch.done():
            # A watch ends only by an error.
            watch.result()
    observed = seen.observed()
    if observed.service is None:
        raise NotFoundError("follow the deployment", "it was deleted.", status=404)
    logs = await read_tails(cluster, observed.current_pods)
    return judge(
        Observed(observed.service, observed.pods, observed.replica_sets, observed.events, logs)
    )


def _start(
    cluster: FollowCluster, seen: _Seen, name: str, namespace: str
) -> list[asyncio.Task[None]]:
    async def keep(
        resource: ApiResource, label_selector: str | None, field_selector: str | None
    ) -> None:
        try:
            async for event in cluster.watch(
                resource,
                namespace,
                label_selector=label_selector,
                field_selector=field_selector,
            ):
                seen.take(resource, event)
        except ForbiddenError:
            if resource in (INFERENCE_SERVICES, PODS):
                raise
            # Events and ReplicaSets only add detail; who may not see them learns less.
            seen.changed.set()
            await asyncio.Event().wait()

    selector = pod_selector(name)
    wanted: list[tuple[ApiResource, str | None, str | None]] = [
        (INFERENCE_SERVICES, None, f"metadata.name={name}"),
        (PODS, selector, None),
        (REPLICA_SETS, selector, None),
        (EVENTS, None, None),
    ]
    return [asyncio.ensure_future(keep(*one)) for one in wanted]
