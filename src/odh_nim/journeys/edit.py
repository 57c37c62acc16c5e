"""Changes a deployment: read, plan, check with the cluster and NVIDIA, write, own what is new."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from odh_nim.catalog import Catalog, find_tag
from odh_nim.deployment import (
    EditChange,
    EditPlan,
    ObjectReference,
    apply_edit,
    extract_spec,
    key_secrets_of,
    other_users,
    plan_edit,
    read_objects,
    with_strategy,
)
from odh_nim.deployment.edit_apply import EditCluster, check_edit_writes
from odh_nim.deployment.edit_check import CheckCluster, check_edit
from odh_nim.deployment.extract import ListCluster
from odh_nim.deployment.find_template import TemplateCluster, find_template
from odh_nim.deployment.inspect import pod_selector
from odh_nim.deployment.ownership import Patcher, own, owner_reference
from odh_nim.deployment.restart_wait import WaitCluster, Waited, await_new_pods
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import (
    ClusterError,
    NotFoundError,
    PreflightError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol as Spoken
from odh_nim.domain.resources import INFERENCE_SERVICES, PODS, SECRETS
from odh_nim.keys import pull_findings, read_stored_key
from odh_nim.keys.check import PullChecker
from odh_nim.manifests.templates import RuntimeTemplate, packaged_template

_PAUSES: Final = (0.2, 0.5, 1.0)


class JourneyCluster(EditCluster, CheckCluster, ListCluster, TemplateCluster, Patcher, Protocol):
    """The calls of the whole edit."""


@dataclass(frozen=True)
class EditContext:
    """What an edit knows besides the objects: the catalogue, and where the Templates are."""

    applications_namespace: str | None
    catalog: Catalog | None = None


async def prepare_edit(
    cluster: JourneyCluster, name: str, namespace: str, change: EditChange, context: EditContext
) -> EditPlan:
    """Read the deployment and plan the change; what is wrong is found, not raised.

    Where no second set of GPUs is free, and nobody chose a strategy, the plan replaces the old pod
    first.

    Raises:
        UnknownModelError: There is no such deployment, or its model has no such tag.
        ConflictError: It belongs to NVIDIA's operator.

    """
    objects = await read_objects(cluster, name, namespace)
    spec = extract_spec(objects)
    model = in_catalog(context.catalog, spec.model)
    if model is not None and change.tag is not None:
        change = replace(change, tag=find_tag(model, change.tag))
    wanted = {spec.protocol, change.protocol or spec.protocol}
    (templates, notices), shared = await asyncio.gather(
        _templates(cluster, wanted, context.applications_namespace),
        other_users(cluster, objects),
    )
    plan = plan_edit(objects, change, templates=templates, model=model, shared_with=shared)
    found = await check_edit(cluster, plan)
    plan = replace(plan, findings=(*plan.findings, *notices, *found.findings))
    if found.strategy is not None and change.strategy is None:
        plan = with_strategy(plan, found.strategy)
    return plan


async def check_pull(
    cluster: JourneyCluster, registry: PullChecker, plan: EditPlan
) -> list[Finding]:
    """Ask whether the key in use may pull a new image; nothing where the image stays."""
    before, after = (one.model.image(one.tag, pin=one.pin) for one in (plan.before, plan.after))
    same_key = plan.before.key is plan.after.key
    if (before == after and same_key) or plan.after.key is KeyChoice.NONE:
        return []
    owner = plan.name if plan.after.key is KeyChoice.OWN else None
    try:
        stored = await read_stored_key(cluster, plan.namespace, owner)
    except ClusterError as error:
        text = f"Whether the key may pull it cannot be told: {error.cause}"
        return [Finding(Severity.NOTICE, "cannot-tell", str(after), text)]
    if stored.key is None:
        return []
    return await pull_findings(registry, stored.key, [after])


async def rehearse(cluster: JourneyCluster, plan: EditPlan) -> None:
    """Let the API server check every write; nothing is written.

    Raises:
        PreflightError: The plan has errors.
        EditConflictError: Somebody else has changed the deployment since it was read.
        ClusterError: A write is refused.

    """
    require(plan)
    await check_edit_writes(cluster, plan)


def require(plan: EditPlan) -> None:
    """Stop where the plan has errors.

    Raises:
        PreflightError: All of them at once.

    """
    if plan.errors:
        raise PreflightError(f"The edit of {plan.name}", plan.errors)


async def carry_out(
    cluster: JourneyCluster,
    plan: EditPlan,
    *,
    report: Callable[[ObjectReference], None] = lambda _: None,
) -> tuple[ObjectReference, ...]:
    """Write the change; an own key then goes with the deployment.

    Raises:
        PreflightError: The plan has errors; nothing was written.
        EditConflictError: Somebody else has changed the deployment; nothing was written.
        EditFailedError: A write failed; it is taken back, or named.

    """
    require(plan)
    changed = await apply_edit(cluster, plan, report=report)
    secrets = key_secrets_of(plan)
    if secrets is not None and plan.after.key is KeyChoice.OWN:
        await _own(cluster, plan, secrets)
    return changed


async def _own(cluster: JourneyCluster, plan: EditPlan, secrets: Sequence[str]) -> None:
    service = await cluster.get(INFERENCE_SERVICES, plan.name, plan.namespace)
    owner = owner_reference(service)
    for name in secrets:
        try:
            await own(cluster, await cluster.get(SECRETS, name, plan.namespace), owner, _PAUSES)
        except NotFoundError:
            continue


def in_catalog(catalog: Catalog | None, model: Model) -> Model | None:
    """Find the entry of the image in use: by repository, or by its end where it is mirrored."""
    if catalog is None:
        return None
    end = "/".join(model.repository.split("/")[-2:])
    exact = (one for one in catalog.models if one.repository == model.repository)
    near = (one for one in catalog.models if one.repository.endswith(f"/{end}"))
    return next(exact, None) or next(near, None)


async def _templates(
    cluster: JourneyCluster, wanted: set[Spoken], applications_namespace: str | None
) -> tuple[Mapping[Spoken, RuntimeTemplate], list[Finding]]:
    """Find the Templates; two shipped ones where one of two is missing, so that both fit."""
    if applications_namespace is None or len(wanted) == 1:
        # What both builds have in common never reaches the object: any Template will do.
        return {one: packaged_template(one) for one in wanted}, []
    found = await asyncio.gather(
        *(
            find_template(cluster, one, applications_namespace=applications_namespace)
            for one in wanted
        )
    )
    notices = [notice for _, several in found for notice in several]
    if notices:
        return {one: packaged_template(one) for one in wanted}, notices
    return {template.protocol: template for template, _ in found}, []


async def pods_now(cluster: WaitCluster, plan: EditPlan) -> frozenset[str]:
    """Name the pods by uid before the change, to tell the new ones from them."""
    pods = await cluster.list(PODS, plan.namespace, label_selector=pod_selector(plan.name))
    return frozenset(str(pod["metadata"]["uid"]) for pod in pods)


async def await_edit(
    cluster: WaitCluster,
    plan: EditPlan,
    before: frozenset[str],
    *,
    within: float,
    report: Callable[[str], None] = lambda _: None,
) -> Waited:
    """Wait for the pods that the change makes; the old ones are not asked."""
    return await await_new_pods(
        cluster,
        plan.name,
        plan.namespace,
        is_new=lambda pod: pod["metadata"]["uid"] not in before,
        within=within,
        on_starved=_nothing,
        report=report,
    )


async def _nothing() -> None: ...
