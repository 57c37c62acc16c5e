"""One watch per viewer and project, however many pages look at it.

A hub belongs to one login: what it has seen is shown to nobody else. It ends when its last
listener goes, and its watches with it.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from odh_nim.deployment.follow import WatchEvent
from odh_nim.domain.errors import ForbiddenError, KindNotServedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    EVENTS,
    INFERENCE_SERVICES,
    PODS,
    REPLICA_SETS,
    SERVING_RUNTIMES,
    ApiResource,
)

_KINDS: Final = (INFERENCE_SERVICES, SERVING_RUNTIMES, PODS, REPLICA_SETS, EVENTS)
# Without these nothing can be said; the others only add detail.
_NEEDED: Final = (INFERENCE_SERVICES,)
_SILENT: Final = ("BOOKMARK", "RELISTED")


class WatchCluster(Protocol):
    """The call that watching needs."""

    def watch(
        self, resource: ApiResource, namespace: str | None = None
    ) -> AsyncIterator[WatchEvent]:
        """Give what is there as ADDED, a BOOKMARK, then every change."""


@dataclass(eq=False)
class Hub:
    """What one viewer has seen of one project."""

    objects: dict[str, dict[str, Manifest]] = field(default_factory=dict)
    # Counts changes, so that a listener knows whether there is something new.
    version: int = 0
    failure: Exception | None = None
    listeners: int = 0
    tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _listed: set[str] = field(default_factory=set)

    def of(self, resource: ApiResource) -> dict[str, Manifest]:
        """Give the objects of a kind by name."""
        return self.objects.setdefault(resource.plural, {})

    async def ready(self) -> None:
        """Wait until everything that is there has been seen once.

        Raises:
            ClusterError: A watch cannot go on.

        """
        while len(self._listed) < len(_KINDS):
            await self.changes(self.version)

    async def changes(self, since: int, *, within: float | None = None) -> int:
        """Wait for a change after this version; give the newest version.

        Raises:
            ClusterError: A watch cannot go on.

        """
        if self.failure is not None:
            raise self.failure
        if self.version == since:
            changed = self._changed
            try:
                async with asyncio.timeout(within):
                    await changed.wait()
            except TimeoutError:
                return self.version
        if self.failure is not None:
            raise self.failure
        return self.version

    def start(self, cluster: WatchCluster, namespace: str) -> None:
        """Begin to watch, as the caller of this moment."""
        self.tasks = [asyncio.create_task(self._keep(cluster, kind, namespace)) for kind in _KINDS]

    def stop(self) -> None:
        """End every watch."""
        for task in self.tasks:
            task.cancel()

    async def _keep(self, cluster: WatchCluster, kind: ApiResource, namespace: str) -> None:
        try:
            async for event in cluster.watch(kind, namespace):
                self._take(kind, event)
        except (ForbiddenError, KindNotServedError) as error:
            if kind in _NEEDED:
                self._fail(error)
            self._listed.add(kind.plural)
            self._wake()
        except Exception as error:  # noqa: BLE001 - whatever it is, every listener is told
            self._fail(error)

    def _take(self, kind: ApiResource, event: WatchEvent) -> None:
        if event.type in _SILENT:
            self._listed.add(kind.plural)
        else:
            name = str((event.object.get("metadata") or {}).get("name"))
            if event.type == "DELETED":
                self.of(kind).pop(name, None)
            else:
                self.of(kind)[name] = event.object
        self._wake()

    def _fail(self, error: Exception) -> None:
        self.failure = error
        self._wake()

    def _wake(self) -> None:
        self.version += 1
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()


class Hubs:
    """The hubs of this process, by login and project."""

    def __init__(self, make: Callable[[], Hub] = Hub) -> None:
        self._make = make
        self._hubs: dict[tuple[bytes, str], Hub] = {}

    @asynccontextmanager
    async def listen(
        self, cluster: WatchCluster, *, login: str, namespace: str
    ) -> AsyncIterator[Hub]:
        """Share the watch of this login on a project; the first listener starts it."""
        key = (hashlib.sha256(login.encode()).digest(), namespace)
        hub = self._hubs.get(key)
        if hub is None or hub.failure is not None:
            hub = self._hubs[key] = self._make()
            hub.start(cluster, namespace)
        hub.listeners += 1
        try:
            yield hub
        finally:
            hub.listeners -= 1
            if hub.listeners == 0:
                hub.stop()
                if self._hubs.get(key) is hub:
                    del self._hubs[key]

    async def close(self) -> None:
        """End all."""
        tasks = [task for hub in self._hubs.values() for task in hub.tasks]
        for hub in self._hubs.values():
            hub.stop()
        self._hubs.clear()
        if tasks:
            await asyncio.wait(tasks)
