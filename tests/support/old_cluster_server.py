"""Loads a state of an old cluster into a real API server, and plays its old controller."""

import asyncio
import copy
import ssl
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import httpx2
import yaml

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.seed import Variant, crd_manifests
from support.old_clusters import FOLDER, content, identity, read_all
from support.upgrade_cluster import FINALIZER

_LOOSE: Final = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
_STATE: Final = {"type": "string", "enum": ["Managed", "Removed"]}
# The three shapes that `nim` had: none, one with a default inside, one that is filled in whole.
NIM_FIELDS: Final[dict[str, dict[str, Any] | None]] = {
    "v2.20.0": None,
    "v2.30.0": {
        "type": "object",
        "properties": {"managementState": _STATE | {"default": "Managed"}},
    },
    "v3.5.0": {
        "type": "object",
        "default": {},
        "properties": {
            "managementState": _STATE | {"default": "Managed"},
            "airGapped": {"type": "boolean", "default": False},
        },
    },
}
NIM_FIELDS["v3.0.0"] = NIM_FIELDS["v2.30.0"]
# The controllers that run here write the status of these themselves.
_OWN_STATUS: Final = ("Job", "Deployment", "ReplicaSet")
_CRD_PATH: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_CHILDREN: Final = (
    ("runtimeTemplate", "template.openshift.io/v1", "Template"),
    ("nimConfig", "v1", "ConfigMap"),
    ("nimPullSecret", "v1", "Secret"),
)


def cluster_definition(schema: str) -> Manifest:
    """Build the CRD of the DataScienceCluster as one release of the operator served it."""
    kserve: dict[str, Any] = {
        name: dict(_LOOSE) for name in ("serving", "modelsAsService", "devFlags")
    }
    for name in ("managementState", "rawDeploymentServiceConfig", "defaultDeploymentMode"):
        kserve[name] = {"type": "string"}
    field = NIM_FIELDS[schema]
    if field is not None:
        kserve["nim"] = field
    components = _LOOSE | {"properties": {"kserve": {"type": "object", "properties": kserve}}}
    shape = {
        "type": "object",
        "properties": {
            "spec": _LOOSE | {"properties": {"components": components}},
            "status": dict(_LOOSE),
        },
    }
    return _definition("datasciencecluster", "DataScienceCluster", shape)


def initialization_definition() -> Manifest:
    """Build the CRD of the DSCInitialization in both versions."""
    return _definition("dscinitialization", "DSCInitialization", dict(_LOOSE))


def _definition(word: str, kind: str, shape: dict[str, Any]) -> Manifest:
    group, plural = f"{word}.opendatahub.io", f"{word}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": word,
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": version == "v2",
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": copy.deepcopy(shape)},
                }
                for version in ("v1", "v2")
            ],
        },
    }


def awaits_release(item: Manifest) -> bool:
    """Say whether the Job controller will still let a pod go: its labels name another Job's uid."""
    owners = item["metadata"].get("ownerReferences") or []
    label = (item["metadata"].get("labels") or {}).get("batch.kubernetes.io/controller-uid")
    return item["kind"] == "Pod" and any(
        one["kind"] == "Job" and one["uid"] != label for one in owners
    )


