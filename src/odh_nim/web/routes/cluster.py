"""What a project and a cluster offer, and what an admin looks at."""

import asyncio

from fastapi import APIRouter

from odh_nim import __version__
from odh_nim.domain.resources import ROUTES
from odh_nim.journeys.hardware import read_hardware
from odh_nim.journeys.prerequisites import read_state, read_upgrade_report
from odh_nim.journeys.storage import read_storage
from odh_nim.upgrade.record import parse_record
from odh_nim.web.parameters import Project
from odh_nim.web.schemas_cluster import AdminOut, HardwareOut, StorageOut
from odh_nim.web.services import Given
from odh_nim.web.views import findings_out
from odh_nim.web.views_cluster import (
    catalog_out,
    configuration_out,
    hardware_out,
    storage_out,
    upgrade_out,
)

router = APIRouter(tags=["cluster"])


@router.get("/projects/{project}/storage")
async def storage(given: Given, project: Project) -> StorageOut:
    """List storage classes, and the claims that weights could be in."""
    return storage_out(await read_storage(given.cluster, project))


@router.get("/projects/{project}/hardware")
async def hardware(given: Given, project: Project) -> HardwareOut:
    """List hardware profiles and GPUs, as far as the caller may see them."""
    site = await given.installation()
    place = site.applications_namespace
    return hardware_out(await read_hardware(given.cluster, project, applications_namespace=place))


@router.get("/admin")
async def admin(given: Given) -> AdminOut:
    """Say how the installation is, with the caller's rights."""
    cluster, site = given.cluster, await given.installation()
    user, version, openshift, state, report = await asyncio.gather(
        given.caller(),
        cluster.server_version(),
        cluster.serves(ROUTES),
        read_state(cluster, site),
        read_upgrade_report(cluster, site),
    )
    return AdminOut(
        user=user,
        version=__version__,
        cluster_version=version,
        variant="openshift" if openshift else "kubernetes",
        prerequisites=findings_out(state.prerequisites),
        catalogue=catalog_out(site.catalog, site.config),
        configuration=configuration_out(site),
        upgrade=upgrade_out(parse_record(report)) if report else None,
        leftovers=findings_out(state.leftovers),
    )
