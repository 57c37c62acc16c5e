"""P8: the inventory of a clean-up over 1,000 projects, against the same with 10 projects.

Both run on a real API server. The number of calls must not grow with the projects, and the whole
inventory must take no more than 10 seconds.
"""

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from odh_nim.cluster import Client
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.settings import Settings
from odh_nim.upgrade import plan_upgrade
from support.old_deployments import old_deployment

FEW, MANY = 10, 1000
SECONDS = 10.0
AT_ONCE = 16
KEY = "nvapi-BENCHMARK-KEY-0000000000"


class Counted:
    """Counts the lists that planning makes; a page is not a list."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls = 0

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        self.calls += 1
        return await self._client.get(resource, name, namespace)

    async def list(
        self, resource: ApiResource, namespace: str | None = None, **selectors: Any
    ) -> list[Manifest]:
        self.calls += 1
        return await self._client.list(resource, namespace, **selectors)

    async def served_versions(self, group: str) -> tuple[str, ...]:
        self.calls += 1
        return await self._client.served_versions(group)

    async def serves(self, resource: ApiResource) -> bool:
        self.calls += 1
        return await self._client.serves(resource)


async def fill(client: Client, first: int, last: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        namespace = f"bench-{number}"
        async with slots:
            await client.apply(
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            )
            for item in old_deployment(namespace, KEY):
                await client.apply(item)

    await asyncio.gather(*(one(number) for number in range(first, last)))


async def measure(client: Client) -> tuple[int, float, int]:
    counted = Counted(client)
    started = time.perf_counter()
    plan = await plan_upgrade(counted)
    taken = time.perf_counter() - started
    assert plan.complete, plan.holes
    kept = [item for item in plan.items if item.subject.namespace.startswith("bench-")]
    return counted.calls, taken, len(kept)


async def run(plane: ControlPlane) -> bool:
    async with Client(plane.admin) as client:
        await fill(client, 0, FEW)
        few_calls, few, found_few = await measure(client)
        await fill(client, FEW, MANY)
        many_calls, many, found_many = await measure(client)
    assert (found_few, found_many) == (2 * FEW, 2 * MANY)
    print(f"P8  {FEW} projects: {few_calls} calls, {few:.2f} s")
    print(f"P8  {MANY} projects: {many_calls} calls, {many:.2f} s (budget {SECONDS:.0f} s)")
    print(f"P8  calls ratio {many_calls / few_calls:.2f} (budget ≤ 1.00)")
    return many_calls <= few_calls and many <= SECONDS


def main() -> int:
    settings = Settings.from_environment(os.environ)
    with (
        tempfile.TemporaryDirectory() as home,
        ControlPlane.start(
            Path(home),
            cache_home=settings.cache_home,
            programs=settings.sandbox_bin,
            kserve=False,
            kubelet=False,
        ) as plane,
    ):
        return 0 if asyncio.run(run(plane)) else 1


if __name__ == "__main__":
    sys.exit(main())
