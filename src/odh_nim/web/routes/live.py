"""What happens to one deployment now: its status as it changes, its events, its logs."""

from fastapi import APIRouter
from starlette.responses import Response

from odh_nim.web.parameters import Deployment, MaybeName, Project, Tail
from odh_nim.web.schemas_deployments import ContainersOut, EventsOut, LogEventOut, StatusEventOut
from odh_nim.web.services import Given
from odh_nim.web.sse import EventStream, stream_of

router = APIRouter(tags=["live"], prefix="/projects/{project}/deployments/{name}")


@router.get("/status", response_class=EventStream, responses=stream_of(StatusEventOut))
async def status(given: Given, project: Project, name: Deployment) -> EventStream:
    """Send the details whenever they change."""
    raise NotImplementedError


@router.get("/events")
async def events(given: Given, project: Project, name: Deployment) -> EventsOut:
    """List the events of a deployment and of all it made."""
    raise NotImplementedError


@router.get("/containers")
async def containers(given: Given, project: Project, name: Deployment) -> ContainersOut:
    """List the containers whose logs can be read."""
    raise NotImplementedError


@router.get(
    "/logs",
    response_class=EventStream,
    responses={
        200: {
            "model": LogEventOut,
            "description": "Server-sent events; with `download` a text file.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    },
)
async def logs(
    given: Given,
    project: Project,
    name: Deployment,
    pod: MaybeName = None,
    container: MaybeName = None,
    tail: Tail = None,
    *,
    previous: bool = False,
    follow: bool = False,
    download: bool = False,
) -> Response:
    """Send a container's log line by line, or as a file."""
    raise NotImplementedError
