"""A project's key, and a deployment's own: looked at, checked, set, removed. Never shown."""

from typing import Any, Final

from fastapi import APIRouter

from odh_nim.journeys.remove_key import remove_key as remove
from odh_nim.web import keeping
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
from odh_nim.web.services import Given
from odh_nim.web.views import findings_out

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
    removed = await remove(given.cluster, project, deployment, force=force)
    return KeyRemovedOut(removed=list(removed.secrets), findings=findings_out(removed.findings))
