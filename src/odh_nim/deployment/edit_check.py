"""What the cluster says about an edit before anything is written: storage class, Secrets, GPUs."""

import asyncio
from dataclasses import dataclass
from typing import Protocol, TypeVar

from odh_nim.deployment.edit import EditPlan, key_secrets_of
from odh_nim.deployment.restart_plan import PlanCluster, plan_restarts
from odh_nim.deployment.structs import StorageClass
from odh_nim.domain.deployment_spec import KeyChoice, Strategy
from odh_nim.domain.errors import ClusterError, ForbiddenError, NotFoundError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    STORAGE_CLASSES,
    ApiResource,
)

T = TypeVar("T")


class CheckCluster(PlanCluster, Protocol):
    """The calls that checking an edit needs; none of them writes."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


@dataclass(frozen=True)
class EditCheck:
    """What was found; `strategy` is how pods must be replaced where GPUs leave no other way."""

    findings: tuple[Finding, ...]
    strategy: Strategy | None = None


async def check_edit(cluster: CheckCluster, plan: EditPlan) -> EditCheck:
    """Ask the cluster, all at once."""
    storage, secrets, room = await asyncio.gather(
        _storage(cluster, plan), _secrets(cluster, plan), _room(cluster, plan)
    )
    strategy, warning = room
    return EditCheck((*storage, *secrets, *warning), strategy)


async def _storage(cluster: CheckCluster, plan: EditPlan) -> list[Finding]:
    grown = next(
        (one for one in plan.patches if one.reference.resource is PERSISTENT_VOLUME_CLAIMS), None
    )
    if grown is None:
        return []
    subject = str(grown.reference)
    name = grown.before["spec"].get("storageClassName")
    if not name:
        text = "The claim names no storage class: whether it can grow cannot be told."
        return [Finding(Severity.NOTICE, "cannot-tell", subject, text)]
    try:
        classes = await cluster.list_as(STORAGE_CLASSES, StorageClass)
    except ForbiddenError as error:
        text = f"Whether storage class {name} lets claims grow cannot be told: {error.cause}"
        return [Finding(Severity.NOTICE, "cannot-tell", subject, text)]
    found = next((one for one in classes if one.metadata.name == name), None)
    if found is not None and found.allow_volume_expansion:
        return []
    return [
        Finding(
            Severity.ERROR,
            "class-fixed",
            subject,
            f"Storage class {name} does not let claims grow.",
            "Deploy again with a larger claim, or ask an admin to allow expansion.",
        )
    ]


async def _secrets(cluster: CheckCluster, plan: EditPlan) -> list[Finding]:
    """Make sure that a key is there before a deployment refers to it."""
    wanted = key_secrets_of(plan)
    missing = []
    for name in wanted or ():
        try:
            await cluster.get(SECRETS, name, plan.namespace)
        except NotFoundError:
            missing.append(name)
        except ClusterError as error:
            text = f"Whether it is there cannot be told: {error.cause}"
            return [Finding(Severity.ERROR, "cannot-tell", f"Secret/{name}", text)]
    option = f" --deployment {plan.name}" if plan.after.key is KeyChoice.OWN else ""
    return [
        Finding(
            Severity.ERROR,
            "key-missing",
            f"Secret/{name}",
            "It is not there.",
            f"Set the key first: odh-nim keys set -n {plan.namespace}{option}",
        )
        for name in missing
    ]


async def _room(cluster: CheckCluster, plan: EditPlan) -> tuple[Strategy | None, list[Finding]]:
    """Look whether the new pod finds GPUs beside the old one."""
    if not plan.restarts or plan.after.strategy is Strategy.RECREATE:
        return None, []
    (step,) = await plan_restarts(cluster, [plan.name], plan.namespace)
    if step.strategy is None:
        return None, []
    return Strategy.RECREATE, [
        Finding(Severity.WARNING, "strategy", "strategy", step.warning, "It serves nothing then.")
    ]
