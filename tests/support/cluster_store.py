"""The objects of a fake cluster: uids, resourceVersions, finalizers, history, owners."""

import asyncio
import copy
import itertools
from collections.abc import Iterable

from odh_nim.domain.errors import ConflictError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource, resource_of

Key = tuple[str, str, str]


class ObjectStore:
    """Keeps objects by kind, namespace and name; `namespace` is the default one."""

    def __init__(self, *, namespace: str, gc: bool) -> None:
        self.namespace = namespace
        self.gc = gc
        self._store: dict[Key, Manifest] = {}
        self._history: list[tuple[str, Manifest]] = []
        self._changed = asyncio.Event()
        self._versions = itertools.count(1)

    def put(self, manifest: Manifest) -> Manifest:
        """Store an object as somebody else would; an existing one is replaced."""
        namespace = self._namespace(resource_of(manifest), manifest, None)
        before = self._store.get((manifest["kind"], namespace, manifest["metadata"]["name"]))
        return self._save(manifest, namespace, before)

    def remove(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Let an object go at once, finalizers or not."""
        gone = self._store.pop((kind, self.namespace if namespace is None else namespace, name))
        self._note("DELETED", gone)
        if self.gc:
            self.collect_garbage()

    def find(self, kind: str, name: str, namespace: str | None = None) -> Manifest | None:
        """Look at an object without a call."""
        found = self._store.get((kind, self.namespace if namespace is None else namespace, name))
        return copy.deepcopy(found)

    def names(self) -> set[str]:
        """All objects as `Kind/name`."""
        return {f"{kind}/{name}" for kind, _, name in self._store}

    def snapshot(self) -> dict[Key, Manifest]:
        """All objects, to compare with later."""
        return copy.deepcopy(self._store)

    def collect_garbage(self) -> None:
        """Delete what has owners, all of them gone."""
        while True:
            uids = {item["metadata"]["uid"] for item in self._store.values()}
            orphan = next((key for key, item in self._store.items() if _orphaned(item, uids)), None)
            if orphan is None:
                return
            self._note("DELETED", self._store.pop(orphan))

    def _namespace(self, resource: ApiResource, manifest: Manifest, namespace: str | None) -> str:
        if not resource.namespaced:
            return ""
        return namespace or manifest["metadata"].get("namespace") or self.namespace

    def _existing(self, resource: ApiResource, name: str, namespace: str | None) -> Manifest:
        where = (namespace or self.namespace) if resource.namespaced else ""
        found = self._store.get((resource.kind, where, name))
        if found is None:
            raise NotFoundError(f"find {resource.kind}/{name}", "not found", status=404)
        return found

    def _check(
        self, found: Manifest, *, uid: str | None = None, version: str | None = None
    ) -> None:
        metadata = found["metadata"]
        if uid not in (None, metadata["uid"]) or version not in (None, metadata["resourceVersion"]):
            raise ConflictError(
                f"change {found['kind']}/{metadata['name']}", "precondition failed", status=409
            )

    def _save(
        self,
        manifest: Manifest,
        namespace: str,
        before: Manifest | None,
        *,
        dry_run: bool = False,
    ) -> Manifest:
        stored = copy.deepcopy(manifest)
        metadata = stored["metadata"]
        version = next(self._versions)
        if namespace:
            metadata["namespace"] = namespace
        metadata["uid"] = before["metadata"]["uid"] if before else f"uid-{version}"
        metadata["resourceVersion"] = str(version)
        metadata.setdefault("creationTimestamp", "2026-01-01T00:00:00Z")
        if not dry_run:
            self._store[stored["kind"], namespace, metadata["name"]] = stored
            self._note("MODIFIED" if before else "ADDED", stored)
        return copy.deepcopy(stored)

    def _note(self, kind: str, item: Manifest) -> None:
        self._history.append((kind, copy.deepcopy(item)))
        self._changed.set()


def _orphaned(item: Manifest, uids: Iterable[str]) -> bool:
    owners = item["metadata"].get("ownerReferences") or []
    return bool(owners) and not any(owner["uid"] in uids for owner in owners)
