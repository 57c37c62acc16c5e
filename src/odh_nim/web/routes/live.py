"""What happens to one deployment now: its status as it changes, its events, its logs."""

from typing import Any, Final

from fastapi import APIRouter
from starlette.responses import Response

from odh_nim.deployment import deployment_events
from odh_nim.domain.names import KSERVE_CONTAINER
from odh_nim.web import live
from odh_nim.web.parameters import Deployment, MaybeName, Project, Tail
from odh_nim.web.schemas_deployments import ContainersOut, EventsOut, LogEventOut, StatusEventOut
from odh_nim.web.services import Given
from odh_nim.web.sse import EventStream, event_stream, stream_of, text_file
from odh_nim.web.views_deployments import event_out

router = APIRouter(tags=["live"], prefix="/projects/{project}/deployments/{name}")
_LOG: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": LogEventOut,
        "description": "Server-sent events; with `download` a text file.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}


@router.get("/status", response_class=EventStream, responses=stream_of(StatusEventOut))
async def status(given: Given, project: Project, name: Deployment) -> EventStream:
    """Send the details whenever they change."""
    return await event_stream(live.status_events(given, project, name), until=given.closing)


@router.get("/events")
async def events(given: Given, project: Project, name: Deployment) -> EventsOut:
    """List the events of a deployment and of all it made."""
    found = await deployment_events(given.cluster, name, project)
    return EventsOut(items=[event_out(one) for one in found])


@router.get("/containers")
async def containers(given: Given, project: Project, name: Deployment) -> ContainersOut:
    """List the containers whose logs can be read."""
    return ContainersOut(items=await live.list_containers(given, project, name))


@router.get("/logs", response_class=EventStream, responses=_LOG)
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
    wish = live.LogWish(pod, container or KSERVE_CONTAINER, previous, follow and not download, tail)
    if download:
        return await text_file(live.log_text(given, project, name, wish), f"{name}.log")
    return await event_stream(live.log_events(given, project, name, wish), until=given.closing)