class OldClusterServer:
    """A plain connection as admin: loads objects of any kind, reads them, takes them away."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        ca_pem = b64decode(cluster["certificate-authority-data"]).decode()
        self._http = httpx2.AsyncClient(
            base_url=cluster["server"],
            headers={"Authorization": f"Bearer {user['token']}"},
            verify=ssl.create_default_context(cadata=ca_pem),
            timeout=30,
        )
        self._kinds: dict[str, dict[str, tuple[str, bool, bool]]] = {}
        self.loaded: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    # ── Kinds ───────────────────────────────────────────────────────────────────────────────────
    async def define_kinds(self) -> None:
        """Serve what the states need and the sandbox does not bring."""
        for crd in read_all(FOLDER / "crds" / "kinds.yaml"):
            await self.define(crd)
        await self.define(initialization_definition())
        # A clean-up may have deleted it in an earlier test.
        for crd in crd_manifests(Variant.OPEN_DATA_HUB):
            if crd["metadata"]["name"] == "accounts.nim.opendatahub.io":
                await self.define(crd)

    async def define(self, crd: Manifest) -> None:
        """Serve a kind in exactly this shape."""
        name = crd["metadata"]["name"]
        found = await self._http.get(f"{_CRD_PATH}/{name}")
        if found.status_code == 200:
            changed = found.json()
            changed["spec"] = crd["spec"]
            answer = await self._http.put(f"{_CRD_PATH}/{name}", json=changed)
        else:
            answer = await self._http.post(_CRD_PATH, json=crd)
        assert answer.is_success, answer.text
        group, version = crd["spec"]["group"], crd["spec"]["versions"][0]["name"]
        wanted = crd["spec"]["names"]["plural"]
        async with asyncio.timeout(20):
            while True:
                served = await self._http.get(f"/apis/{group}/{version}")
                if served.is_success and wanted in served.text:
                    break
                await asyncio.sleep(0.05)
        self._kinds.clear()

    async def path(self, item: Manifest, *, named: bool = True) -> str:
        """Address an object, or where objects of its kind are made."""
        version = item["apiVersion"]
        prefix = f"/apis/{version}" if "/" in version else f"/api/{version}"
        if version not in self._kinds:
            listed = (await self._http.get(prefix)).json()["resources"]
            subresources = {one["name"] for one in listed}
            self._kinds[version] = {
                one["kind"]: (
                    one["name"],
                    one["namespaced"],
                    f"{one['name']}/status" in subresources,
                )
                for one in listed
                if "/" not in one["name"]
            }
        plural, namespaced, _ = self._kinds[version][item["kind"]]
        place = f"/namespaces/{item['metadata']['namespace']}" if namespaced else ""
        return f"{prefix}{place}/{plural}" + (f"/{item['metadata']['name']}" if named else "")

    # ── Objects ─────────────────────────────────────────────────────────────────────────────────
    async def load(self, items: list[Manifest]) -> None:
        """Make a state's objects, owners before what they own, with their status."""
        uids: dict[str, str] = {}
        waiting = copy.deepcopy(items)
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
            made = await self._make(item)
            uids[placeholder] = made["metadata"]["uid"]
            self.loaded[identity(item)] = await self.path(item)

    async def _make(self, item: Manifest) -> Manifest:
        status = item.pop("status", None)
        answer = await self._http.post(await self.path(item, named=False), json=item)
        if answer.status_code == 409:
            # A namespace of an earlier state, or the ServiceAccount that each namespace has.
            path = await self.path(item)
            item["metadata"]["uid"] = (await self._http.get(path)).json()["metadata"]["uid"]
            answer = await self._http.put(path, json=item)
        assert answer.is_success, (identity(item), answer.text)
        made: Manifest = answer.json()
        has_status = self._kinds[item["apiVersion"]][item["kind"]][2]
        if status is not None and has_status and item["kind"] not in _OWN_STATUS:
            path = f"{await self.path(item)}/status"
            answer = await self._http.patch(
                path,
                json={"status": status},
                headers={"Content-Type": "application/merge-patch+json"},
            )
            # A controller may have taken a pod away already.
            assert answer.is_success or answer.status_code == 404, (identity(item), answer.text)
        return made

    async def snapshot(self) -> dict[str, Manifest]:
        """Read every loaded object that is still there."""
        found: dict[str, Manifest] = {}
        for name, path in self.loaded.items():
            answer = await self._http.get(path)
            if answer.status_code == 200:
                found[name] = answer.json()
        return found

    async def settled(self) -> dict[str, Manifest]:
        """Wait until the controllers of Kubernetes have done what they do, then read."""
        before, unchanged = await self.snapshot(), 0
        async with asyncio.timeout(30):
            while unchanged < 2 or any(map(awaits_release, before.values())):
                await asyncio.sleep(0.4)
                now = await self.snapshot()
                same = {name: content(one) for name, one in now.items()} == {
                    name: content(one) for name, one in before.items()
                }
                before, unchanged = now, unchanged + 1 if same else 0
        return before

    async def remove(self, *paths: str) -> None:
        """Take objects away, finalizers or not."""
        for path in paths:
            answer = await self._http.get(path)
            if answer.status_code == 404:
                continue
            if answer.json()["metadata"].get("finalizers"):
                await self._merge(path, {"metadata": {"finalizers": None}})
            body = {"propagationPolicy": "Background", "gracePeriodSeconds": 0}
            await self._http.request("DELETE", path, json=body)

    async def clear(self) -> None:
        """Take the whole state away, and what a clean-up left; namespaces stay for the next."""
        namespaces = {path for name, path in self.loaded.items() if name.startswith("Namespace/")}
        rest = [path for path in self.loaded.values() if path not in namespaces]
        await self.remove(*[path for path in rest if "webhookconfigurations" in path], *rest)
        for path in namespaces:
            for kind in ("configmaps", "secrets", "pods"):
                listed = (await self._http.get(f"{path}/{kind}")).json()
                names = [one["metadata"]["name"] for one in listed["items"]]
                await self.remove(
                    *[f"{path}/{kind}/{name}" for name in names if name != "kube-root-ca.crt"]
                )
        async with asyncio.timeout(30):
            for path in rest:
                while (await self._http.get(path)).status_code == 200:
                    if path.endswith("/serviceaccounts/default"):
                        break
                    await self.remove(path)
                    await asyncio.sleep(0.05)
        self.loaded.clear()

    async def list(self, path: str) -> list[Manifest]:
        """List objects at a path."""
        listed: list[Manifest] = (await self._http.get(path)).json()["items"]
        return listed

    async def _merge(self, path: str, patch: Manifest) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        await self._http.patch(path, json=patch, headers=headers)

    # ── The old controller ──────────────────────────────────────────────────────────────────────
    @asynccontextmanager
    async def old_controller(self) -> AsyncIterator[None]:
        """Serve the finalizer of Accounts, as the old controller does."""
        task = asyncio.create_task(self._serve_finalizers())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _serve_finalizers(self) -> None:
        accounts = "/apis/nim.opendatahub.io/v1/accounts"
        while True:
            answer = await self._http.get(accounts)
            for account in answer.json()["items"] if answer.status_code == 200 else []:
                metadata = account["metadata"]
                left = metadata.get("finalizers") or []
                if metadata.get("deletionTimestamp") and FINALIZER in left:
                    await self._finish(account)
            await asyncio.sleep(0.1)

    async def _finish(self, account: Manifest) -> None:
        metadata = account["metadata"]
        for field, version, kind in _CHILDREN:
            reference = (account.get("status") or {}).get(field)
            if reference:
                child = {
                    "apiVersion": version,
                    "kind": kind,
                    "metadata": {"name": reference["name"], "namespace": metadata["namespace"]},
                }
                await self._http.delete(await self.path(child))
        left = [one for one in metadata["finalizers"] if one != FINALIZER]
        await self._merge(await self.path(account), {"metadata": {"finalizers": left}})
