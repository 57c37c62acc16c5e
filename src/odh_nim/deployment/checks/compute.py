"""GPUs and hardware profile: does the deployment fit, and can it be doubled for an update."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from odh_nim.deployment.checks.cluster import PreflightCluster, cannot_tell
from odh_nim.deployment.checks.gpus import GpuReport, Placement, gpu_report, read_gpus
from odh_nim.deployment.plan import Plan
from odh_nim.deployment.structs import Node, PodUse
from odh_nim.domain.deployment_spec import DeploymentSpec, NewClaim, Strategy
from odh_nim.domain.errors import (
    ForbiddenError,
    InvalidQuantityError,
    KindNotServedError,
    NotFoundError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.quantity import parse_quantity
from odh_nim.domain.resources import HARDWARE_PROFILES

_NODES_NAMED: Final = 6


@dataclass(frozen=True)
class Compute:
    """What was found about GPUs, and the strategy that works with them."""

    findings: list[Finding]
    gpus: GpuReport | None
    strategy: Strategy
    reason: str = ""


async def check_compute(cluster: PreflightCluster, plan: Plan) -> Compute:
    """Look at the profile and at every node's GPUs at once."""
    spec = plan.spec
    profile, seen = await asyncio.gather(_profile(cluster, spec), _gpus(cluster, spec))
    findings = list(profile) if isinstance(profile, tuple) else []
    scheduling: dict[str, Any] = {}
    if isinstance(profile, dict):
        scheduling = profile["spec"].get("scheduling") or {}
        findings += _profile_findings(profile, spec)
    if seen is None or isinstance(seen, Finding):
        return Compute(findings + ([seen] if seen else []), None, spec.strategy)
    if scheduling.get("kueue"):
        # A queue decides when and where: what is free now says nothing.
        return Compute(findings, None, spec.strategy)
    node = scheduling.get("node") or {}
    placement = Placement(
        {**spec.node_selector, **(node.get("nodeSelector") or {})},
        (*(node.get("tolerations") or []), *spec.tolerations),
    )
    nodes, pods = seen
    report = gpu_report(nodes, pods, spec.resources.gpu_resource, placement)
    findings += _gpu_findings(report, spec)
    strategy, reason = choose_strategy(report, spec)
    if strategy is not spec.strategy:
        findings.append(
            Finding(Severity.NOTICE, "strategy", "strategy", reason, f"Use --strategy {strategy}.")
        )
    return Compute(findings, report, strategy, reason)


def choose_strategy(report: GpuReport, spec: DeploymentSpec) -> tuple[Strategy, str]:
    """Choose how pods are replaced: an update must not wait for GPUs that never come.

    KServe's default starts the new pod beside the old one. Where no second set of GPUs is free it
    would wait for ever, and the old pod would serve on.
    """
    gpus = spec.resources.gpus
    one_node = isinstance(spec.storage, NewClaim) and not spec.storage.access_mode.endswith("Many")
    if not report.nodes:
        return spec.strategy, ""
    if gpus <= 0 or report.replicas(gpus, one_node=one_node) > spec.replicas:
        return Strategy.ROLLING_UPDATE, ""
    where = " on one node" if one_node else ""
    reason = (
        f"No second set of {gpus} GPU{'s' if gpus > 1 else ''} is free{where}: an update stops "
        "the old pod before it starts the new one."
    )
    return Strategy.RECREATE, reason


async def _gpus(
    cluster: PreflightCluster, spec: DeploymentSpec
) -> tuple[list[Node], list[PodUse]] | Finding | None:
    if spec.resources.gpus <= 0:
        return None
    try:
        return await read_gpus(cluster)
    except ForbiddenError as error:
        return cannot_tell("gpus", "Whether GPUs are free", error)


