"""Plans and their making, as they go over the wire."""

from collections.abc import Iterable

import msgspec

from odh_nim.deployment import Deployed, ObjectReference, Plan, Preflight, Step
from odh_nim.deployment.endpoints import endpoints_of
from odh_nim.deployment.structs_serving import Runtime, Service
from odh_nim.deployment.view import Endpoint
from odh_nim.domain.deployment_spec import NewClaim
from odh_nim.domain.errors import OdhNimError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import cache_claim
from odh_nim.domain.resources import INFERENCE_SERVICES, SERVING_RUNTIMES
from odh_nim.journeys.choice import Choice
from odh_nim.manifests.yaml import dump_all
from odh_nim.web.command import deploy_command
from odh_nim.web.problems import describe_error
from odh_nim.web.schemas import ProblemOut
from odh_nim.web.schemas_deploy import (
    DeployDoneOut,
    DeployedOut,
    DeployIn,
    DeployStepOut,
    EndpointOut,
    FailedOut,
    ObjectOut,
    PlannedObjectOut,
    PlanOut,
)
from odh_nim.web.views import findings_out


def plan_out(
    choice: Choice, plan: Plan, found: Preflight, wanted: DeployIn, *, checked: bool
) -> PlanOut:
    """Show a plan; nothing secret is in it."""
    spec = plan.spec
    storage = spec.storage
    return PlanOut(
        request_id=plan.request_id,
        name=spec.name,
        image=_image(plan),
        protocol=spec.protocol,
        claim=cache_claim(spec.name) if isinstance(storage, NewClaim) else storage.name,
        strategy=spec.strategy.value,
        strategy_reason=found.strategy_reason,
        checked=checked,
        findings=findings_out(found.findings),
        objects=[
            PlannedObjectOut(
                kind=one["kind"],
                name=one["metadata"]["name"],
                action="create",
                owned=plan.owns(one),
            )
            for one in plan.manifests
        ],
        endpoints=endpoints_out(_endpoints(choice, plan)),
        yaml=dump_all(list(plan.redacted())),
        command=deploy_command(
            wanted,
            spec.namespace,
            model=f"{spec.model.team}/{spec.model.name}" if spec.model.team else spec.model.name,
            tag=spec.tag,
            name=spec.name,
        ),
    )


def endpoints_out(endpoints: Iterable[Endpoint]) -> list[EndpointOut]:
    """Show addresses."""
    return [
        EndpointOut(
            kind="external" if one.external else "internal",
            protocol=one.protocol,
            url=one.address,
            note=one.note,
        )
        for one in endpoints
    ]


def step_out(step: Step) -> DeployStepOut:
    """Show one step."""
    return DeployStepOut(
        type="object",
        action=step.action.value,
        kind=step.subject.resource.kind,
        name=step.subject.name,
        note=step.note,
    )


def done_out(deployed: Deployed) -> DeployDoneOut:
    """Show that it was made."""
    return DeployDoneOut(
        type="done",
        deployment=DeployedOut(
            name=deployed.name,
            project=deployed.namespace,
            request_id=deployed.request_id,
            objects=objects_out(deployed.objects),
        ),
    )


def failed_out(error: OdhNimError) -> FailedOut:
    """Show that it was not."""
    return FailedOut(type="failed", problem=ProblemOut.model_validate(describe_error(error)))


def objects_out(references: Iterable[ObjectReference]) -> list[ObjectOut]:
    """Show objects."""
    return [ObjectOut(kind=one.resource.kind, name=one.name) for one in references]


def finding_of(error: OdhNimError, code: str, subject: str) -> Finding:
    """Make a finding of what stopped a check."""
    return Finding(Severity.ERROR, code, subject, error.message, error.remedy)


def _image(plan: Plan) -> str:
    try:
        return str(plan.spec.model.image(plan.spec.tag, pin=plan.spec.pin))
    except OdhNimError:
        # It breaks the grammar; a finding says so.
        return ""


def _endpoints(choice: Choice, plan: Plan) -> tuple[Endpoint, ...]:
    service, runtime = (_first(plan, one.kind) for one in (INFERENCE_SERVICES, SERVING_RUNTIMES))
    if service is None:
        return ()
    return endpoints_of(
        msgspec.convert(service, Service),
        msgspec.convert(runtime, Runtime) if runtime else None,
        headless=choice.surroundings.headless,
    )


def _first(plan: Plan, kind: str) -> Manifest | None:
    return next((one for one in plan.objects if one["kind"] == kind), None)
