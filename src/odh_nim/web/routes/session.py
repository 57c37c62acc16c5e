"""Who is logged in, what is configured, which projects there are."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from odh_nim import __version__
from odh_nim.domain.resources import ROUTES
from odh_nim.journeys.projects import list_projects
from odh_nim.web.schemas import (
    ConfigurationOut,
    ProjectName,
    ProjectOut,
    ProjectsOut,
    SessionOut,
)
from odh_nim.web.services import Given
from odh_nim.web.views_cluster import configuration_out

router = APIRouter(tags=["session"])
Named = Annotated[
    list[ProjectName] | None,
    Query(max_length=50, description="Projects to look at, where none can be listed."),
]


@router.get("/session")
async def session(given: Given) -> SessionOut:
    """Say who is logged in, and to what."""
    user, cluster_version, openshift, site = await asyncio.gather(
        given.caller(),
        given.cluster.server_version(),
        given.cluster.serves(ROUTES),
        given.installation(),
    )
    return SessionOut(
        user=user,
        mode=given.addresses.mode.value,
        version=__version__,
        cluster_version=cluster_version,
        openshift=openshift,
        applications_namespace=site.applications_namespace,
        collect_keys=site.config.collect_keys,
        validate_keys=site.config.validate_keys,
    )


@router.get("/configuration")
async def configuration(given: Given) -> ConfigurationOut:
    """Say what an admin configured, and where it stands."""
    return configuration_out(await given.installation())


@router.get("/projects")
async def projects(given: Given, named: Named = None) -> ProjectsOut:
    """List the caller's projects, each with the rights that are missing to deploy there."""
    site = await given.installation()
    found = await list_projects(
        given.cluster,
        named=(*given.addresses.projects, *(named or ())),
        applications_namespace=site.applications_namespace,
    )
    items = [
        ProjectOut(
            name=one.name,
            display_name=one.display_name or one.name,
            description=one.description,
            can_deploy=not one.missing,
            missing=list(one.missing),
        )
        for one in found.items
    ]
    return ProjectsOut(items=items, complete=found.complete)
