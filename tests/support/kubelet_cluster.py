"""A cluster in memory, as far as the kubelet stand-in uses one: objects, watches, deletions."""

import asyncio
import copy
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from odh_nim.domain.errors import ConflictError, NotFoundError, OdhNimError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import EVENTS, PODS, ApiResource, resource_of

Address = tuple[ApiResource, str | None, str]


@dataclass(frozen=True)
class Seen:
    type: str
    object: Manifest


class FakeCluster:
    """Stores objects; `failing` lets the next calls on a kind fail."""

    def __init__(self) -> None:
        self.objects: dict[Address, Manifest] = {}
        self.failing: dict[ApiResource, OdhNimError] = {}
        self.writes: list[str] = []
        self._watches: list[tuple[ApiResource, asyncio.Queue[Seen]]] = []
        self._numbers = itertools.count(1)

    # What a test does.

    def put(self, manifest: Manifest) -> Manifest:
        """Store an object as somebody else would, and tell who watches."""
        resource = resource_of(manifest)
        stored = copy.deepcopy(manifest)
        metadata = stored["metadata"]
        address = (resource, metadata.get("namespace"), metadata["name"])
        before = self.objects.get(address)
        metadata.setdefault("uid", before["metadata"]["uid"] if before else self._uid())
        self._store(address, stored, "MODIFIED" if before else "ADDED")
        return copy.deepcopy(stored)

    def mark_deleted(self, manifest: Manifest, *, grace: int = 30) -> None:
        """Delete an object that somebody has to let go first."""
        stored = self.find(manifest["kind"], manifest["metadata"]["name"])
        stored["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        stored["metadata"]["deletionGracePeriodSeconds"] = grace
        self.put(stored)

    def remove(self, manifest: Manifest) -> None:
        """Delete an object at once."""
        metadata = manifest["metadata"]
        self._remove((resource_of(manifest), metadata.get("namespace"), metadata["name"]))

    def is_watched(self, resource: ApiResource) -> bool:
        return any(watched == resource for watched, _ in self._watches)

    def break_watches(self, error: Exception) -> None:
        """End every watch with an error."""
        for _, queue in self._watches:
            queue.put_nowait(Seen("ERROR", {"error": error}))

    def find(self, kind: str, name: str) -> Manifest:
        for (resource, _, stored_name), item in self.objects.items():
            if (resource.kind, stored_name) == (kind, name):
                return copy.deepcopy(item)
        raise KeyError(f"{kind}/{name}")

    def has(self, kind: str, name: str) -> bool:
        return any((r.kind, n) == (kind, name) for r, _, n in self.objects)

    def reasons(self, name: str) -> list[str]:
        """Give the reasons of an object's events, in the order in which they came."""
        return [item["reason"] for item in self.events(name)]

    def events(self, name: str) -> list[Manifest]:
        return [
            item
            for (resource, _, _), item in self.objects.items()
            if resource == EVENTS and item["involvedObject"]["name"] == name
        ]

    # What the stand-in calls.

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        self._fail(resource)
        return copy.deepcopy(self._find(resource, name, namespace))

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        self._fail(resource)
        return [
            copy.deepcopy(item)
            for (stored, space, _), item in self.objects.items()
            if stored == resource and namespace in (None, space)
        ]

    async def create(self, manifest: Manifest) -> Manifest:
        self._fail(resource_of(manifest))
        return self.put(manifest)

    async def apply(
        self, manifest: Manifest, *, force: bool = False, field_manager: str = ""
    ) -> Manifest:
        resource = resource_of(manifest)
        self._fail(resource)
        metadata = manifest["metadata"]
        before = self.objects.get((resource, metadata.get("namespace"), metadata["name"]), {})
        return self.put(merged(before, manifest))

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        subresource: str | None = None,
    ) -> Manifest:
        self._fail(resource)
        stored = self._find(resource, name, namespace)
        for field in ("uid", "resourceVersion"):
            wanted = (merge or {}).get("metadata", {}).get(field)
            if wanted and wanted != stored["metadata"][field]:
                raise ConflictError(f"patch {resource.kind}/{name}", f"{field} is another one")
        self.writes.append(
            f"patch {resource.kind}/{name}{'/' + subresource if subresource else ''}"
        )
        change = {"status": (merge or {})["status"]} if subresource == "status" else merge
        return self.put(merged(stored, change or {}))

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        self._fail(resource)
        stored = self._find(resource, name, namespace)
        if uid and uid != stored["metadata"]["uid"]:
            raise ConflictError(f"delete {resource.kind}/{name}", "uid is another one")
        self.writes.append(f"delete {resource.kind}/{name}")
        if stored["metadata"].get("finalizers") or (resource == PODS and grace_seconds != 0):
            self.mark_deleted(stored)
        else:
            self._remove((resource, namespace, name))

    async def watch(
        self, resource: ApiResource, namespace: str | None = None
    ) -> AsyncIterator[Seen]:
        queue: asyncio.Queue[Seen] = asyncio.Queue()
        for item in await self.list(resource, namespace):
            queue.put_nowait(Seen("ADDED", item))
        queue.put_nowait(Seen("BOOKMARK", {}))
        entry = (resource, queue)
        self._watches.append(entry)
        try:
            while True:
                seen = await queue.get()
                if seen.type == "ERROR":
                    raise seen.object["error"]
                yield seen
        finally:
            self._watches.remove(entry)

    def _fail(self, resource: ApiResource) -> None:
        if error := self.failing.get(resource):
            raise error

    def _find(self, resource: ApiResource, name: str, namespace: str | None) -> Manifest:
        found = self.objects.get((resource, namespace, name))
        if found is None:
            raise NotFoundError(f"get {resource.kind}/{name}", "not found", status=404)
        return found

    def _store(self, address: Address, stored: Manifest, kind: str) -> None:
        metadata = stored["metadata"]
        metadata["resourceVersion"] = str(next(self._numbers))
        if "deletionTimestamp" in metadata and not (
            metadata.get("finalizers") or address[0] == PODS
        ):
            self._remove(address)
            return
        self.objects[address] = stored
        self._tell(address[0], Seen(kind, copy.deepcopy(stored)))

    def _remove(self, address: Address) -> None:
        removed = self.objects.pop(address)
        self._tell(address[0], Seen("DELETED", removed))

    def _tell(self, resource: ApiResource, seen: Seen) -> None:
        for watched, queue in self._watches:
            if watched == resource:
                queue.put_nowait(seen)

    def _uid(self) -> str:
        return f"00000000-0000-4000-8000-{next(self._numbers):012}"


def merged(old: Any, change: Any) -> Any:
    """Merge as RFC 7386 says: objects by field, null removes, all else replaces."""
    if not isinstance(change, dict):
        return copy.deepcopy(change)
    result = copy.deepcopy(old) if isinstance(old, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


async def until(holds: Callable[[], object], *, within: float = 5) -> None:
    """Wait until something holds; a test that waits in vain fails."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 - what is waited for tells nobody when it comes
            await asyncio.sleep(0.005)
