"""The projects of the caller, and what they may do there."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.deployment_name import check_namespace
from odh_nim.domain.errors import ForbiddenError, InvalidNameError, NotFoundError, printable
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PROJECTS,
    SECRETS,
    SERVING_RUNTIMES,
    ApiResource,
)

_AT_ONCE: Final = 16
# Beyond so many projects only the right that decides is asked for: a page waits for this.
_MANY: Final = 30
_LONGEST: Final = 300
RIGHTS: Final = (
    ("create", INFERENCE_SERVICES),
    ("create", SERVING_RUNTIMES),
    ("create", PERSISTENT_VOLUME_CLAIMS),
    ("create", SECRETS),
    ("patch", SERVING_RUNTIMES),
    ("delete", INFERENCE_SERVICES),
)


class ProjectsCluster(Protocol):
    """The calls that listing projects needs."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""

    async def can_i(self, verb: str, resource: ApiResource, namespace: str | None = None) -> bool:
        """Answer for one right of the caller, here or in all projects."""


@dataclass(frozen=True)
class Project:
    """One project; `missing` are the rights that deploying there would need."""

    name: str
    display_name: str = ""
    description: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Projects:
    """Projects by name; `complete` is false where only those that were named are known."""

    items: tuple[Project, ...]
    complete: bool


async def list_projects(
    cluster: ProjectsCluster, *, named: Iterable[str] = (), applications_namespace: str | None
) -> Projects:
    """List the caller's projects with their rights in each.

    OpenShift answers everybody with their own; elsewhere only who may list namespaces gets an
    answer, and everybody else the projects that were named.
    """
    found = await own_projects(cluster)
    complete = found is not None
    projects = {one.name: one for one in map(_project, found or ())}
    projects |= {name: Project(name) for name in named if name not in projects}
    usable = [
        one for one in sorted(projects.values(), key=lambda one: one.name)
        if _is_usable(one.name, applications_namespace)
    ]  # fmt: skip
    return Projects(tuple(await _with_rights(cluster, usable)), complete)


async def own_projects(cluster: ProjectsCluster) -> list[Manifest] | None:
    """List the projects that the caller may see; None where they may list none."""
    for resource in (PROJECTS, NAMESPACES):
        try:
            return await cluster.list(resource)
        except (NotFoundError, ForbiddenError):
            continue
    return None


async def missing_rights(
    cluster: ProjectsCluster,
    namespace: str | None,
    wanted: Sequence[tuple[str, ApiResource]] = RIGHTS,
) -> tuple[str, ...]:
    """Name the rights that the caller lacks in a project, or in all."""
    answers = await asyncio.gather(*(cluster.can_i(*one, namespace) for one in wanted))
    return tuple(
        f"{verb} {resource.full_name}"
        for (verb, resource), allowed in zip(wanted, answers, strict=True)
        if not allowed
    )


async def _with_rights(cluster: ProjectsCluster, projects: list[Project]) -> list[Project]:
    wanted = RIGHTS if len(projects) <= _MANY else RIGHTS[:1]
    if len(projects) > 1 and not await missing_rights(cluster, None, wanted):
        # They may do it everywhere.
        return projects
    turn = asyncio.Semaphore(_AT_ONCE)

    async def judge(project: Project) -> Project:
        async with turn:
            missing = await missing_rights(cluster, project.name, wanted)
        return Project(project.name, project.display_name, project.description, missing)

    return list(await asyncio.gather(*map(judge, projects)))


def _project(found: Manifest) -> Project:
    texts, name = annotations(found), str(found["metadata"]["name"])
    return Project(
        name,
        printable(texts.get(names.DISPLAY_NAME, ""), _LONGEST),
        printable(texts.get(names.DESCRIPTION, ""), _LONGEST),
    )


def _is_usable(name: str, applications_namespace: str | None) -> bool:
    try:
        check_namespace(name, applications_namespace=applications_namespace)
    except InvalidNameError:
        return False
    return True
