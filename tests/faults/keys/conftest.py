"""Projects with a key and a deployment, seen through proxies that play faults.

Without KServe: an InferenceService is stored and nothing follows, so that hundreds of scenarios
take a minute.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import pytest

from faults.deployment.stage import Stage, open_stage
from odh_nim.sandbox.testing import ControlPlane
from support.control_plane import make_project, start_plane

# So many scenarios at once: while one waits for an answer that never comes, the others go on.
AT_ONCE = 5


@pytest.fixture(scope="package")
def bare_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Kubernetes and the kinds, without KServe's controller and webhooks."""
    yield from start_plane(tmp_path_factory, "open-data-hub", kserve=False)


@pytest.fixture
async def stages(bare_plane: ControlPlane) -> AsyncIterator[list[Stage]]:
    async with contextlib.AsyncExitStack() as open_ones:
        found = []
        for _ in range(AT_ONCE):
            namespace = await asyncio.to_thread(make_project, bare_plane)
            found.append(await open_ones.enter_async_context(open_stage(bare_plane, namespace)))
        yield found


@pytest.fixture
async def stage(bare_plane: ControlPlane) -> AsyncIterator[Stage]:
    namespace = await asyncio.to_thread(make_project, bare_plane)
    async with open_stage(bare_plane, namespace) as one:
        yield one
