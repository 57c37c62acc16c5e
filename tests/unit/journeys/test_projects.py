"""Projects, rights in them, and deployments of all of them: R-UI-13, R-CFG-07, S1."""

from typing import Any

import pytest

from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.manifest import Manifest
from odh_nim.journeys.everywhere import list_everything
from odh_nim.journeys.projects import RIGHTS, list_projects
from support.cluster import FakeCluster

pytestmark = pytest.mark.anyio


def project(name: str, **texts: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "namespace": "", "annotations": texts},
    }


def cluster(*objects: Manifest) -> FakeCluster:
    found = FakeCluster(*objects)
    found.not_served = {"Project"}
    return found


async def names(found: FakeCluster, **more: Any) -> list[str]:
    projects = await list_projects(found, applications_namespace="opendatahub", **more)
    return [one.name for one in projects.items]


async def test_system_projects_and_the_applications_namespace_are_no_projects() -> None:
    everything = [project(name) for name in ("team-b", "kube-system", "opendatahub", "team-a")]

    assert await names(cluster(*everything)) == ["team-a", "team-b"]


async def test_who_may_list_none_sees_those_that_were_named() -> None:
    """DESIGN 2.7: plain Kubernetes."""
    found = cluster()
    found.forbidden.add("list Namespace")
    projects = await list_projects(found, named=["team-a"], applications_namespace=None)

    assert [one.name for one in projects.items] == ["team-a"]
    assert not projects.complete


async def test_missing_rights_are_named() -> None:
    """R-UI-13."""
    found = cluster(project("team-a", **{"openshift.io/display-name": "Team A"}))
    found.forbidden |= {"create Secret", "patch ServingRuntime"}
    [one] = (await list_projects(found, applications_namespace=None)).items

    assert one.display_name == "Team A"
    assert one.missing == ("create secrets", "patch servingruntimes.serving.kserve.io")


async def test_of_many_projects_only_the_right_that_decides_is_asked_for() -> None:
    """T12."""
    found = cluster(*(project(f"team-{number}") for number in range(40)))
    found.forbidden.add("create InferenceService")
    projects = await list_projects(found, applications_namespace=None)

    assert len(projects.items) == 40
    assert len([call for call in found.calls if call.startswith("can-i")]) == 41
    assert len(RIGHTS) > 1


async def test_who_may_do_everything_is_asked_once() -> None:
    """T12."""
    found = cluster(*(project(f"team-{number}") for number in range(10)))
    await list_projects(found, applications_namespace=None)

    assert len([call for call in found.calls if call.startswith("can-i")]) == len(RIGHTS)


class Walls(FakeCluster):
    """A cluster in which lists go by project: some are closed, some broken."""

    def __init__(self, *objects: Manifest, closed: set[str]) -> None:
        super().__init__(*objects)
        self.not_served = {"Project"}
        self.closed = closed

    async def list(
        self,
        resource: Any,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        if resource.namespaced and (namespace is None or namespace in self.closed):
            raise ForbiddenError(f"list {resource}", "no", status=403)
        return await super().list(
            resource, namespace, label_selector=label_selector, field_selector=field_selector
        )


async def test_a_project_that_may_not_be_looked_into_hides_no_other() -> None:
    """R-UI-13, F16: and where it was asked for by name, that is said."""
    found = Walls(project("team-a"), project("team-b"), closed={"team-b"})

    everything = await list_everything(found)
    assert everything.unread == ()
    asked = await list_everything(found, "team-b")
    assert [one.project for one in asked.unread] == ["team-b"]


async def test_without_any_list_of_projects_the_remedy_is_to_name_one() -> None:
    found = Walls(closed=set())
    found.forbidden.add("list Namespace")

    with pytest.raises(ForbiddenError) as refused:
        await list_everything(found)
    assert refused.value.remedy == "Name a project."
    assert (await list_everything(found, named=("team-a",))).unread == ()
