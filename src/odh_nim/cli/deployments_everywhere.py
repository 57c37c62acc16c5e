"""Lists deployments in all projects, also for people who may not list them cluster-wide."""

import asyncio
from typing import TYPE_CHECKING, Final

from odh_nim.deployment import DeploymentView, list_deployments
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import PROJECTS

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_AT_ONCE: Final = 8


async def list_everywhere(client: "Client") -> list[DeploymentView]:
    """List cluster-wide; who may not, lists in each of their own projects.

    Raises:
        ForbiddenError: Neither is allowed; the remedy is to name a project.

    """
    try:
        return await list_deployments(client)
    except ForbiddenError as error:
        projects = await _own_projects(client)
        if projects is None:
            raise ForbiddenError(
                error.operation,
                error.cause,
                status=error.status,
                remedy="Name a project with -n.",
            ) from error
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(project: Manifest) -> list[DeploymentView]:
        async with turn:
            try:
                return await list_deployments(client, project["metadata"]["name"])
            except ForbiddenError:
                # A project that may be seen, but not looked into.
                return []

    found = await asyncio.gather(*(one(project) for project in projects))
    return sorted((view for views in found for view in views), key=lambda v: (v.namespace, v.name))


async def _own_projects(client: "Client") -> list[Manifest] | None:
    """List the projects of the caller, which OpenShift answers to everybody."""
    try:
        return await client.list(PROJECTS)
    except (NotFoundError, ForbiddenError):
        return None
