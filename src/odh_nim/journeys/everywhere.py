"""Deployments and remainders of all projects, also for those who may not list cluster-wide."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from odh_nim.deployment import (
    DeploymentView,
    ObjectReference,
    Remainder,
    Remainders,
    find_remainders,
    list_deployments,
)
from odh_nim.domain.errors import ClusterError, ForbiddenError, UnauthorizedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.journeys.projects import ProjectsCluster, own_projects

T = TypeVar("T")
_AT_ONCE: Final = 8


class EverywhereCluster(ProjectsCluster, Protocol):
    """The calls that looking everywhere needs."""

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[T]:
        """List objects, of each only what the type names."""


@dataclass(frozen=True)
class Unread:
    """A project that could not be read, and why."""

    project: str
    reason: str


@dataclass(frozen=True)
class Everything:
    """What there is, and what could not be seen: that is never the same as nothing."""

    deployments: tuple[DeploymentView, ...] = ()
    remainders: tuple[Remainder, ...] = ()
    orphan_claims: tuple[ObjectReference, ...] = ()
    unread: tuple[Unread, ...] = ()


async def list_everything(
    cluster: EverywhereCluster, namespace: str | None = None, *, named: tuple[str, ...] = ()
) -> Everything:
    """List deployments and remainders of one project, or of all that the caller may see.

    Raises:
        UnauthorizedError: The login is no longer good.
        ClusterError: Not even the list of projects can be had.

    """
    if namespace is not None:
        return await _one(cluster, namespace)
    try:
        return _joined([await _read(cluster, None)])
    except ForbiddenError as error:
        found = await own_projects(cluster)
        if found is None and not named:
            raise ForbiddenError(
                error.operation, error.cause, status=error.status, remedy="Name a project."
            ) from error
    projects = [_name(one) for one in found] if found is not None else list(named)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def read(project: str) -> Everything:
        async with turn:
            return await _one(cluster, project, hidden=found is not None)

    return _joined(await asyncio.gather(*map(read, projects)))


async def _one(cluster: EverywhereCluster, project: str, *, hidden: bool = False) -> Everything:
    """Read one project; its failure is told and stops no other."""
    try:
        return await _read(cluster, project)
    except UnauthorizedError:
        raise
    except ForbiddenError as error:
        # A project that may be seen, but not looked into, is no fault.
        return Everything() if hidden else Everything(unread=(Unread(project, error.message),))
    except ClusterError as error:
        return Everything(unread=(Unread(project, error.message),))


async def _read(cluster: EverywhereCluster, project: str | None) -> Everything:
    views, left = await asyncio.gather(
        list_deployments(cluster, project), _remainders(cluster, project)
    )
    return Everything(tuple(views), left.incomplete, left.orphan_claims)


async def _remainders(cluster: EverywhereCluster, project: str | None) -> Remainders:
    try:
        return await find_remainders(cluster, project)
    except ForbiddenError:
        # A viewer may not list Secrets, and could neither resume nor delete what is left.
        return Remainders((), ())


def _joined(parts: list[Everything]) -> Everything:
    return Everything(
        tuple(
            sorted(
                (view for part in parts for view in part.deployments),
                key=lambda view: (view.namespace, view.name),
            )
        ),
        tuple(one for part in parts for one in part.remainders),
        tuple(one for part in parts for one in part.orphan_claims),
        tuple(one for part in parts for one in part.unread),
    )


def _name(project: Manifest) -> str:
    return str(project["metadata"]["name"])
