"""A project's key, and a deployment's own: looked at, checked, set, removed. Never shown."""

from typing import Any, Final

from fastapi import APIRouter

from odh_nim.web import keeping, rotating
from odh_nim.web.parameters import MaybeDeployment, Project
from odh_nim.web.problems import TOO_OFTEN
from odh_nim.web.schemas_keys import (
    KeyCheckIn,
    KeyCheckOut,
    KeyIn,
    KeyOut,
    KeyRemovedOut,
    KeyStoredOut,
)
from odh_nim.web.schemas_rotation import RotationEventOut, RotationIn, RotationPlanOut
from odh_nim.web.services import Given
from odh_nim.web.sse import EventStream, event_stream, stream_of

router = APIRouter(tags=["keys"])
_LIMITED: Final[dict[int | str, dict[str, Any]]] = {429: TOO_OFTEN}


@router.get("/projects/{project}/key")
async def key(given: Given, project: Project, deployment: MaybeDeployment = None) -> KeyOut:
    """Say what is stored; the key itself is never sent."""
    return await keeping.show_key(given, project, deployment)


@router.post("/key-checks", responses=_LIMITED)
async def check_key(given: Given, asked: KeyCheckIn) -> KeyCheckOut:
    """Ask NVIDIA about a key, and about the images it shall pull. Nothing is stored."""
    return await keeping.check_given_key(given, asked)


@router.put("/projects/{project}/key", responses=_LIMITED)
async def set_key(given: Given, project: Project, wanted: KeyIn) -> KeyStoredOut:
    """Check a key and store it in the project's two Secrets, or in a deployment's own."""
    return await keeping.store_key(given, project, wanted)


@router.delete("/projects/{project}/key")
async def remove_key(
    given: Given, project: Project, deployment: MaybeDeployment = None, *, force: bool = False
) -> KeyRemovedOut:
    """Remove a key; refused while a deployment uses it, unless forced."""
    return await keeping.remove(given, project, deployment, force=force)


@router.get("/projects/{project}/key/rotation")
async def rotation(
    given: Given, project: Project, deployment: MaybeDeployment = None
) -> RotationPlanOut:
    """Say which deployments use the key, and what restarting them would cost."""
    return await rotating.show_rotation(given, project, deployment)


@router.post(
    "/projects/{project}/key/rotations",
    response_class=EventStream,
    responses=stream_of(RotationEventOut),
)
async def rotate(given: Given, project: Project, wanted: RotationIn) -> EventStream:
    """Replace a key in both Secrets and restart what uses it, one deployment at a time.

    It goes on when nobody listens any more.
    """
    return await event_stream(rotating.follow_rotation(given, project, wanted))
