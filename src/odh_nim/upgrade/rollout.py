"""Replaces the pods of one deployment once, and believes only pods with the new references.

`Ready` of the InferenceService stays true while the new pod waits or cannot pull; a rollout restart
of the Deployment would be taken back by KServe.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade.ports import UpgradeCluster
from odh_nim.upgrade.references import Uses, Wanted

_PULL_FAULTS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"}
)
_CRASHES: Final = 3
_GPU: Final = "nvidia.com/gpu"
_ANNOTATIONS: Final = "/spec/predictor/annotations"


@dataclass(frozen=True)
class Pace:
    """How long to look for what, in seconds."""

    # How long KServe may take to roll by itself before it is asked to.
    settle: float = 15.0
    # How long a fault of a new pod must last before it counts.
    patience: float = 120.0
    # How long a new pod may wait for a GPU before the old one makes room.
    squeeze: float = 20.0
    poll: float = 1.0


@dataclass(frozen=True)
class Rollout:
    """One deployment on its way to new references. `before` are the uids of its old pods."""

    name: str
    namespace: str
    wanted: int
    new_names: frozenset[str]
    old_names: frozenset[str]
    before: frozenset[str]
    # Of KServe's Deployment; it grows with every change of its specification.
    generation: int = 0
    # Nothing runs and nothing is meant to: nobody waits for a pod.
    sleeps: bool = False

    def is_new(self, pod: Manifest) -> bool:
        """Say whether a pod was made since, and names the new Secrets and no old one."""
        metadata = pod["metadata"]
        if metadata["uid"] in self.before or metadata.get("deletionTimestamp"):
            return False
        uses = Uses()
        uses.add(pod, Wanted(self.new_names | self.old_names))
        here = metadata["namespace"]
        named = all(uses.of_secret(here, name) for name in self.new_names)
        return named and not any(uses.of_secret(here, name) for name in self.old_names)


@dataclass(frozen=True)
class Rolled:
    """How a rollout ended: `fault` is why new pods do not serve, `asked` that we had to ask."""

    fault: str | None
    asked: bool


async def pods_of(cluster: UpgradeCluster, name: str, namespace: str) -> list[Manifest]:
    """List the pods of a deployment."""
    selector = f"{names.INFERENCE_SERVICE_LABEL}={name}"
    return await cluster.list(kinds.PODS, namespace, label_selector=selector)


async def roll(
    cluster: UpgradeCluster,
    rollout: Rollout,
    within: float,
    *,
    pace: Pace,
    told: Callable[[str], None],
) -> Rolled:
    """Bring new pods up, and say whether they serve.

    Newer KServe rolls on a change of the runtime by itself; older must be asked through an
    annotation of the InferenceService, which it copies to the pods. Never both: one restart.
    """
    started = time.monotonic()
    watch = _Watch(pace)
    asked = False
    while True:
        pods = await pods_of(cluster, rollout.name, rollout.namespace)
        new = [pod for pod in pods if rollout.is_new(pod)]
        if sum(is_ready(pod) for pod in new) >= rollout.wanted:
            return Rolled(None, asked)
        passed = time.monotonic() - started
        if not asked and not new and passed >= pace.settle:
            asked = True
            if not await _renders_new(cluster, rollout):
                told("this KServe does not roll by itself: asking for a restart")
                await ask_for_restart(cluster, rollout.name, rollout.namespace)
        fault = watch.fault(new)
        if fault is not None:
            return Rolled(fault, asked)
        if watch.starves(new) and await _make_room(cluster, rollout):
            told("no second GPU is free: the old pod stops before the new one starts")
        if passed > within:
            return Rolled(f"no new pod serves after {within:.0f} s", asked)
        await asyncio.sleep(pace.poll)


class _Watch:
    """Remembers since when new pods are in trouble."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._faulty_since: float | None = None
        self._starving_since: float | None = None

    def fault(self, new: Sequence[Manifest]) -> str | None:
        found = next((text for pod in new if (text := trouble(pod))), None)
        if found is None:
            self._faulty_since = None
            return None
        self._faulty_since = self._faulty_since or time.monotonic()
        lasted = time.monotonic() - self._faulty_since
        return found if lasted >= self._pace.patience else None

    def starves(self, new: Sequence[Manifest]) -> bool:
        if not any(lacks_gpu(pod) for pod in new):
            self._starving_since = None
            return False
        self._starving_since = self._starving_since or time.monotonic()
        return time.monotonic() - self._starving_since >= self._pace.squeeze


