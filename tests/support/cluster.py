"""A cluster in memory that fits the verbs of `odh_nim.cluster.Client`.

It keeps uids, resourceVersions, finalizers and history, refuses what preconditions refuse, and
plays faults on order. `calls` records every call; `rounds` counts those that waited for an
earlier one (calls made at the same time count once).
"""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

import msgspec

from odh_nim.domain.errors import (
    AlreadyExistsError,
    ForbiddenError,
    KindNotServedError,
    NamespaceTerminatingError,
    NotFoundError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource, resource_of
from support.cluster_faults import Fault, Order
from support.cluster_patch import apply_json_patch, apply_merge_patch
from support.cluster_select import selects
from support.cluster_store import ObjectStore

T = TypeVar("T")


@dataclass(frozen=True)
class WatchEvent:
    type: str
    object: Manifest


class FakeCluster(ObjectStore):
    """Holds objects; `namespace` is the default project of its calls."""

    def __init__(self, *objects: Manifest, namespace: str = "team-a", gc: bool = False) -> None:
        super().__init__(namespace=namespace, gc=gc)
        self.calls: list[str] = []
        self.rounds = 0
        # Verb and kind, as `create Secret`: refused, and answered with no.
        self.forbidden: set[str] = set()
        self.not_served: set[str] = set()
        self.terminating: set[str] = set()
        # Kinds that a dry run answers with 404, as RoleBindings whose Role is not there.
        self.not_found_in_dry_run: set[str] = set()
        # Called at every call, before it is carried out, with the call's text.
        self.on_call: Callable[[str], None] = lambda _operation: None
        self.log_lines: dict[str, list[str]] = {}
        self._orders: list[Order] = []
        self._flying = 0
        for item in objects:
            self.put(item)

    # ── For tests ───────────────────────────────────────────────────────────────────────────────
    def fail(
        self, fault: Fault, *, at: int | None = None, call: str | None = None, times: int = 1
    ) -> Self:
        """Order a fault: from the call of this index on, or for calls that start like this."""
        self._orders.append(Order(fault, at, call, times))
        return self

    def writes(self) -> list[str]:
        """The calls that may change something."""
        return [call for call in self.calls if call.split()[0] in _WRITES]

    # ── Reads ───────────────────────────────────────────────────────────────────────────────────
    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        def act() -> Manifest:
            return copy.deepcopy(self._existing(resource, name, namespace))

        return await self._call("get", resource, name, namespace, act)

    async def get_metadata(
        self, resource: ApiResource, name: str, namespace: str | None = None
    ) -> Manifest:
        def act() -> Manifest:
            return {
                "metadata": copy.deepcopy(self._existing(resource, name, namespace))["metadata"]
            }

        return await self._call("get", resource, name, namespace, act)

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[T]:
        found = await self.list(
            resource, namespace, label_selector=label_selector, field_selector=field_selector
        )
        return [msgspec.json.decode(msgspec.json.encode(item), type=item_type) for item in found]

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        def act() -> list[Manifest]:
            found = [
                copy.deepcopy(item)
                for (kind, where, _), item in sorted(self._store.items())
                if kind == resource.kind and (not namespace or where == namespace)
            ]
            return [item for item in found if selects(item, label_selector, field_selector)]

        return await self._call("list", resource, "", namespace, act)

    async def watch(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        seen = len(self._history)
        for item in await self.list(resource, namespace):
            if selects(item, label_selector, field_selector):
                yield WatchEvent("ADDED", item)
        while True:
            for kind, item in self._history[seen:]:
                seen += 1
                where = item["metadata"].get("namespace", "")
                here = item["kind"] == resource.kind and (not namespace or where == namespace)
                if here and selects(item, label_selector, field_selector):
                    yield WatchEvent(kind, copy.deepcopy(item))
            if seen == len(self._history):
                self._changed.clear()
                await self._changed.wait()

    async def can_i(
        self,
        verb: str,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        name: str | None = None,
        subresource: str | None = None,
    ) -> bool:
        allowed = f"{verb} {resource.kind}" not in self.forbidden
        return await self._call(
            "can-i", resource, "", namespace, lambda: allowed, shown=f"can-i {verb} {resource.kind}"
        )

    async def serves(self, resource: ApiResource) -> bool:
        return resource.kind not in self.not_served

    async def logs(
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
        self.calls.append(f"logs {pod}/{container}" + (" previous" if previous else ""))
        lines = self.log_lines.get(f"{pod} previous" if previous else pod, [])
        for line in lines[-tail_lines:] if tail_lines else lines:
            yield line

    # ── Writes ──────────────────────────────────────────────────────────────────────────────────
    async def create(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        resource, name = resource_of(manifest), manifest["metadata"]["name"]
        where = self._namespace(resource, manifest, namespace)

        def act() -> Manifest:
            if where in self.terminating:
                raise NamespaceTerminatingError(
                    f"create {resource.kind}/{name}", f"{where} is being terminated", status=403
                )
            if dry_run and resource.kind in self.not_found_in_dry_run:
                raise NotFoundError(f"create {resource.kind}/{name}", "not found", status=404)
            if (resource.kind, where, name) in self._store:
                raise AlreadyExistsError(
                    f"create {resource.kind}/{name}", "already exists", status=409
                )
            return self._save(manifest, where, None, dry_run=dry_run)

        return await self._call("create", resource, name, where, act, dry_run=dry_run)

    async def replace(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        resource, name = resource_of(manifest), manifest["metadata"]["name"]
        where = self._namespace(resource, manifest, namespace)

        def act() -> Manifest:
            before = self._existing(resource, name, where)
            self._check(before, version=manifest["metadata"].get("resourceVersion"))
            return self._save(manifest, where, before, dry_run=dry_run)

        return await self._call("replace", resource, name, where, act, dry_run=dry_run)

    async def apply(
        self,
        manifest: Manifest,
        *,
        namespace: str | None = None,
        force: bool = False,
        dry_run: bool = False,
        field_manager: str = "odh-nim",
    ) -> Manifest:
        resource, name = resource_of(manifest), manifest["metadata"]["name"]
        where = self._namespace(resource, manifest, namespace)

        def act() -> Manifest:
            before = self._store.get((resource.kind, where, name))
            merged = apply_merge_patch(before or {}, manifest)
            return self._save(merged, where, before, dry_run=dry_run)

        return await self._call("apply", resource, name, where, act, dry_run=dry_run)

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        def act() -> Manifest:
            before = self._existing(resource, name, namespace)
            if json_patch is not None:
                after = apply_json_patch(before, json_patch)
            else:
                after = apply_merge_patch(before, merge or {})
            where = before["metadata"].get("namespace", "")
            return self._save(after, where, before, dry_run=dry_run)

        return await self._call("patch", resource, name, namespace, act, dry_run=dry_run)

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        def act() -> None:
            found = self._existing(resource, name, namespace)
            self._check(found, uid=uid, version=resource_version)
            if dry_run:
                return
            if not found["metadata"].get("finalizers"):
                self.remove(resource.kind, name, found["metadata"].get("namespace", ""))
            elif "deletionTimestamp" not in found["metadata"]:
                going = copy.deepcopy(found)
                going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
                self._save(going, found["metadata"].get("namespace", ""), found)

        await self._call("delete", resource, name, namespace, act, dry_run=dry_run)

    def dry_run(self) -> "DryRunCluster":
        return DryRunCluster(self)

    # ── Inside ──────────────────────────────────────────────────────────────────────────────────
    async def _call(
        self,
        verb: str,
        resource: ApiResource,
        name: str,
        namespace: str | None,
        act: Callable[[], T],
        *,
        dry_run: bool = False,
        shown: str = "",
    ) -> T:
        operation = shown or f"{verb} {resource.kind}" + (f"/{name}" if name else "")
        operation = f"dry-run {operation}" if dry_run else operation
        index = len(self.calls)
        self.calls.append(operation)
        self.rounds += not self._flying
        self._flying += 1
        try:
            await asyncio.sleep(0)
            self.on_call(operation)
            order = next((one for one in self._orders if one.takes(index, operation)), None)
            if order is not None and not order.fault.is_after:
                raise order.fault.error(operation)
            self._refuse(verb, resource, operation)
            answer = act()
            # As on a wire: what happens meanwhile, a cancellation too, comes after the write.
            await asyncio.sleep(0)
        finally:
            self._flying -= 1
        if order is not None:
            raise order.fault.error(operation)
        return answer

    def _refuse(self, verb: str, resource: ApiResource, operation: str) -> None:
        if resource.kind in self.not_served and verb != "can-i":
            raise KindNotServedError(operation, "the kind is not served", status=404)
        if f"{verb} {resource.kind}" in self.forbidden:
            raise ForbiddenError(operation, f"you may not {verb} {resource.full_name}", status=403)


class DryRunCluster:
    """The fake's client that cannot write."""

    def __init__(self, cluster: FakeCluster) -> None:
        self._cluster = cluster

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        return await self._cluster.create(manifest, namespace=namespace, dry_run=True)

    async def replace(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        return await self._cluster.replace(manifest, namespace=namespace, dry_run=True)

    async def patch(
        self, resource: ApiResource, name: str, namespace: str | None = None, **change: Any
    ) -> Manifest:
        return await self._cluster.patch(resource, name, namespace, **change, dry_run=True)


_WRITES = ("create", "replace", "apply", "patch", "delete")
