"""A kubelet stand-in that runs against a cluster in memory, and what its pods show."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import UnreachableError
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.runner import KubeletStandIn
from odh_nim.sandbox.kubelet.timings import Timings
from support.kubelet_cluster import FakeCluster
from support.kubelet_pods import GOOD_KEY

FAST = Timings(
    pull=0.01,
    load=0.05,
    stop=0.01,
    pull_error=0.01,
    pull_retry=0.02,
    pull_retry_most=0.05,
    restart=0.02,
    restart_most=0.05,
    probe_scale=0.001,
)
BROKEN = UnreachableError("reach the cluster", "no connection")


class Judge:
    """Lets one key pull everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def pull_status(self, image: str, key: ApiKey) -> int:
        self.asked.append(image)
        return 200 if key.reveal() == GOOD_KEY else 402


@asynccontextmanager
async def running(cluster: FakeCluster, timings: Timings = FAST) -> AsyncIterator[KubeletStandIn]:
    async with KubeletStandIn(cluster, judge=Judge(), timings=timings) as kubelet:
        yield kubelet


def container_of(cluster: FakeCluster, name: str = "llama") -> Manifest:
    statuses = cluster.find("Pod", name).get("status", {}).get("containerStatuses") or [{}]
    found: Manifest = statuses[0]
    return found


def is_ready(cluster: FakeCluster, name: str = "llama") -> bool:
    return bool(container_of(cluster, name).get("ready"))


def waits_for(cluster: FakeCluster, name: str = "llama") -> str:
    return str(container_of(cluster, name).get("state", {}).get("waiting", {}).get("reason"))
