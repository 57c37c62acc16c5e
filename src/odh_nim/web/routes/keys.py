"""A project's key, and a deployment's own: looked at, checked, set, removed. Never shown."""

from fastapi import APIRouter

from odh_nim.web.parameters import MaybeDeployment, Project
from odh_nim.web.schemas_keys import (
    KeyCheckIn,
    KeyCheckOut,
    KeyIn,
    KeyOut,
    KeyRemovedOut,
    KeyStoredOut,
)
from odh_nim.web.services import Given

router = APIRouter(tags=["keys"])


@router.get("/projects/{project}/key")
async def key(given: Given, project: Project, deployment: MaybeDeployment = None) -> KeyOut:
    """Say what is stored; the key itself is never sent."""
    raise NotImplementedError


@router.post("/key-checks", responses={429: {"description": "Asked too often."}})
async def check(given: Given, asked: KeyCheckIn) -> KeyCheckOut:
    """Ask NVIDIA about a key, and about the images it shall pull. Nothing is stored."""
    raise NotImplementedError


@router.put("/projects/{project}/key", responses={429: {"description": "Asked too often."}})
async def set_key(given: Given, project: Project, wanted: KeyIn) -> KeyStoredOut:
    """Check a key and store it in the project's two Secrets, or in a deployment's own."""
    raise NotImplementedError


@router.delete("/projects/{project}/key")
async def remove_key(
    given: Given, project: Project, deployment: MaybeDeployment = None, *, force: bool = False
) -> KeyRemovedOut:
    """Remove a key; refused while a deployment uses it, unless forced."""
    raise NotImplementedError
