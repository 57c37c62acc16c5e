"""Which nodes have GPUs free for a deployment, and why the others have not."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.deployment.checks.cluster import PreflightCluster
from odh_nim.deployment.structs import Node, PodUse
from odh_nim.domain.errors import InvalidQuantityError
from odh_nim.domain.quantity import parse_quantity
from odh_nim.domain.resources import NODES, PODS

_ACTIVE: Final = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
_REPELLING: Final = ("NoSchedule", "NoExecute")
_MIB_PER_GIB: Final = 1024


@dataclass(frozen=True)
class NodeGpus:
    """One node that has GPUs; `obstacle` says why its free ones cannot be used."""

    node: str
    total: int
    free: int
    product: str = ""
    memory_gib: int | None = None
    obstacle: str = ""

    def __str__(self) -> str:
        text = f"{self.node}: {self.free} of {self.total} free"
        return f"{text}, but {self.obstacle}" if self.obstacle else text


@dataclass(frozen=True)
class GpuReport:
    """The GPUs of the cluster as one deployment sees them."""

    resource: str
    nodes: tuple[NodeGpus, ...]

    def replicas(self, gpus: int, *, one_node: bool = False) -> int:
        """Count how many replicas of so many GPUs fit now; all on one node where they must."""
        if gpus <= 0:
            return 0
        counts = [node.free // gpus for node in self.nodes if not node.obstacle]
        return max(counts, default=0) if one_node else sum(counts)


@dataclass(frozen=True)
class Placement:
    """Where a pod may go."""

    node_selector: Mapping[str, str]
    tolerations: Sequence[Mapping[str, Any]]


async def read_gpus(
    cluster: PreflightCluster,
) -> tuple[list[Node], list[PodUse]]:
    """Read nodes and running pods.

    Raises:
        ForbiddenError: The caller may not; most users of a project may not.

    """
    nodes, pods = await asyncio.gather(
        cluster.list_as(NODES, Node),
        cluster.list_as(PODS, PodUse, field_selector=_ACTIVE),
        return_exceptions=True,
    )
    # Whoever may list neither hears the same each time, not what came back first.
    if isinstance(nodes, BaseException):
        raise nodes
    if isinstance(pods, BaseException):
        raise pods
    return nodes, pods


def gpu_report(
    nodes: Iterable[Node], pods: Iterable[PodUse], resource: str, placement: Placement
) -> GpuReport:
    """Count what is free: allocatable less what running pods ask for."""
    taken: Counter[str] = Counter()
    for pod in pods:
        taken[pod.spec.node_name] += _asked(pod, resource)
    found = []
    for node in nodes:
        total = _count((node.status.allocatable or {}).get(resource))
        if total:
            found.append(
                NodeGpus(
                    node.metadata.name,
                    total,
                    max(0, total - taken[node.metadata.name]),
                    node.metadata.label("nvidia.com/gpu.product") or "",
                    _gib(node.metadata.label("nvidia.com/gpu.memory")),
                    _obstacle(node, placement),
                )
            )
    return GpuReport(resource, tuple(sorted(found, key=lambda one: one.node)))


def _asked(pod: PodUse, resource: str) -> int:
    def of(containers: Iterable[Any]) -> list[int]:
        return [
            _count((item.resources.requests or item.resources.limits or {}).get(resource))
            for item in containers
            if item.resources
        ]

    # Helpers that run first use what the others use later.
    return max(sum(of(pod.spec.containers)), max(of(pod.spec.init_containers), default=0))


def _count(amount: object) -> int:
    try:
        return int(parse_quantity(str(amount or 0)))
    except InvalidQuantityError:
        return 0


def _gib(mebibytes: str | None) -> int | None:
    if mebibytes is None or not mebibytes.isdecimal():
        return None
    return round(int(mebibytes) / _MIB_PER_GIB)


def _obstacle(node: Node, placement: Placement) -> str:
    if node.spec.unschedulable:
        return "it is cordoned"
    if any(one.type == "Ready" and one.status != "True" for one in node.status.conditions):
        return "it is not ready"
    labels = node.metadata.labels or {}
    for name, value in placement.node_selector.items():
        if labels.get(name) != value:
            return f"it has not the label {name}={value}"
    for taint in node.spec.taints:
        if taint.effect in _REPELLING and not any(
            _tolerates(one, taint.key, taint.value, taint.effect) for one in placement.tolerations
        ):
            value = f"={taint.value}" if taint.value else ""
            return f"the deployment does not tolerate its taint {taint.key}{value}"
    return ""


def _tolerates(toleration: Mapping[str, Any], key: str, value: str, effect: str) -> bool:
    if toleration.get("effect") not in (None, "", effect):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", key)
    return toleration.get("key") == key and (toleration.get("value") or "") == value
