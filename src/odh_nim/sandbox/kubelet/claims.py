"""Keeps claims and volumes of the sandbox in step: binds, grows, protects, releases."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import Any, Final

from odh_nim.domain.errors import NotFoundError, OdhNimError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import (
    PERSISTENT_VOLUME_CLAIMS,
    PERSISTENT_VOLUMES,
    STORAGE_CLASSES,
)
from odh_nim.sandbox.kubelet.cluster import KUBELET, KubeletCluster
from odh_nim.sandbox.kubelet.container import Event
from odh_nim.sandbox.kubelet.events import EventRecorder, Reporter
from odh_nim.sandbox.kubelet.timings import doubled
from odh_nim.sandbox.kubelet.volumes import (
    CLAIM_FINALIZER,
    PROVISIONER,
    Binding,
    plan_binding,
    plan_growth,
    uses_claim,
    volume_name,
)

_log: Final = logging.getLogger(__name__)
_REPORTER: Final = Reporter("persistentvolume-controller")
_RETRY: Final = 0.5
_RETRY_MOST: Final = 30.0


class ClaimKeeper:
    """Does one claim after the other; `pods` gives every pod there is."""

    def __init__(
        self,
        cluster: KubeletCluster,
        recorder: EventRecorder,
        pods: Callable[[], Iterable[Manifest]],
    ) -> None:
        self._cluster = cluster
        self._recorder = recorder
        self._pods = pods
        self._claims: dict[str, Manifest] = {}
        # The volumes of claims that are gone; None as a value: a set that keeps its order.
        self._released: dict[str, None] = {}
        self._due: dict[str, None] = {}
        self._failures: dict[str, int] = {}
        self._wake = asyncio.Event()

    def see(self, claim: Manifest) -> None:
        """Take a claim as the cluster has it now."""
        uid = claim["metadata"]["uid"]
        self._claims[uid] = claim
        self._do(uid)

    def lose(self, claim: Manifest) -> None:
        """Take notice that a claim is gone, so that its volume goes too."""
        uid = claim["metadata"]["uid"]
        self._claims.pop(uid, None)
        self._recorder.forget(uid)
        self._released[volume_name(claim)] = None
        self._do(uid)

    def look_again(self) -> None:
        """Try every claim that waits for something: a pod's end, a StorageClass."""
        for uid, claim in self._claims.items():
            if claim.get("status", {}).get("phase") != "Bound" or _is_leaving(claim):
                self._do(uid)

    async def release_orphans(self) -> None:
        """Delete the volumes whose claims went away while nobody looked.

        Raises:
            ClusterError: The volumes or the claims cannot be listed.

        """
        # Volumes first: a claim that comes between the two lists is then found.
        volumes = await self._cluster.list(PERSISTENT_VOLUMES)
        claims = await self._cluster.list(PERSISTENT_VOLUME_CLAIMS)
        known = {volume_name(claim) for claim in claims}
        for volume in volumes:
            ours = (volume["spec"].get("csi") or {}).get("driver") == PROVISIONER
            name = volume["metadata"]["name"]
            if ours and name not in known:
                self._released[name] = None
                self._do(name)

    async def run(self) -> None:
        """Work whenever something changes; what fails is tried again later."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._due:
                uid = next(iter(self._due))
                del self._due[uid]
                try:
                    await self._release()
                    await self._keep(uid)
                    self._failures.pop(uid, None)
                except Exception as error:  # noqa: BLE001 - the other claims must be done too
                    self._later(uid, error)

    def _do(self, uid: str) -> None:
        self._due[uid] = None
        self._wake.set()

    def _later(self, uid: str, error: Exception) -> None:
        _log.warning(
            "%s: %s",
            describe(self._claims.get(uid, {"kind": "PersistentVolume"})),
            error,
            exc_info=not isinstance(error, OdhNimError),
        )
        failures = self._failures.get(uid, 0)
        self._failures[uid] = failures + 1
        pause = doubled(_RETRY, failures, _RETRY_MOST)
        asyncio.get_running_loop().call_later(pause, self._do, uid)

    async def _release(self) -> None:
        for name in list(self._released):
            await delete_volume(self._cluster, name)
            self._released.pop(name, None)

    async def _keep(self, uid: str) -> None:
        claim = self._claims.get(uid)
        if claim is None:
            return
        if _is_leaving(claim):
            await self._let_go(claim)
        elif claim.get("status", {}).get("phase") == "Bound":
            await self._grow(claim)
        else:
            await self._bind(claim)

    async def _let_go(self, claim: Manifest) -> None:
        finalizers = claim["metadata"].get("finalizers") or []
        if CLAIM_FINALIZER not in finalizers or any(uses_claim(pod, claim) for pod in self._pods()):
            return
        rest = [item for item in finalizers if item != CLAIM_FINALIZER]
        await self._patch(claim, {"finalizers": rest or None})

    async def _grow(self, claim: Manifest) -> None:
        if growth := plan_growth(claim):
            await self._cluster.patch(
                PERSISTENT_VOLUMES, volume_name(claim), merge={"spec": growth}
            )
            await self._patch_status(claim, growth)

    async def _bind(self, claim: Manifest) -> None:
        plan = plan_binding(claim, await self._storage_class(claim))
        if not isinstance(plan, Binding):
            warning = plan.reason == "ProvisioningFailed"
            event = Event(plan.reason, plan.message, warning=warning)
            await self._recorder.record(claim, event, _REPORTER)
            return
        await self._cluster.apply(plan.volume, force=True, field_manager=KUBELET)
        await self._cluster.patch(
            PERSISTENT_VOLUME_CLAIMS, *_address(claim), merge=plan.claim_patch
        )
        await self._patch_status(claim, plan.claim_status)
        await self._cluster.patch(
            PERSISTENT_VOLUMES,
            volume_name(claim),
            merge={"status": {"phase": "Bound"}},
            subresource="status",
        )
        text = f"Successfully provisioned volume {volume_name(claim)}"
        await self._recorder.record(
            claim, Event("ProvisioningSucceeded", text), Reporter(PROVISIONER)
        )

    async def _storage_class(self, claim: Manifest) -> Manifest | None:
        name = claim["spec"].get("storageClassName")
        if not name:
            return None
        try:
            return await self._cluster.get(STORAGE_CLASSES, name)
        except NotFoundError:
            return None

    async def _patch(self, claim: Manifest, metadata: dict[str, Any]) -> None:
        """Change a claim only as it was seen: somebody else may have changed it meanwhile."""
        version = claim["metadata"]["resourceVersion"]
        change = {"metadata": {"resourceVersion": version, **metadata}}
        await self._cluster.patch(PERSISTENT_VOLUME_CLAIMS, *_address(claim), merge=change)

    async def _patch_status(self, claim: Manifest, status: Manifest) -> None:
        uid = claim["metadata"]["uid"]
        await self._cluster.patch(
            PERSISTENT_VOLUME_CLAIMS,
            *_address(claim),
            merge={"metadata": {"uid": uid}, "status": status},
            subresource="status",
        )


async def delete_volume(cluster: KubeletCluster, name: str) -> None:
    """Delete a volume for good; one that is gone already is no error."""
    try:
        await cluster.delete(PERSISTENT_VOLUMES, name)
        # Its protection is lifted by a controller that the sandbox does not run.
        await cluster.patch(PERSISTENT_VOLUMES, name, merge={"metadata": {"finalizers": None}})
    except NotFoundError:
        return


def _address(claim: Manifest) -> tuple[str, str]:
    return claim["metadata"]["name"], claim["metadata"]["namespace"]


def _is_leaving(claim: Manifest) -> bool:
    return "deletionTimestamp" in claim["metadata"]
