"""Who is logged in, what is configured, which projects there are."""

from typing import Annotated

from fastapi import APIRouter, Query

from odh_nim.web.schemas import ConfigurationOut, ProjectName, ProjectsOut, SessionOut
from odh_nim.web.services import Given

router = APIRouter(tags=["session"])
Named = Annotated[
    list[ProjectName],
    Query(max_length=50, description="Projects to look at, where none can be listed."),
]


@router.get("/session")
async def session(given: Given) -> SessionOut:
    """Say who is logged in, and to what."""
    raise NotImplementedError


@router.get("/configuration")
async def configuration(given: Given) -> ConfigurationOut:
    """Say what an admin configured, and where it stands."""
    raise NotImplementedError


@router.get("/projects")
async def projects(given: Given, named: Named = ()) -> ProjectsOut:
    """List the caller's projects, each with the rights that are missing to deploy there."""
    raise NotImplementedError
