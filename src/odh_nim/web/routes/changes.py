"""Deployments that are changed: what can be, what a change would do, and doing it."""

from typing import Final

from fastapi import APIRouter

from odh_nim.web import changing
from odh_nim.web.parameters import Deployment, Project
from odh_nim.web.schemas_change import ChangeIn, ChangePlanOut, SpecificationOut
from odh_nim.web.schemas_deployments import DeploymentRowOut
from odh_nim.web.services import Given
from odh_nim.web.views_deployments import row_out

router = APIRouter(tags=["changes"])
_ONE: Final = "/projects/{project}/deployments/{name}"


@router.get(f"{_ONE}/specification")
async def specification(given: Given, project: Project, name: Deployment) -> SpecificationOut:
    """Say what can be changed of a deployment, as it is now."""
    return await changing.show_specification(given, project, name)


@router.post(f"{_ONE}/changes/plan")
async def plan_change(
    given: Given, project: Project, name: Deployment, wanted: ChangeIn
) -> ChangePlanOut:
    """Say what a change would do; nothing is written."""
    return await changing.show_change(given, project, name, wanted)


@router.patch(_ONE)
async def change(
    given: Given, project: Project, name: Deployment, wanted: ChangeIn
) -> DeploymentRowOut:
    """Make a change, or leave the deployment as it was."""
    return row_out(await changing.change(given, project, name, wanted))
