"""Deployments that are there: listed, shown, stopped, started, deleted."""

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Query

from odh_nim import deployment as feature
from odh_nim.journeys.details import read_details
from odh_nim.journeys.drafts import read_draft
from odh_nim.journeys.everywhere import list_everything
from odh_nim.web.parameters import Deployment, MaybeProject, Project
from odh_nim.web.schemas_deployments import (
    DeletedOut,
    DeletionOut,
    DeploymentRowOut,
    DeploymentsOut,
    DetailsOut,
)
from odh_nim.web.services import Given
from odh_nim.web.views_deploy import objects_out
from odh_nim.web.views_deployments import (
    deletion_out,
    deployments_out,
    details_out,
    kept_out,
    row_out,
)

router = APIRouter(tags=["deployments"])
_ONE: Final = "/projects/{project}/deployments/{name}"
WithClaim = Annotated[bool, Query(alias="withClaim", description="Delete the weights too.")]


@router.get("/deployments")
async def deployments(given: Given, project: MaybeProject = None) -> DeploymentsOut:
    """List deployments of one project or of all, and what interrupted runs left."""
    found = await list_everything(given.cluster, project, named=given.addresses.projects)
    drafts = []
    if found.remainders:
        site = await given.installation()
        reading = (read_draft(given.cluster, one, site.catalog) for one in found.remainders)
        drafts = await asyncio.gather(*reading)
    return deployments_out(found, drafts)


@router.get(_ONE)
async def details(given: Given, project: Project, name: Deployment) -> DetailsOut:
    """Say everything about one deployment."""
    return details_out(await read_details(given.cluster, name, project))


@router.post(f"{_ONE}/stop")
async def stop(given: Given, project: Project, name: Deployment) -> DeploymentRowOut:
    """Scale it to nothing; its claim and its key stay."""
    await feature.stop(given.cluster, name, project)
    return row_out(await feature.get_deployment(given.cluster, name, project))


@router.post(f"{_ONE}/start")
async def start(given: Given, project: Project, name: Deployment) -> DeploymentRowOut:
    """Let it run again."""
    await feature.start(given.cluster, name, project)
    return row_out(await feature.get_deployment(given.cluster, name, project))


@router.get(f"{_ONE}/deletion")
async def deletion(
    given: Given, project: Project, name: Deployment, *, with_claim: WithClaim = False
) -> DeletionOut:
    """Name everything that a deletion removes, and what it leaves."""
    plan = await feature.plan_delete(given.cluster, name, project, with_claim=with_claim)
    return deletion_out(plan)


@router.delete(_ONE)
async def delete(
    given: Given, project: Project, name: Deployment, *, with_claim: WithClaim = False
) -> DeletedOut:
    """Delete it; its claim stays unless asked for."""
    plan = await feature.plan_delete(given.cluster, name, project, with_claim=with_claim)
    gone = await feature.delete(given.cluster, plan)
    return DeletedOut(deleted=objects_out(gone), kept=kept_out(plan.keeps), leftovers=[])
