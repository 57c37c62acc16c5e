"""Fixtures: a control plane for states of old clusters, emptied after every test."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest

from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings
from support.old_cluster_server import OldClusterServer

# What the sandbox seeds and a recorded state brings itself.
_SEEDED = (
    "/apis/datasciencecluster.opendatahub.io/v1/datascienceclusters/default-dsc",
    "/apis/dscinitialization.opendatahub.io/v1/dscinitializations/default-dsci",
)


@pytest.fixture(scope="package")
def old_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    settings = Settings.from_environment(os.environ)
    with ControlPlane.start(
        tmp_path_factory.mktemp("old"),
        cache_home=settings.cache_home,
        programs=settings.sandbox_bin,
        kserve=False,
        kubelet=False,
    ) as plane:
        yield plane


@pytest.fixture
async def server(old_plane: ControlPlane) -> AsyncIterator[OldClusterServer]:
    async with OldClusterServer(old_plane.kubeconfig("admin")) as server:
        await server.define_kinds()
        await server.remove(*_SEEDED)
        yield server
        await server.clear()
