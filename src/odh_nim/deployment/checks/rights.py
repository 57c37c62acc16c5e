"""May the caller do all that a deployment takes."""

import asyncio
from typing import Final

from odh_nim.deployment.checks.cluster import PreflightCluster
from odh_nim.deployment.plan import Plan
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    ROLE_BINDINGS,
    ROLES,
    SERVING_RUNTIMES,
    ApiResource,
)

# Besides creating: an owner is set on the runtime, and a failed deployment is taken back. Who may
# delete the InferenceService may delete the rest: roles give these rights together.
_FURTHER: Final = (("patch", SERVING_RUNTIMES), ("delete", INFERENCE_SERVICES))


def _remedy(resource: ApiResource, namespace: str) -> str:
    if resource not in (ROLES, ROLE_BINDINGS):
        return f"Ask an admin of {namespace} for the role edit."
    # The role edit hands out no rights.
    return f"Tokens need the role admin in {namespace}; leave --token and --auth out without it."


async def check_rights(cluster: PreflightCluster, plan: Plan) -> list[Finding]:
    """Ask for every verb and type that the plan needs; each missing one is a finding."""
    namespace = plan.spec.namespace
    kinds = dict.fromkeys(reference.resource for reference in plan.references)
    wanted: list[tuple[str, ApiResource]] = [*(("create", kind) for kind in kinds), *_FURTHER]
    answers = await asyncio.gather(
        *(cluster.can_i(verb, resource, namespace) for verb, resource in wanted)
    )
    return [
        Finding(
            Severity.ERROR,
            "right-missing",
            resource.full_name,
            f"You may not {verb} {resource.full_name} in {namespace}.",
            _remedy(resource, namespace),
        )
        for (verb, resource), allowed in zip(wanted, answers, strict=True)
        if not allowed
    ]
