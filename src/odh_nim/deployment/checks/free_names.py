"""Is every name of a plan free, and is the project there to take it."""

import asyncio
from collections.abc import Mapping

from odh_nim.deployment.checks.cluster import PreflightCluster, cannot_tell
from odh_nim.deployment.identity import other_name, request_of, whose
from odh_nim.deployment.plan import Plan
from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain import names
from odh_nim.domain.errors import (
    ForbiddenError,
    KindNotServedError,
    NotFoundError,
    UnauthorizedError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import NAMESPACES, PERSISTENT_VOLUME_CLAIMS, SERVING_RUNTIMES


async def check_names(
    cluster: PreflightCluster, plan: Plan, claims: Mapping[str, Manifest] | None = None
) -> list[Finding]:
    """Look for every object of the plan; what this very request made before is as good as none.

    Claims that were listed already are not asked about again.
    """
    answers = await asyncio.gather(
        *(
            _listed(plan, reference, claims)
            if claims is not None and reference.resource is PERSISTENT_VOLUME_CLAIMS
            else _check(cluster, plan, reference)
            for reference in plan.references
        )
    )
    return [finding for finding in answers if finding is not None]


async def check_project(cluster: PreflightCluster, plan: Plan) -> list[Finding]:
    """Look at the project itself."""
    name = plan.spec.namespace
    try:
        found = await cluster.get(NAMESPACES, name)
    except NotFoundError:
        return [
            Finding(
                Severity.ERROR,
                "project-missing",
                "project",
                f"There is no project {name}.",
                f"Create it, for example with `kubectl create namespace {name}`.",
            )
        ]
    except UnauthorizedError:
        raise
    except ForbiddenError:
        # Everything else that is asked of the project tells more than its own object.
        return []
    if not found["metadata"].get("deletionTimestamp"):
        return []
    return [
        Finding(
            Severity.ERROR,
            "project-terminating",
            "project",
            f"Project {name} is being deleted; nothing can be created in it any more.",
            "Choose another project with -n.",
        )
    ]


async def _check(
    cluster: PreflightCluster, plan: Plan, reference: ObjectReference
) -> Finding | None:
    try:
        found = await cluster.get(reference.resource, reference.name, reference.namespace)
    except KindNotServedError:
        if reference.resource is not SERVING_RUNTIMES:
            return None
        return Finding(
            Severity.ERROR,
            "kserve-missing",
            reference.resource.full_name,
            "This cluster does not know ServingRuntimes: KServe is not installed.",
            "Install Open Data Hub, or KServe itself.",
        )
    except NotFoundError:
        return None
    except ForbiddenError as error:
        return cannot_tell(str(reference), "Whether the name is free", error)
    return _taken_by_others(plan, reference, found)


async def _listed(
    plan: Plan, reference: ObjectReference, claims: Mapping[str, Manifest]
) -> Finding | None:
    found = claims.get(reference.name)
    return None if found is None else _taken_by_others(plan, reference, found)


def _taken_by_others(plan: Plan, reference: ObjectReference, found: Manifest) -> Finding | None:
    if request_of(found) == plan.request_id and not found["metadata"].get("deletionTimestamp"):
        return None
    return _taken(plan, reference, found)


def _taken(plan: Plan, reference: ObjectReference, found: Manifest) -> Finding:
    if reference.name in (names.KEY_SECRET, names.PULL_SECRET):
        remedy = "Use the project's key as it is, or give the deployment its own key."
    else:
        free = other_name(plan.spec.name, plan.spec.namespace)
        remedy = f"Choose another name, for example --name {free}."
        if reference.resource is PERSISTENT_VOLUME_CLAIMS:
            # What an earlier deployment of this name left: its weights are worth keeping.
            remedy = f"Use the weights in it with --storage pvc:{reference.name}. {remedy}"
    return Finding(
        Severity.ERROR,
        "name-taken",
        str(reference),
        f"The name is taken in {reference.namespace}: {whose(found)}.",
        remedy,
    )
