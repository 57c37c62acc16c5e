"""Watches a project's two key Secrets and its pods, and says with which key each pod started.

etcd numbers all writes of a cluster in one order, so what a pod found when it started is known
exactly: the Secrets between its creation and its first running container.
"""

import asyncio
import contextlib
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from odh_nim.cluster import Client
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import KEY_SECRET, PULL_SECRET
from odh_nim.domain.resources import PODS, SECRETS, ApiResource

_CONTAINER = "kserve-container"


@dataclass
class _Pod:
    name: str
    created: int
    # None while no container of it has run.
    started: int | None = None


@dataclass
class KeyWitness:
    """What was seen; read it after the watch has caught up with `until`."""

    _pods: dict[str, _Pod] = field(default_factory=dict, repr=False)
    # Every content of each Secret, with the number of the write.
    _contents: dict[str, list[tuple[int, frozenset[str]]]] = field(
        default_factory=lambda: {KEY_SECRET: [], PULL_SECRET: []}, repr=False
    )
    _seen: dict[str, int] = field(default_factory=dict, repr=False)

    def see(self, resource: ApiResource, item: Manifest) -> None:
        version = int(item["metadata"]["resourceVersion"])
        self._seen[resource.plural] = max(version, self._seen.get(resource.plural, 0))
        name = item["metadata"]["name"]
        if resource is SECRETS and name in self._contents:
            self._contents[name].append((version, _keys_of(item)))
        if resource is PODS:
            pod = self._pods.setdefault(item["metadata"]["uid"], _Pod(name, version))
            if pod.started is None and _runs(item):
                pod.started = version

    async def until(self, *items: Manifest) -> None:
        """Wait until the watches have come as far as these objects."""
        wanted: dict[str, int] = {}
        for item in items:
            plural = (SECRETS if item["kind"] == "Secret" else PODS).plural
            version = int(item["metadata"]["resourceVersion"])
            wanted[plural] = max(version, wanted.get(plural, 0))
        async with asyncio.timeout(20):
            while True:
                if all(self._seen.get(plural, 0) >= version for plural, version in wanted.items()):
                    return
                await asyncio.sleep(0.05)

    def keys_at_start(self, uid: str) -> set[str]:
        """Give every key that a pod may have found; one, where all is well."""
        pod = self._pods[uid]
        assert pod.started is not None, f"{pod.name} never ran"
        return {
            key
            for writes in self._contents.values()
            for key in _during(writes, pod.created, pod.started)
        }

    def torn(self) -> list[str]:
        """Name the pods that started while the two Secrets held different keys."""
        ran = [(uid, pod) for uid, pod in self._pods.items() if pod.started is not None]
        return [pod.name for uid, pod in ran if len(self.keys_at_start(uid)) != 1]


@contextlib.asynccontextmanager
async def watching(admin: Client, namespace: str) -> AsyncIterator[KeyWitness]:
    """Watch from now on; what is there already is seen too."""
    witness = KeyWitness()

    async def watch(resource: ApiResource) -> None:
        async for event in admin.watch(resource, namespace):
            if event.type in ("ADDED", "MODIFIED", "RELISTED"):
                witness.see(resource, event.object)

    tasks = [asyncio.create_task(watch(resource)) for resource in (SECRETS, PODS)]
    try:
        yield witness
        for task in tasks:
            assert not task.done(), "a watch has ended: what follows was not seen"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _during(writes: list[tuple[int, frozenset[str]]], begin: int, end: int) -> frozenset[str]:
    """Give what a Secret held at some moment between two writes."""
    before = [keys for version, keys in writes if version <= begin][-1:]
    meanwhile = [keys for version, keys in writes if begin < version <= end]
    return frozenset().union(*before, *meanwhile)


def _keys_of(secret: Manifest) -> frozenset[str]:
    texts = {name: b64decode(value).decode() for name, value in secret["data"].items()}
    if ".dockerconfigjson" in texts:
        logins = json.loads(texts[".dockerconfigjson"])["auths"]
        return frozenset(login["password"] for login in logins.values())
    return frozenset(texts.values())


def _runs(pod: Manifest) -> bool:
    statuses = pod.get("status", {}).get("containerStatuses") or []
    return any("running" in one["state"] for one in statuses if one["name"] == _CONTAINER)
