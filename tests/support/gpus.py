"""The few GPUs of the sandbox's nodes, for tests that need to know how many are free."""

import asyncio

from odh_nim.cluster import Client
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, NAMESPACES, NODES, PODS


async def free_gpus(admin: Client) -> tuple[str, int]:
    """Make room on the nodes, and name the one with the most free GPUs."""
    projects = await admin.list(NAMESPACES)
    for project in (item["metadata"]["name"] for item in projects):
        if project.startswith("test-"):
            for service in await admin.list(INFERENCE_SERVICES, project):
                await admin.delete(INFERENCE_SERVICES, service["metadata"]["name"], project)
    async with asyncio.timeout(30):
        while True:
            pods = [pod for pod in await admin.list(PODS) if _gpus(pod)]
            if not pods:
                break
            await asyncio.sleep(0.2)
    nodes = await admin.list(NODES)
    free = {
        item["metadata"]["name"]: int(item["status"]["allocatable"].get("nvidia.com/gpu", 0))
        for item in nodes
    }
    smallest = min((count, name) for name, count in free.items() if count)
    return smallest[1], smallest[0]


def _gpus(pod: Manifest) -> int:
    return sum(
        int((one.get("resources", {}).get("limits") or {}).get("nvidia.com/gpu", 0))
        for one in pod["spec"]["containers"]
    )
