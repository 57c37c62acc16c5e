"""Deployments that are there, as they go over the wire."""

from odh_nim.deployment import (
    DeletePlan,
    DeploymentView,
    EventView,
    Explanation,
    Kept,
    PodStatus,
    Remainder,
)
from odh_nim.domain import names
from odh_nim.domain.errors import printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import annotations
from odh_nim.journeys.details import (
    Details,
    as_yaml,
    conditions_of,
    phase_steps,
    restart_is_pending,
)
from odh_nim.journeys.drafts import Draft
from odh_nim.journeys.everywhere import Everything
from odh_nim.web.schemas_deploy import ObjectOut
from odh_nim.web.schemas_deployments import (
    ClaimLeftOut,
    ConditionOut,
    DeletionOut,
    DeploymentRowOut,
    DeploymentsOut,
    DetailsOut,
    DraftOut,
    EventOut,
    ExplanationOut,
    KeptOut,
    KeyUseOut,
    PhaseOut,
    PodOut,
    ProjectErrorOut,
    RemainderOut,
)
from odh_nim.web.views import findings_out
from odh_nim.web.views_deploy import endpoints_out, objects_out

_LONGEST = 600


def row_fields(view: DeploymentView) -> dict[str, object]:
    """Give the fields of a row."""
    return {
        "name": view.name,
        "project": view.namespace,
        "display_name": view.display_name,
        "model": view.model,
        "tag": view.tag,
        "image": view.image,
        "status": view.status.value,
        "phase": view.phase.value if view.phase else None,
        "message": view.message,
        "protocol": view.protocol,
        "gpus": view.gpus,
        "replicas": view.replicas,
        "endpoints": endpoints_out(view.endpoints),
        "external_url": view.external_url,
        "key_secret": view.key_secret,
        "claim": view.claim,
        "created_at": view.created_at,
        "request_id": view.request_id,
        "managed_by": view.managed_by,
        "auth": view.auth,
        "stopped": view.stopped,
        "hardware_profile": view.hardware_profile,
    }


def row_out(view: DeploymentView) -> DeploymentRowOut:
    """Show one row."""
    return DeploymentRowOut.model_validate(row_fields(view))


def deployments_out(found: Everything, drafts: list[Draft]) -> DeploymentsOut:
    """Show what was found, and what could not be seen."""
    return DeploymentsOut(
        items=[row_out(view) for view in found.deployments],
        incomplete=[
            _remainder(one, draft) for one, draft in zip(found.remainders, drafts, strict=True)
        ],
        orphan_claims=[
            ClaimLeftOut(project=one.namespace, name=one.name) for one in found.orphan_claims
        ],
        errors=[ProjectErrorOut(project=one.project, message=one.reason) for one in found.unread],
    )


def details_out(details: Details) -> DetailsOut:
    """Show everything about one deployment."""
    view, status, objects = details.view, details.status, details.objects
    # What the pods tell counts more than what the row says.
    told = {"status": status.word.value, "phase": status.phase and status.phase.value}
    return DetailsOut.model_validate(
        row_fields(view)
        | told
        | {
            "message": status.message or view.message,
            "description": printable(
                annotations(objects.service).get(names.DESCRIPTION, ""), _LONGEST
            ),
            "phases": [
                PhaseOut.model_validate(
                    {
                        "name": one.phase.value,
                        "state": one.state,
                        "since": one.since,
                        "message": one.message,
                    }
                )
                for one in phase_steps(details)
            ],
            "ready_replicas": status.ready_replicas,
            "wanted_replicas": status.wanted_replicas,
            "pods": [_pod(one) for one in status.pods],
            "conditions": _conditions(details),
            "explanations": [explanation_out(one) for one in status.explanations],
            "key": _key(view),
            "objects": _objects(view),
            "yaml": as_yaml(objects),
            "resource_version": objects.service["metadata"].get("resourceVersion", ""),
            "restart_pending": restart_is_pending(objects),
            "findings": findings_out(_findings(view)),
        }
    )


def deletion_out(plan: DeletePlan) -> DeletionOut:
    """Show what a deletion would do."""
    return DeletionOut(
        objects=objects_out(plan.deletes),
        kept=kept_out(plan.keeps),
        claim=plan.claim.name if plan.claim else None,
        claim_users=list(plan.claim_users),
        findings=findings_out(plan.findings),
    )


def kept_out(kept: tuple[Kept, ...]) -> list[KeptOut]:
    """Show what stays."""
    return [
        KeptOut(kind=one.object.resource.kind, name=one.object.name, reason=one.reason)
        for one in kept
    ]


def event_out(event: EventView) -> EventOut:
    """Show one event."""
    return EventOut(
        time=event.last_seen,
        type="Warning" if event.warning else "Normal",
        reason=event.reason,
        object=event.subject,
        message=event.message,
        count=event.count,
    )


def _remainder(remainder: Remainder, draft: Draft) -> RemainderOut:
    return RemainderOut(
        request_id=remainder.request_id,
        project=remainder.namespace,
        name=remainder.name,
        reason=remainder.reason,
        objects=objects_out(remainder.objects),
        draft=DraftOut(
            model=draft.model,
            tag=draft.tag,
            image=draft.image,
            name=draft.name,
            display_name=draft.display_name,
            protocol=draft.protocol,
            claim=draft.claim,
            size=draft.size,
            storage_class=draft.storage_class,
            access_mode=draft.access_mode,
        ),
    )


def _pod(pod: PodStatus) -> PodOut:
    return PodOut(
        name=pod.name,
        phase=pod.phase.value,
        current=pod.current,
        ready=pod.ready,
        restarts=pod.restarts,
        node=pod.node,
        started_at=pod.started_at,
    )


def _conditions(details: Details) -> list[ConditionOut]:
    return [
        ConditionOut(
            type=str(one.get("type", "")),
            status=str(one.get("status", "")),
            reason=printable(str(one.get("reason") or ""), 100),
            message=printable(str(one.get("message") or ""), _LONGEST),
            since=str(one.get("lastTransitionTime") or ""),
        )
        for one in conditions_of(details.objects.service)
    ]


def explanation_out(one: Explanation) -> ExplanationOut:
    """Show a recognised failure."""
    return ExplanationOut(
        code=one.code,
        subject=one.subject,
        cause=one.cause,
        action=one.action,
        raw=one.evidence,
        fatal=one.fatal,
    )


def _key(view: DeploymentView) -> KeyUseOut:
    kinds = {names.key_secret(view.name): "own", names.KEY_SECRET: "project", None: "none"}
    return KeyUseOut.model_validate(
        {
            "kind": kinds.get(view.key_secret, "other"),
            "secret": view.key_secret,
            "pull_secrets": list(view.pull_secrets),
        }
    )


def _objects(view: DeploymentView) -> list[ObjectOut]:
    named = [("InferenceService", view.name)]
    if view.runtime:
        named.append(("ServingRuntime", view.runtime))
    if view.claim:
        named.append(("PersistentVolumeClaim", view.claim))
    secrets = dict.fromkeys([view.key_secret, *view.pull_secrets])
    named += [("Secret", secret) for secret in secrets if secret]
    return [ObjectOut(kind=kind, name=name) for kind, name in named]


def _findings(view: DeploymentView) -> list[Finding]:
    if view.managed_by != names.NIM_SERVICE_KIND:
        return []
    return [
        Finding(
            Severity.NOTICE,
            "operators-own",
            f"InferenceService/{view.name}",
            "It belongs to a NIMService of NVIDIA's operator and is only shown here.",
            "Change the NIMService.",
        )
    ]
