"""What an installation needs, looked at with the rights of whoever asks."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.deployment.checks.cluster import cannot_tell
from odh_nim.deployment.find_template import find_template
from odh_nim.domain import names
from odh_nim.domain import protocol as spoken
from odh_nim.domain.errors import ClusterError, ForbiddenError, NotFoundError, UnauthorizedError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    ACCOUNTS,
    CONFIG_MAPS,
    INFERENCE_SERVICES,
    NODES,
    SERVING_RUNTIMES,
    STORAGE_CLASSES,
    ApiResource,
)
from odh_nim.journeys.site import Site
from odh_nim.upgrade.switch_state import find_switch_state

_INSTALL: Final = "Install KServe 0.15 or newer, or switch it on in the DataScienceCluster."


class PrerequisiteCluster(Protocol):
    """The calls that looking at an installation needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""

    async def serves(self, resource: ApiResource) -> bool:
        """Say whether the cluster knows a type."""


@dataclass(frozen=True)
class State:
    """What was found: what is needed, and what the old integration left."""

    prerequisites: tuple[Finding, ...]
    leftovers: tuple[Finding, ...]


async def read_state(cluster: PrerequisiteCluster, site: Site) -> State:
    """Look at everything at once; what may not be seen is said, and is no fault."""
    needed, left = await asyncio.gather(
        asyncio.gather(
            _guarded("KServe", _kserve(cluster)),
            _guarded("templates", _templates(cluster, site)),
            _guarded("gpus", _gpus(cluster)),
            _guarded("storage", _storage(cluster)),
        ),
        asyncio.gather(
            _guarded("Account", _accounts(cluster)),
            _guarded("DataScienceCluster", find_switch_state(cluster)),
        ),
    )
    found = [one for part in needed for one in part]
    if site.problem is not None:
        found.insert(
            0,
            Finding(
                Severity.ERROR, "catalog-missing", "catalogue", site.problem.message,
                site.problem.remedy,
            ),
        )  # fmt: skip
    elif site.catalog is not None:
        found = [*site.catalog.findings, *found]
    old = [one for part in left for one in part]
    return State((*site.config.findings, *found), tuple(old))


async def _guarded(subject: str, looking: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await looking
    except UnauthorizedError:
        raise
    except ForbiddenError as error:
        return [cannot_tell(subject, "It", error)]
    except ClusterError as error:
        return [Finding(Severity.WARNING, "cannot-tell", subject, error.message, error.remedy)]


async def _kserve(cluster: PrerequisiteCluster) -> list[Finding]:
    kinds = (INFERENCE_SERVICES, SERVING_RUNTIMES)
    served = await asyncio.gather(*map(cluster.serves, kinds))
    return [
        Finding(
            Severity.ERROR,
            "kserve-missing",
            kind.full_name,
            f"This cluster does not know {kind.full_name} {kind.version}: no model can be served.",
            _INSTALL,
        )
        for kind, known in zip(kinds, served, strict=True)
        if not known
    ]


async def _templates(cluster: PrerequisiteCluster, site: Site) -> list[Finding]:
    if site.applications_namespace is None:
        return []
    found = await asyncio.gather(
        *(
            find_template(cluster, one, applications_namespace=site.applications_namespace)
            for one in spoken.Protocol
        )
    )
    return [notice for _, notices in found for notice in notices]


async def _gpus(cluster: PrerequisiteCluster) -> list[Finding]:
    nodes = await cluster.list(NODES)
    resource = names.GPU_RESOURCE
    offers = [
        node
        for node in nodes
        if str(((node.get("status") or {}).get("allocatable") or {}).get(resource, "0")) != "0"
    ]
    if offers:
        return []
    return [
        Finding(
            Severity.WARNING,
            "gpu-none",
            "nodes",
            f"No node offers {resource}.",
            "Add a node with GPUs, and install NVIDIA's GPU operator.",
        )
    ]


async def _storage(cluster: PrerequisiteCluster) -> list[Finding]:
    if await cluster.list(STORAGE_CLASSES):
        return []
    return [
        Finding(
            Severity.WARNING,
            "storage-class-none",
            "storage",
            "There is no storage class: a new claim is never bound.",
            "Install a provisioner, or use claims that are there.",
        )
    ]


async def _accounts(cluster: PrerequisiteCluster) -> list[Finding]:
    try:
        accounts = await cluster.list(ACCOUNTS)
    except NotFoundError:
        return []
    return [
        Finding(
            Severity.NOTICE,
            "old-account",
            f"Account/{one['metadata'].get('namespace')}/{one['metadata']['name']}",
            "It is of the old integration, which is not needed any more.",
            "See what a clean-up would do: odh-nim upgrade plan",
        )
        for one in accounts
    ]


async def read_upgrade_report(cluster: PrerequisiteCluster, site: Site) -> Manifest | None:
    """Read what the last clean-up left; None where there was none, or it is not for the caller."""
    if site.applications_namespace is None:
        return None
    try:
        return await cluster.get(CONFIG_MAPS, names.UPGRADE_REPORT, site.applications_namespace)
    except (NotFoundError, ForbiddenError):
        return None
