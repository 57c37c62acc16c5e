"""Changes of a deployment as the page asks for them."""

import hashlib
import json
from dataclasses import replace

from odh_nim.deployment import (
    DeploymentObjects,
    DeploymentView,
    EditChange,
    EditPlan,
    extract_spec,
    get_deployment,
    read_objects,
)
from odh_nim.deployment.rules_text import looks_secret
from odh_nim.domain.deployment_spec import EnvVar, ExistingClaim, KeyChoice, Strategy
from odh_nim.domain.errors import EditConflictError, ForbiddenError, RejectedError
from odh_nim.domain.model import Model
from odh_nim.journeys.edit import (
    EditContext,
    carry_out,
    check_pull,
    in_catalog,
    prepare_edit,
    rehearse,
    require,
)
from odh_nim.web.faults import TooOftenError
from odh_nim.web.keeping import a_place
from odh_nim.web.schemas_change import ChangeIn, ChangePlanOut, EnvOut, SpecificationOut
from odh_nim.web.services import Services
from odh_nim.web.views import findings_out
from odh_nim.web.views_deploy import finding_of, objects_out
from odh_nim.web.wishes import variable_of


async def show_specification(given: Services, project: str, name: str) -> SpecificationOut:
    """Say what can be changed.

    Raises:
        UnknownModelError: There is no such deployment, or it cannot be changed.
        ConflictError: It belongs to NVIDIA's operator.

    """
    site = await given.installation()
    objects = await read_objects(given.cluster, name, project)
    return _specification_out(objects, in_catalog(site.catalog, extract_spec(objects).model))


async def show_change(given: Services, project: str, name: str, wanted: ChangeIn) -> ChangePlanOut:
    """Say what a change would do; nothing is written."""
    plan = await _planned(given, project, name, wanted)
    if plan.patches and not plan.errors:
        try:
            await rehearse(given.cluster, plan)
        except (RejectedError, ForbiddenError, EditConflictError) as error:
            found = finding_of(error, "refused", name)
            plan = replace(plan, findings=(*plan.findings, found))
    return ChangePlanOut(
        base=_base(plan.objects),
        diff=plan.diff,
        restarts=plan.restarts,
        objects=objects_out(patch.reference for patch in plan.patches),
        findings=findings_out(plan.findings),
    )


async def change(given: Services, project: str, name: str, wanted: ChangeIn) -> DeploymentView:
    """Make a change, or leave the deployment as it was.

    Raises:
        EditConflictError: Somebody else changed it since `base`.
        EditFailedError: A write failed; what was written is taken back, or named.

    """
    plan = await _planned(given, project, name, wanted)
    if wanted.base is not None and wanted.base != _base(plan.objects):
        raise EditConflictError(name, project, plan.diff)
    require(plan)
    if plan.patches:
        await carry_out(given.cluster, plan)
    return await get_deployment(given.cluster, name, project)


async def _planned(given: Services, project: str, name: str, wanted: ChangeIn) -> EditPlan:
    site = await given.installation()
    context = EditContext(site.applications_namespace, site.catalog)
    plan = await prepare_edit(given.cluster, name, project, _change_of(wanted), context)
    if plan.errors or not site.config.may_ask_nvidia or (wanted.tag is None and not wanted.key):
        return plan
    try:
        async with await a_place(given, purpose="plan"):
            pulls = await check_pull(given.cluster, given.nvidia.registry, plan)
    except TooOftenError:
        return plan
    return replace(plan, findings=(*plan.findings, *pulls))


def _base(objects: DeploymentObjects) -> str:
    """Hash what people decide: what controllers write all the time does not count."""
    parts = []
    for item in (objects.service, objects.runtime, objects.claim):
        if item is not None:
            metadata = item["metadata"]
            parts.append([item.get("spec"), metadata.get("labels"), metadata.get("annotations")])
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _change_of(wanted: ChangeIn) -> EditChange:
    return EditChange(
        tag=wanted.tag,
        gpus=wanted.gpus,
        cpu=wanted.cpu,
        memory=wanted.memory,
        replicas=wanted.replicas,
        env=tuple(variable_of(one) for one in wanted.env),
        unset_env=wanted.unset_env,
        args=wanted.args,
        storage_size=wanted.storage_size,
        protocol=wanted.protocol,
        key=KeyChoice(wanted.key) if wanted.key else None,
        strategy=Strategy(wanted.strategy) if wanted.strategy else None,
        display_name=wanted.display_name,
        description=wanted.description,
    )


def _specification_out(objects: DeploymentObjects, model: Model | None) -> SpecificationOut:
    spec, claim = extract_spec(objects, model=model), objects.claim
    size = claim["spec"].get("resources", {}).get("requests", {}).get("storage") if claim else None
    return SpecificationOut(
        name=spec.name,
        project=spec.namespace,
        display_name=spec.display_name,
        description=spec.description,
        model=model.key if model else None,
        image=str(objects.container.get("image", "")),
        tag=spec.tag,
        tags=list(model.tags) if model else [spec.tag],
        protocol=spec.protocol,
        protocols=list(spec.model.protocols),
        gpus=spec.resources.gpus,
        cpu=spec.resources.cpu,
        memory=spec.resources.memory,
        replicas=spec.replicas,
        key=spec.key.value,
        strategy=spec.strategy.value,
        env=[_env_out(one) for one in spec.env],
        args=list(spec.args),
        claim=spec.storage.name if isinstance(spec.storage, ExistingClaim) else None,
        storage_size=size,
        base=_base(objects),
    )


def _env_out(variable: EnvVar) -> EnvOut:
    hidden = bool(variable.value) and looks_secret(variable.name)
    return EnvOut(
        name=variable.name,
        value=None if hidden else variable.value,
        value_from=variable.value_from,
        hidden=hidden,
    )
