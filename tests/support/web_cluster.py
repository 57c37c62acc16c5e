"""What browser tests ask the cluster itself, past the page."""

import asyncio

from odh_nim.cluster import Client
from odh_nim.domain.resources import INFERENCE_SERVICES, ApiResource
from odh_nim.sandbox.testing import ControlPlane


def names_of(plane: ControlPlane, resource: ApiResource, project: str) -> list[str]:
    """Name the objects of a kind in a project."""
    return asyncio.run(_names_of(plane, resource, project))


async def _names_of(plane: ControlPlane, resource: ApiResource, project: str) -> list[str]:
    async with Client(plane.admin) as client:
        found = await client.list(resource, project)
    return sorted(one["metadata"]["name"] for one in found)


def cpu_of(plane: ControlPlane, name: str, project: str) -> str:
    """Give the processors that a deployment asks for."""
    return asyncio.run(_cpu_of(plane, name, project))


async def _cpu_of(plane: ControlPlane, name: str, project: str) -> str:
    async with Client(plane.admin) as client:
        service = await client.get(INFERENCE_SERVICES, name, project)
    asked: str = service["spec"]["predictor"]["model"]["resources"]["requests"]["cpu"]
    return asked
