"""Does the plan fit into the project's quotas."""

from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from odh_nim.deployment.checks.cluster import PreflightCluster, cannot_tell
from odh_nim.deployment.plan import Plan
from odh_nim.deployment.structs import ResourceQuota
from odh_nim.domain.deployment_spec import NewClaim
from odh_nim.domain.errors import ForbiddenError, InvalidQuantityError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.quantity import GIB, gibibytes, parse_quantity
from odh_nim.domain.resources import RESOURCE_QUOTAS

# Old quota names of counts, beside `count/…`.
_SHORT_COUNTS: Final = ("persistentvolumeclaims", "secrets", "services", "configmaps")


async def check_quota(cluster: PreflightCluster, plan: Plan) -> list[Finding]:
    """Compare every quota's hard, used and what the plan adds."""
    try:
        quotas = await cluster.list_as(RESOURCE_QUOTAS, ResourceQuota, plan.spec.namespace)
    except ForbiddenError as error:
        return [cannot_tell("quota", "What the project's quota leaves", error)]
    if not quotas:
        return []
    refused, waiting = needs_of(plan)
    return [
        finding
        for quota in quotas
        for needs, severity in ((refused, Severity.ERROR), (waiting, Severity.WARNING))
        for finding in _exceeded(quota, needs, severity)
    ]


def needs_of(plan: Plan) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Say what a plan takes: of objects, which are refused, and of pods, which wait."""
    objects: Counter[str] = Counter()
    for reference in plan.references:
        objects[f"count/{reference.resource.full_name}"] += 1
        if reference.resource.plural in _SHORT_COUNTS:
            objects[reference.resource.plural] += 1
    refused = {name: Decimal(count) for name, count in objects.items()}
    spec = plan.spec
    if isinstance(spec.storage, NewClaim):
        size = parse_quantity(spec.storage.size)
        refused["requests.storage"] = size
        if spec.storage.storage_class:
            name = f"{spec.storage.storage_class}.storageclass.storage.k8s.io"
            refused[f"{name}/requests.storage"] = size
            refused[f"{name}/persistentvolumeclaims"] = Decimal(1)
    cpu = parse_quantity(spec.resources.cpu) * spec.replicas
    memory = parse_quantity(spec.resources.memory) * spec.replicas
    waiting = {
        "pods": Decimal(spec.replicas),
        "count/pods": Decimal(spec.replicas),
        **dict.fromkeys(("cpu", "requests.cpu", "limits.cpu"), cpu),
        **dict.fromkeys(("memory", "requests.memory", "limits.memory"), memory),
        f"requests.{spec.resources.gpu_resource}": Decimal(spec.resources.gpus * spec.replicas),
    }
    return refused, waiting


def _exceeded(
    quota: ResourceQuota, needs: Mapping[str, Decimal], severity: Severity
) -> Iterator[Finding]:
    for name, limit in (quota.status.hard or {}).items():
        need = needs.get(name)
        used = (quota.status.used or {}).get(name, "0")
        if not need:
            continue
        try:
            over = parse_quantity(str(used)) + need > parse_quantity(str(limit))
        except InvalidQuantityError:
            continue
        if over:
            outcome = "is refused" if severity is Severity.ERROR else "waits"
            yield Finding(
                severity,
                "quota",
                f"ResourceQuota/{quota.metadata.name}",
                f"{name}: {used} of {limit} are used, the deployment needs {_plain(need)} more "
                f"and {outcome}.",
                "Free some of it, ask for less, or ask an admin for more.",
            )


def _plain(amount: Decimal) -> str:
    """Write an amount as people ask for it: 53687091200 as 50Gi."""
    return gibibytes(amount) if amount % GIB == 0 else f"{amount.normalize():f}"
