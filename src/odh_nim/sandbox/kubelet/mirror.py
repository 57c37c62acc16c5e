"""A picture of all objects of one type, kept by a watch."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from odh_nim.domain.errors import OdhNimError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import ApiResource
from odh_nim.sandbox.kubelet.cluster import KubeletCluster, ObjectEvent
from odh_nim.sandbox.kubelet.timings import doubled

_log: Final = logging.getLogger(__name__)
_RETRY: Final = 0.2
_RETRY_MOST: Final = 5.0


class Viewer(Protocol):
    """Who wants to know of changes."""

    def see(self, seen: Manifest) -> None:
        """Take an object as it is now."""
        ...

    def lose(self, lost: Manifest) -> None:
        """Take notice that an object is gone."""
        ...


class Mirror:
    """Follows one type for ever; after every break it looks what went away meanwhile."""

    def __init__(self, cluster: KubeletCluster, resource: ApiResource, viewer: Viewer) -> None:
        self._cluster = cluster
        self._resource = resource
        self._viewer = viewer
        self._objects: dict[str, Manifest] = {}

    @property
    def objects(self) -> Iterable[Manifest]:
        """Every object as it was seen last."""
        return self._objects.values()

    async def run(self) -> None:
        """Follow; a connection that breaks is made again."""
        failures = 0
        while True:
            # Until the bookmark a watch tells what is there; what it does not tell is gone.
            told: set[str] | None = set()
            try:
                async for event in self._cluster.watch(self._resource):
                    failures = 0
                    if event.type != "BOOKMARK":
                        self._take(event.type, event.object)
                    if told is not None:
                        told = self._compare(told, event)
            except OdhNimError as error:
                _log.info("The watch of %s broke: %s", self._resource, error)
            await asyncio.sleep(doubled(_RETRY, failures, _RETRY_MOST))
            failures += 1

    def _compare(self, told: set[str], event: ObjectEvent) -> set[str] | None:
        if event.type != "BOOKMARK":
            told.add(event.object["metadata"]["uid"])
            return told
        for uid in [uid for uid in self._objects if uid not in told]:
            self._show(self._viewer.lose, self._objects.pop(uid))
        return None

    def _take(self, kind: str, item: Manifest) -> None:
        uid = item["metadata"]["uid"]
        if kind == "DELETED":
            self._objects.pop(uid, None)
            self._show(self._viewer.lose, item)
            return
        before = self._objects.get(uid)
        self._objects[uid] = item
        # A new watch tells again what the one before has told.
        if before is None or _version(before) != _version(item):
            self._show(self._viewer.see, item)

    def _show(self, tell: Callable[[Manifest], None], item: Manifest) -> None:
        try:
            tell(item)
        except Exception:  # noqa: BLE001 - one object must not end the watch of all
            _log.exception("%s cannot be understood", describe(item))


def _version(item: Manifest) -> str:
    return str(item["metadata"].get("resourceVersion", ""))