def _gpu_findings(report: GpuReport, spec: DeploymentSpec) -> Iterator[Finding]:
    gpus, replicas = spec.resources.gpus, spec.replicas
    if not report.nodes:
        yield Finding(
            Severity.WARNING,
            "gpu-none",
            "gpus",
            f"No node offers {report.resource}.",
            "Add a node with GPUs, or check that NVIDIA's device plugin runs.",
        )
        return
    fitting = report.replicas(gpus)
    if fitting < replicas:
        nodes = "; ".join(map(str, report.nodes[:_NODES_NAMED]))
        more = len(report.nodes) - _NODES_NAMED
        nodes += f"; and {more} more nodes" if more > 0 else ""
        yield Finding(
            Severity.WARNING,
            "gpu-busy",
            "gpus",
            f"{fitting} of {replicas} replicas with {gpus} GPUs each fit now, the others wait. "
            f"{nodes}.",
            "Stop another deployment, ask for fewer GPUs, or tolerate the taint.",
        )
    yield from _model_fits(report, spec)


def _model_fits(report: GpuReport, spec: DeploymentSpec) -> Iterator[Finding]:
    need = spec.model.gpu
    usable = [node for node in report.nodes if not node.obstacle]
    if need is None or not usable:
        return
    products = {node.product for node in usable}
    if (
        need.products
        and all(products)
        and not any(
            wanted.lower() in product.lower() for wanted in need.products for product in products
        )
    ):
        yield Finding(
            Severity.NOTICE,
            "gpu-product",
            "gpus",
            f"NVIDIA publishes profiles for {', '.join(need.products)}; the nodes have "
            f"{', '.join(sorted(products))}.",
            "A generic profile may still work.",
        )
    sizes = [node.memory_gib for node in usable if node.memory_gib is not None]
    if need.memory_gib and sizes and max(sizes) * spec.resources.gpus < need.memory_gib:
        yield Finding(
            Severity.WARNING,
            "gpu-memory",
            "gpus",
            f"{spec.model.title} needs {need.memory_gib} GiB of GPU memory; {spec.resources.gpus} "
            f"GPUs here have {max(sizes) * spec.resources.gpus} GiB.",
            "Ask for more GPUs.",
        )


async def _profile(
    cluster: PreflightCluster, spec: DeploymentSpec
) -> Manifest | tuple[Finding, ...]:
    profile = spec.hardware_profile
    if profile is None:
        return ()
    subject = f"HardwareProfile/{profile.name}"
    try:
        return await cluster.get(HARDWARE_PROFILES, profile.name, profile.namespace)
    except KindNotServedError:
        message = "This cluster has no hardware profiles."
        remedy = "Give CPU, memory, GPUs, tolerations and node selector instead."
        return (Finding(Severity.ERROR, "profile-not-served", subject, message, remedy),)
    except NotFoundError:
        message = f"There is no such profile in {profile.namespace}."
        remedy = f"See `kubectl get hardwareprofiles -n {profile.namespace}`."
        return (Finding(Severity.ERROR, "profile-missing", subject, message, remedy),)
    except ForbiddenError as error:
        # Admission resolves it without any right of the user.
        return (cannot_tell(subject, "What it asks for", error),)


def _profile_findings(profile: Manifest, spec: DeploymentSpec) -> Iterator[Finding]:
    resources = spec.resources
    amounts = {
        "cpu": resources.cpu,
        "memory": resources.memory,
        resources.gpu_resource: str(resources.gpus),
    }
    for identifier in profile["spec"].get("identifiers") or []:
        name = identifier.get("identifier")
        if name in amounts:
            yield from _outside(str(name), amounts[name], identifier, profile)


def _outside(
    name: str, amount: str, identifier: dict[str, Any], profile: Manifest
) -> Iterator[Finding]:
    least, most = identifier.get("minCount"), identifier.get("maxCount")
    try:
        wanted = parse_quantity(amount)
        low = least is not None and wanted < parse_quantity(str(least))
        high = most is not None and wanted > parse_quantity(str(most))
    except InvalidQuantityError:
        return
    if low or high:
        yield Finding(
            Severity.WARNING,
            "profile-range",
            name,
            f"{amount} is {'less' if low else 'more'} than HardwareProfile/"
            f"{profile['metadata']['name']} wants ({least if low else most}).",
        )
