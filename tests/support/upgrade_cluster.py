"""A cluster in memory with the kinds of old clusters, and a stand-in for the old controller."""

import asyncio
import copy
from collections.abc import Iterable
from typing import Any, Final

from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import KindNotServedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from support.cluster import FakeCluster
from support.old_clusters import identity, manifests

FINALIZER: Final = "runtimes.opendatahub.io/nim-cleanup-finalizer"
PLAIN_GROUPS: Final = ("serving.kserve.io",)
ODH_GROUPS: Final = (
    *PLAIN_GROUPS,
    "nim.opendatahub.io",
    "datasciencecluster.opendatahub.io",
    "dscinitialization.opendatahub.io",
    "opendatahub.io",
    "dashboard.opendatahub.io",
    "template.openshift.io",
    "apps.nvidia.com",
)
_STATUS_NAMES: Final = {
    "runtimeTemplate": "Template",
    "nimConfig": "ConfigMap",
    "nimPullSecret": "Secret",
}


class UpgradeCluster(FakeCluster):
    """Keeps objects of kinds that the product does not know too; `groups` are served."""

    def __init__(
        self, items: Iterable[Manifest] = (), *, groups: tuple[str, ...] = ODH_GROUPS
    ) -> None:
        super().__init__(namespace="default", gc=True)
        self.groups = groups
        self.controller = True
        self.others: dict[str, Manifest] = {}
        self.load(items)

    def load(self, items: Iterable[Manifest]) -> None:
        """Store a state: owners get new uids, so their children are pointed at them."""
        known = {(one.api_version, one.kind) for one in kinds.ALL}
        uids: dict[str, str] = {}
        waiting = [copy.deepcopy(item) for item in items]
        while waiting:
            item = waiting.pop(0)
            owners = item["metadata"].get("ownerReferences") or []
            later = {one["metadata"].get("uid") for one in waiting}
            if any(owner["uid"] in later for owner in owners):
                waiting.append(item)
                continue
            for owner in owners:
                owner["uid"] = uids.get(owner["uid"], owner["uid"])
            placeholder = item["metadata"].pop("uid", None)
            version = (item["apiVersion"], item["kind"])
            if version in known or item["kind"] in ("DataScienceCluster", "DSCInitialization"):
                stored = self.put(item)
                uids[placeholder] = stored["metadata"]["uid"]
            else:
                item["metadata"]["uid"] = placeholder or identity(item)
                self.others[identity(item)] = item
                uids[placeholder] = item["metadata"]["uid"]

    def put(self, manifest: Manifest) -> Manifest:
        """Store it; of kinds with several versions the first one counts inside."""
        before = manifest["apiVersion"]
        if manifest["kind"] in ("DataScienceCluster", "DSCInitialization"):
            manifest = manifest | {"apiVersion": before.partition("/")[0] + "/v1"}
        return super().put(manifest)

    def snapshot_by_name(self) -> dict[str, Manifest]:
        """Give all objects by the name that expected.yaml has for them."""
        return {identity(item): item for item in self.snapshot().values()}

    def collect_garbage(self) -> None:
        """Let what has only dead owners go, at once."""
        while True:
            alive = {item["metadata"]["uid"] for item in self._store.values()}
            alive |= {item["metadata"]["uid"] for item in self.others.values()}
            orphans = [
                (kind, name, namespace)
                for (kind, namespace, name), item in self._store.items()
                if _is_orphan(item, alive)
            ]
            if not orphans:
                return
            for kind, name, namespace in orphans:
                self._note("DELETED", self._store.pop((kind, namespace, name)))

    async def served_versions(self, group: str) -> tuple[str, ...]:
        self.calls.append(f"versions {group}")
        if group not in self.groups:
            return ()
        found = {one.version for one in kinds.ALL if one.group == group}
        return tuple(sorted(found))

    async def list(self, resource: ApiResource, *args: Any, **kwargs: Any) -> list[Manifest]:
        built_in = "." not in resource.group or resource.group.endswith(".k8s.io")
        if not built_in and resource.group not in self.groups:
            raise KindNotServedError(f"list {resource.kind}", "not served", status=404)
        await self.play_controller()
        return await super().list(resource, *args, **kwargs)

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        await self.play_controller()
        return await super().get(resource, name, namespace)

    async def play_controller(self) -> None:
        """Do what the old controller does with Accounts that are being deleted."""
        if not self.controller:
            return
        for (kind, namespace, name), item in list(self._store.items()):
            going = item["metadata"].get("deletionTimestamp")
            if kind != "Account" or not going or FINALIZER not in item["metadata"]["finalizers"]:
                continue
            for field, child in _STATUS_NAMES.items():
                reference = (item.get("status") or {}).get(field)
                if reference and (child, namespace, reference["name"]) in self._store:
                    self.remove(child, reference["name"], namespace)
            left = [one for one in item["metadata"]["finalizers"] if one != FINALIZER]
            item["metadata"]["finalizers"] = left
            if not left:
                self.remove("Account", name, namespace)
        await asyncio.sleep(0)

    async def patch(self, resource: ApiResource, name: str, *args: Any, **kwargs: Any) -> Manifest:
        patched = await super().patch(resource, name, *args, **kwargs)
        metadata = patched["metadata"]
        if metadata.get("deletionTimestamp") and not metadata.get("finalizers"):
            self.remove(resource.kind, name, metadata.get("namespace", ""))
        return patched


def _is_orphan(item: Manifest, alive: set[str]) -> bool:
    owners = item["metadata"].get("ownerReferences") or []
    return bool(owners) and not any(owner["uid"] in alive for owner in owners)


def definition(name: str, *versions: str, nim: dict[str, Any] | None = None) -> Manifest:
    """Build the CRD of the DataScienceCluster (with or without the field), or of Account."""
    kserve: dict[str, Any] = {"type": "object", "properties": {}}
    if nim is not None:
        kserve["properties"]["nim"] = nim
    schema = {"type": "object", "properties": {}}
    place = schema
    for step in ("spec", "components"):
        place["properties"][step] = {"type": "object", "properties": {}}  # type: ignore[index]  # nested data
        place = place["properties"][step]  # type: ignore[index]  # nested data
    place["properties"]["kserve"] = kserve  # type: ignore[index]  # nested data
    return {
        "apiVersion": kinds.CUSTOM_RESOURCE_DEFINITIONS.api_version,
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name},
        "spec": {
            "versions": [
                {"name": version, "served": True, "schema": {"openAPIV3Schema": schema}}
                for version in versions
            ]
        },
    }


NIM_FIELD: Final = {
    "type": "object",
    "properties": {"managementState": {"type": "string"}, "airGapped": {"type": "boolean"}},
}
CLUSTER_CRD: Final = "datascienceclusters.datasciencecluster.opendatahub.io"
ACCOUNT_CRD: Final = "accounts.nim.opendatahub.io"


# The operators of these states have no `nim` in their schema.
WITHOUT_FIELD: Final = ("gen1", "gen2a", "new")


def old_cluster(state: str) -> UpgradeCluster:
    """Give a cluster in memory in one of the recorded states."""
    plain = state == "plain-k8s"
    cluster = UpgradeCluster(manifests(state), groups=PLAIN_GROUPS if plain else ODH_GROUPS)
    if not plain:
        field = None if state in WITHOUT_FIELD else NIM_FIELD
        cluster.put(definition(CLUSTER_CRD, "v1", "v2", nim=field))
    return cluster
