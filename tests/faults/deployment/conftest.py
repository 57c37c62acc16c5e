"""Projects with objects of somebody else, seen through proxies that play faults.

Most scenarios play on a control plane without KServe: there an InferenceService is stored and
nothing follows, so that hundreds of them take a minute. A sample plays on the whole one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from faults.deployment.stage import Stage, open_stage
from odh_nim.sandbox.testing import ControlPlane
from support.control_plane import make_project, start_plane

# So many scenarios at once: while one waits for an answer that never comes, the others go on.
AT_ONCE = 6


@pytest.fixture(scope="package")
def bare_control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Kubernetes and the kinds, without KServe's controller and webhooks."""
    yield from start_plane(tmp_path_factory, "open-data-hub", kserve=False)


@pytest.fixture(scope="package")
async def stages(bare_control_plane: ControlPlane) -> AsyncIterator[list[Stage]]:
    """Projects that many tests share: each scenario has a name of its own, and tidies up."""
    async with contextlib.AsyncExitStack() as open_ones:
        namespaces = await asyncio.gather(
            *(asyncio.to_thread(make_project, bare_control_plane) for _ in range(AT_ONCE))
        )
        opening = [open_stage(bare_control_plane, namespace) for namespace in namespaces]
        yield [await open_ones.enter_async_context(stage) for stage in opening]


@pytest.fixture
async def stage(bare_control_plane: ControlPlane) -> AsyncIterator[Stage]:
    """A project of the test's own."""
    namespace = await asyncio.to_thread(make_project, bare_control_plane)
    async with open_stage(bare_control_plane, namespace) as stage:
        yield stage


@pytest.fixture
async def whole_stage(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Stage]:
    async with open_stage(control_plane, namespace) as stage:
        yield stage
