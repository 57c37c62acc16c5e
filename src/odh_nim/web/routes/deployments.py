"""Deployments that are there: listed, shown, stopped, started, deleted."""

from typing import Annotated

from fastapi import APIRouter, Query

from odh_nim.web.parameters import Deployment, MaybeProject, Project
from odh_nim.web.schemas_deployments import (
    DeletedOut,
    DeletionOut,
    DeploymentRowOut,
    DeploymentsOut,
    DetailsOut,
)
from odh_nim.web.services import Given

router = APIRouter(tags=["deployments"])
_ONE = "/projects/{project}/deployments/{name}"
WithClaim = Annotated[bool, Query(alias="withClaim", description="Delete the weights too.")]


@router.get("/deployments")
async def deployments(given: Given, project: MaybeProject = None) -> DeploymentsOut:
    """List deployments of one project or of all, and what interrupted runs left."""
    raise NotImplementedError


@router.get(_ONE)
async def details(given: Given, project: Project, name: Deployment) -> DetailsOut:
    """Say everything about one deployment."""
    raise NotImplementedError


@router.post(f"{_ONE}/stop")
async def stop(given: Given, project: Project, name: Deployment) -> DeploymentRowOut:
    """Scale it to nothing; its claim and its key stay."""
    raise NotImplementedError


@router.post(f"{_ONE}/start")
async def start(given: Given, project: Project, name: Deployment) -> DeploymentRowOut:
    """Let it run again."""
    raise NotImplementedError


@router.get(f"{_ONE}/deletion")
async def deletion(
    given: Given, project: Project, name: Deployment, *, with_claim: WithClaim = False
) -> DeletionOut:
    """Name everything that a deletion removes, and what it leaves."""
    raise NotImplementedError


@router.delete(_ONE)
async def delete(
    given: Given, project: Project, name: Deployment, *, with_claim: WithClaim = False
) -> DeletedOut:
    """Delete it; its claim stays unless asked for."""
    raise NotImplementedError
