"""Deployments that are to be: planned, made, resumed."""

from fastapi import APIRouter

from odh_nim.web import deploying
from odh_nim.web.parameters import Project, RequestId
from odh_nim.web.schemas_deploy import DeployEventOut, DeployIn, PlanOut
from odh_nim.web.schemas_deployments import DeletedOut
from odh_nim.web.services import Given
from odh_nim.web.sse import EventStream, event_stream, stream_of

router = APIRouter(tags=["deploy"])
_REMAINDER = "/projects/{project}/remainders/{request_id}"


@router.post("/projects/{project}/plans")
async def plan(given: Given, project: Project, wanted: DeployIn) -> PlanOut:
    """Say what a deployment would make, and what stands in its way; nothing is written."""
    return await deploying.make_plan(given, project, wanted)


@router.post(
    "/projects/{project}/deployments",
    response_class=EventStream,
    responses=stream_of(DeployEventOut),
)
async def deploy(given: Given, project: Project, wanted: DeployIn) -> EventStream:
    """Make a deployment, or leave the project as it was.

    It goes on, and takes back what failed, when nobody listens any more. The same request id
    again gives the same run.
    """
    return await event_stream(deploying.follow_deployment(given, project, wanted))


@router.post(
    f"{_REMAINDER}/resume", response_class=EventStream, responses=stream_of(DeployEventOut)
)
async def resume(
    given: Given, project: Project, request_id: RequestId, wanted: DeployIn
) -> EventStream:
    """Finish what an interrupted run began; what it has made decides, the rest is said again."""
    return await event_stream(deploying.resume_remainder(given, project, request_id, wanted))


@router.delete(_REMAINDER)
async def delete_remainder(given: Given, project: Project, request_id: RequestId) -> DeletedOut:
    """Delete what an interrupted run left."""
    return await deploying.delete_remainder(given, project, request_id)
