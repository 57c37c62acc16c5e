"""The real control plane, started once per test run and shared by all that ask for it.

Registered as a plug-in by tests/conftest.py, so it imports the product only where a test asks for
a control plane. A missing program is an error, never a skip.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from odh_nim.cluster import Client
    from odh_nim.domain.resources import ApiResource
    from odh_nim.sandbox.testing import ControlPlane

# Projects of the running test, with the plane they are in.
_made: list[tuple[ControlPlane, str]] = []


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Everything: Kubernetes, KServe, the kinds of Open Data Hub, nodes with GPUs, NVIDIA."""
    yield from start_plane(tmp_path_factory, "open-data-hub")


@pytest.fixture(scope="session")
def plain_control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Kubernetes and KServe alone, with what this product installs there."""
    yield from start_plane(tmp_path_factory, "kubernetes-only")


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    """A fresh project that alice may edit; nobody waits for its deletion."""
    return make_project(control_plane)


@pytest.fixture
def plain_namespace(plain_control_plane: ControlPlane) -> str:
    """A fresh project in the control plane without Open Data Hub."""
    return make_project(plain_control_plane)


@pytest.fixture
def nvidia(control_plane: ControlPlane) -> Iterator[str]:
    """The address of NVIDIA's stand-in; every switch and its journal are as new for the test."""
    from odh_nim.sandbox.nvidia import clear_journal, reset  # noqa: PLC0415 - see above

    reset(control_plane.ngc_url)
    clear_journal(control_plane.ngc_url)
    yield control_plane.ngc_url
    reset(control_plane.ngc_url)


def make_project(plane: ControlPlane, *, editor: str = "alice") -> str:
    """Make a project with an editor; give its name when pods can run in it."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    asyncio.run(_make_project(plane, name, editor))
    _made.append((plane, name))
    return name


@pytest.fixture(autouse=True)
def _projects_are_tidied() -> Iterator[None]:
    """Take the models of a test's projects away: the nodes' few GPUs are for all tests."""
    yield
    made, _made[:] = list(_made), []
    for plane, name in made:
        if any(part.name == "kubelet-stand-in" for part in plane.state.parts):
            # In a thread: a browser test has a loop of its own in this one.
            thread = threading.Thread(target=lambda p=plane, n=name: asyncio.run(_tidy(p, n)))
            thread.start()
            thread.join(30)


def start_plane(
    tmp_path_factory: pytest.TempPathFactory, variant: str, *, kserve: bool = True
) -> Iterator[ControlPlane]:
    """Start a control plane; without KServe its objects are stored and nobody acts on them."""
    from odh_nim.sandbox.seed import Variant  # noqa: PLC0415 - see the module's docstring
    from odh_nim.sandbox.testing import ControlPlane  # noqa: PLC0415 - as above
    from odh_nim.settings import Settings  # noqa: PLC0415 - as above

    settings = Settings.from_environment(os.environ)
    home = tmp_path_factory.mktemp(variant)
    with ControlPlane.start(
        home,
        cache_home=settings.cache_home,
        programs=settings.sandbox_bin,
        variant=Variant(variant),
        kserve=kserve,
    ) as plane:
        yield plane


async def _tidy(plane: ControlPlane, name: str) -> None:
    from odh_nim.cluster import Client  # noqa: PLC0415 - see the module's docstring
    from odh_nim.domain import resources  # noqa: PLC0415 - as above
    from odh_nim.domain.errors import ClusterError  # noqa: PLC0415 - as above

    kinds = (resources.INFERENCE_SERVICES, resources.JOBS, resources.DEPLOYMENTS, resources.PODS)
    # A test may have taken the project itself away; what matters is that no pod is left.
    with contextlib.suppress(ClusterError, TimeoutError):
        async with asyncio.timeout(15), Client(plane.admin) as client:
            while True:
                left = 0
                for kind in kinds:
                    for found in await client.list(kind, name):
                        left += 1
                        if "deletionTimestamp" not in found["metadata"]:
                            await _remove(client, kind, found["metadata"])
                if not left:
                    return
                await asyncio.sleep(0.1)


async def _remove(client: Client, kind: ApiResource, metadata: dict[str, Any]) -> None:
    from odh_nim.domain.errors import NotFoundError  # noqa: PLC0415 - see the module's docstring

    with contextlib.suppress(NotFoundError):
        await client.delete(kind, metadata["name"], metadata["namespace"], grace_seconds=0)


async def _make_project(plane: ControlPlane, name: str, editor: str) -> None:
    from odh_nim.cluster import Client  # noqa: PLC0415 - see the module's docstring

    async with Client(plane.admin) as client:
        await client.apply(_namespace(name))
        await client.apply(_binding(name, editor))
        await _wait_for_service_account(client, name)


async def _wait_for_service_account(client: Client, namespace: str) -> None:
    from odh_nim.domain.errors import NotFoundError  # noqa: PLC0415 - see the module's docstring
    from odh_nim.domain.resources import SERVICE_ACCOUNTS  # noqa: PLC0415 - as above

    async with asyncio.timeout(20):
        while True:
            try:
                await client.get(SERVICE_ACCOUNTS, "default", namespace)
            except NotFoundError:
                await asyncio.sleep(0.02)
            else:
                return


def _namespace(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {"opendatahub.io/dashboard": "true"}},
    }


def _binding(namespace: str, user: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"edit-{user}", "namespace": namespace},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
