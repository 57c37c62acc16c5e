"""What browser tests ask the cluster itself, past the page."""

import asyncio

from odh_nim.cluster import Client
from odh_nim.domain.resources import ApiResource
from odh_nim.sandbox.testing import ControlPlane


def names_of(plane: ControlPlane, resource: ApiResource, project: str) -> list[str]:
    """Name the objects of a kind in a project."""
    return asyncio.run(_names_of(plane, resource, project))


async def _names_of(plane: ControlPlane, resource: ApiResource, project: str) -> list[str]:
    async with Client(plane.admin) as client:
        found = await client.list(resource, project)
    return sorted(one["metadata"]["name"] for one in found)
