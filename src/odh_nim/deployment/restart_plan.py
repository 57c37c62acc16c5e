"""How each deployment can be restarted with the GPUs that are free now."""

import asyncio
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol, TypeVar

from odh_nim.deployment.checks.gpus import GpuReport, Placement, gpu_report
from odh_nim.deployment.extract import serving_container
from odh_nim.deployment.observed import claims_of, is_stopped, wanted_replicas
from odh_nim.deployment.restart_note import read_note, runtime_of
from odh_nim.deployment.restart_patch import Restored
from odh_nim.deployment.structs import Node, PodUse
from odh_nim.deployment.switch import is_operators
from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.manifest import Manifest, labels
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    NODES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    SERVING_RUNTIMES,
    ApiResource,
)

T = TypeVar("T")
_RECREATE: Final = {"type": "Recreate"}
_ONE_BY_ONE: Final = {
    "type": "RollingUpdate",
    "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1},
}
_ACTIVE: Final = "spec.nodeName!=,status.phase!=Succeeded,status.phase!=Failed"
_NVIDIA: Final = "nvidia.com/"
# Kubernetes' default: this share of the replicas may be missing, rounded down.
_UNAVAILABLE: Final = 0.25


class PlanCluster(Protocol):
    """The calls that planning restarts needs."""

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[T]:
        """List objects, of each only what the type names."""

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """List whole objects."""


@dataclass(frozen=True)
class RestartStep:
    """One deployment to restart.

    `strategy` is written where the one that is there would wait for ever, with its `warning`;
    `making_room` is what helps where that shows only later. `unrestored` is what an earlier restart
    changed and has not brought back.
    """

    name: str
    stopped: bool = False
    operators: bool = False
    strategy: dict[str, Any] | None = None
    warning: str = ""
    making_room: dict[str, Any] = field(default_factory=lambda: dict(_RECREATE))
    unrestored: Restored | None = None
    # As it was read for the plan.
    service: Manifest | None = field(default=None, repr=False)


async def plan_restarts(
    cluster: PlanCluster, deployments: Sequence[str], namespace: str
) -> tuple[RestartStep, ...]:
    """Plan the restart of each deployment, in the order given.

    Who may not see nodes learns only while restarting whether GPUs are free.
    """
    if not deployments:
        return ()
    services, runtimes, pods, claims, gpus = await asyncio.gather(
        cluster.list(INFERENCE_SERVICES, namespace),
        cluster.list(SERVING_RUNTIMES, namespace),
        _optional(cluster, PODS, namespace, names.INFERENCE_SERVICE_LABEL),
        _optional(cluster, PERSISTENT_VOLUME_CLAIMS, namespace, None),
        _gpus(cluster),
    )
    room = _Room(gpus, pods, {item["metadata"]["name"]: item for item in claims})
    by_name = {item["metadata"]["name"]: item for item in services}
    by_runtime = {item["metadata"]["name"]: item for item in runtimes}
    return tuple(
        room.step(by_name[name], by_runtime) if name in by_name else RestartStep(name)
        for name in deployments
    )


async def _optional(
    cluster: PlanCluster, resource: ApiResource, namespace: str, selector: str | None
) -> list[Manifest]:
    try:
        return await cluster.list(resource, namespace, label_selector=selector)
    except ForbiddenError:
        return []


async def _gpus(cluster: PlanCluster) -> tuple[list[Node], list[PodUse]] | None:
    try:
        nodes, pods = await asyncio.gather(
            cluster.list_as(NODES, Node), cluster.list_as(PODS, PodUse, field_selector=_ACTIVE)
        )
    except ForbiddenError:
        return None
    return nodes, pods


class _Room:
    """The free GPUs, as each deployment may use them."""

    def __init__(
        self,
        gpus: tuple[list[Node], list[PodUse]] | None,
        pods: Sequence[Manifest],
        claims: dict[str, Manifest],
    ) -> None:
        self._gpus = gpus
        self._pods = pods
        self._claims = claims

    def step(self, service: Manifest, runtimes: dict[str, Manifest]) -> RestartStep:
        """Plan one deployment."""
        name = service["metadata"]["name"]
        predictor = service["spec"]["predictor"]
        replicas = wanted_replicas(service)
        room = dict(_RECREATE if replicas <= 1 else _ONE_BY_ONE)
        runtime = runtimes.get(runtime_of(service), {})
        step = RestartStep(
            name,
            is_stopped(service),
            is_operators(service),
            making_room=room,
            unrestored=read_note(service, runtime),
            service=service,
        )
        if step.stopped or step.operators or not _would_wait(predictor, replicas):
            return step
        resource, amount = _gpus_of(predictor, runtime)
        if not amount or self._second_set(name, predictor, resource, amount) is not False:
            return step
        what = f"{amount} GPU{'s' if amount > 1 else ''}"
        return replace(
            step,
            strategy=room,
            warning=f"No second set of {what} is free: the old pod stops before the new one "
            "starts.",
        )

    def _second_set(
        self, name: str, predictor: dict[str, Any], resource: str, amount: int
    ) -> bool | None:
        """Say whether one more pod would find its GPUs; None where nobody can tell."""
        if self._gpus is None:
            return None
        placement = Placement(
            predictor.get("nodeSelector") or {}, predictor.get("tolerations") or ()
        )
        report: GpuReport = gpu_report(*self._gpus, resource, placement)
        if not report.nodes:
            return None
        bound = self._bound_to(name)
        return any(
            node.free >= amount
            for node in report.nodes
            if not node.obstacle and (bound is None or node.node in bound)
        )

    def _bound_to(self, name: str) -> set[str] | None:
        """Name the nodes that a claim for a single node binds the pods to; None for any."""
        own = [pod for pod in self._pods if labels(pod).get(names.INFERENCE_SERVICE_LABEL) == name]
        modes: Counter[str] = Counter()
        for claim in claims_of(own):
            found = self._claims.get(claim)
            modes.update((found or {}).get("spec", {}).get("accessModes") or [])
        if not modes or any(mode.endswith("Many") for mode in modes):
            return None
        return {str(pod["spec"].get("nodeName") or "") for pod in own}


def _would_wait(predictor: dict[str, Any], replicas: int) -> bool:
    """Say whether a new pod starts while all old ones keep their GPUs."""
    strategy = predictor.get("deploymentStrategy") or {}
    if strategy.get("type") == _RECREATE["type"]:
        return False
    missing = (strategy.get("rollingUpdate") or {}).get("maxUnavailable", _UNAVAILABLE)
    if isinstance(missing, str):
        share = missing.removesuffix("%")
        missing = int(share) / 100 if share.isdecimal() else _UNAVAILABLE
    allowed = missing if isinstance(missing, int) else math.floor(missing * replicas)
    return allowed < 1


def _gpus_of(predictor: dict[str, Any], runtime: Manifest) -> tuple[str, int]:
    amounts: dict[str, Any] = {}
    for holder in (serving_container(runtime), predictor.get("model") or {}):
        resources = holder.get("resources") or {}
        amounts |= {**(resources.get("requests") or {}), **(resources.get("limits") or {})}
    resource = next((name for name in amounts if name.startswith(_NVIDIA)), names.GPU_RESOURCE)
    amount = str(amounts.get(resource, "0"))
    return resource, int(amount) if amount.isdecimal() else 0
