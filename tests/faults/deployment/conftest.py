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


@pytest.fixture
async def stages(bare_control_plane: ControlPlane) -> AsyncIterator[list[Stage]]:
    async with contextlib.AsyncExitStack() as open_ones:
        found = []
        for _ in range(AT_ONCE):
            namespace = await asyncio.to_thread(make_project, bare_control_plane)
            stage = open_stage(bare_control_plane, namespace)
            found.append(await open_ones.enter_async_context(stage))
        yield found


@pytest.fixture
def stage(stages: list[Stage]) -> Stage:
    return stages[0]


@pytest.fixture
async def whole_stage(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Stage]:
    async with open_stage(control_plane, namespace) as stage:
        yield stage
