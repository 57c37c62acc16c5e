"""A server in front of the real control plane, and a project with an editor and a viewer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from odh_nim.cluster import Client
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.control_plane import make_project
from support.web_server import RunningServer, run_server

GROUP = "rbac.authorization.k8s.io"
KEY = dummy_key("good").value


@pytest.fixture
async def server(control_plane: ControlPlane, nvidia: str) -> AsyncIterator[RunningServer]:
    async with run_server(control_plane) as running:
        yield running


@pytest.fixture
async def project(control_plane: ControlPlane) -> str:
    """A project that alice edits, vera sees, and bob knows nothing of."""
    name = await asyncio.to_thread(make_project, control_plane)
    async with Client(control_plane.admin) as client:
        await client.apply(
            {
                "apiVersion": f"{GROUP}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": "view-vera", "namespace": name},
                "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "view"},
                "subjects": [{"apiGroup": GROUP, "kind": "User", "name": "vera"}],
            }
        )
    return name


@pytest.fixture
async def project_with_key(server: RunningServer, project: str) -> str:
    async with server.client("alice") as client:
        answer = await client.put(f"/api/v1/projects/{project}/key", json={"key": KEY})
        assert answer.status_code == 200, answer.text
    return project
