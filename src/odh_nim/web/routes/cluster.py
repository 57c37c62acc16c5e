"""What a project and a cluster offer, and what an admin looks at."""

from fastapi import APIRouter

from odh_nim.web.parameters import Project
from odh_nim.web.schemas_cluster import AdminOut, HardwareOut, StorageOut
from odh_nim.web.services import Given

router = APIRouter(tags=["cluster"])


@router.get("/projects/{project}/storage")
async def storage(given: Given, project: Project) -> StorageOut:
    """List storage classes, and the claims that weights could be in."""
    raise NotImplementedError


@router.get("/projects/{project}/hardware")
async def hardware(given: Given, project: Project) -> HardwareOut:
    """List hardware profiles and GPUs, as far as the caller may see them."""
    raise NotImplementedError


@router.get("/admin")
async def admin(given: Given) -> AdminOut:
    """Say how the installation is, with the caller's rights."""
    raise NotImplementedError