def is_ready(pod: Manifest) -> bool:
    """Say whether a pod serves."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)


def trouble(pod: Manifest) -> str | None:
    """Say what keeps a pod from serving, where that is no matter of time."""
    for status in (pod.get("status") or {}).get("containerStatuses") or []:
        waiting: dict[str, Any] = (status.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason") or "")
        if reason in _PULL_FAULTS:
            return f"its new pod cannot start: {reason}"
        if int(status.get("restartCount") or 0) >= _CRASHES:
            return f"its new pod ends again and again ({status.get('name')})"
    return None


def lacks_gpu(pod: Manifest) -> bool:
    """Say whether a pod waits for a GPU."""
    for one in (pod.get("status") or {}).get("conditions") or []:
        if one.get("type") == "PodScheduled" and one.get("status") == "False":
            return _GPU in str(one.get("message") or "")
    return False


async def _renders_new(cluster: UpgradeCluster, rollout: Rollout) -> bool:
    """Say whether KServe has put the change into the Deployment already."""
    found = await deployment_of(cluster, rollout.name, rollout.namespace)
    if found is None or found["metadata"].get("generation", 0) <= rollout.generation:
        return False
    uses = Uses()
    uses.add(found, Wanted(rollout.new_names))
    return all(uses.of_secret(rollout.namespace, name) for name in rollout.new_names)


async def deployment_of(cluster: UpgradeCluster, name: str, namespace: str) -> Manifest | None:
    """Read the Deployment that KServe makes; None where it makes none."""
    try:
        return await cluster.get(kinds.DEPLOYMENTS, names.predictor(name), namespace)
    except NotFoundError:
        return None


async def ask_for_restart(cluster: UpgradeCluster, name: str, namespace: str) -> None:
    """Put a time into the pods' annotations, through the InferenceService."""
    found = await cluster.get(kinds.INFERENCE_SERVICES, name, namespace)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    predictor = (found.get("spec") or {}).get("predictor") or {}
    patch = [{"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]}]
    if not predictor.get("annotations"):
        patch.append({"op": "add", "path": _ANNOTATIONS, "value": {names.RESTARTED_AT: now}})
    else:
        path = f"{_ANNOTATIONS}/{names.RESTARTED_AT.replace('/', '~1')}"
        patch.append({"op": "add", "path": path, "value": now})
    await cluster.patch(kinds.INFERENCE_SERVICES, name, namespace, json_patch=patch)


async def _make_room(cluster: UpgradeCluster, rollout: Rollout) -> bool:
    """Scale the ReplicaSets of old pods to nothing: a Deployment never scales those up again."""
    changed = False
    for item in await cluster.list(kinds.REPLICA_SETS, rollout.namespace):
        if not _is_old(item, rollout) or not (item.get("spec") or {}).get("replicas"):
            continue
        patch = [
            {"op": "test", "path": "/metadata/uid", "value": item["metadata"]["uid"]},
            {"op": "replace", "path": "/spec/replicas", "value": 0},
        ]
        await cluster.patch(
            kinds.REPLICA_SETS, item["metadata"]["name"], rollout.namespace, json_patch=patch
        )
        changed = True
    return changed


def _is_old(replica_set: Manifest, rollout: Rollout) -> bool:
    owners = replica_set["metadata"].get("ownerReferences") or []
    mine = any(
        owner.get("kind") == "Deployment" and owner.get("name") == names.predictor(rollout.name)
        for owner in owners
    )
    uses = Uses()
    uses.add(replica_set, Wanted(rollout.new_names))
    return mine and not all(uses.of_secret(rollout.namespace, name) for name in rollout.new_names)
