"""Where a scenario plays: one project, seen by alice through a proxy that plays faults."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from odh_nim.cluster import Client, Pacing, Timeouts
from odh_nim.deployment import Plan as DeploymentPlan
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SECRETS,
    SERVING_RUNTIMES,
)
from odh_nim.sandbox.testing import ControlPlane
from support.deployments import plan as make_plan
from support.fault_proxy import FaultProxy
from support.faults import Call, Fault, Plan
from support.witness import Snapshot, look

T = TypeVar("T")
KEY: Final = "nvapi-FAULTS-CANARY-0123456789"
# For a server that hangs: it costs a test a moment. A busy machine needs the usual patience.
HASTY: Final = Timeouts(connect=2, read=1.2, operation=2.4, listing=5)
PAUSES: Final = (0.02, 0.05)
# What `Stage.plan` makes.
KINDS: Final = (SECRETS, PERSISTENT_VOLUME_CLAIMS, SERVING_RUNTIMES, INFERENCE_SERVICES)
HANGS: Final = (Fault.HANG_BEFORE, Fault.HANG_AFTER)
KILLS: Final = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
# Those that leave our process alive.
FAULTS: Final = tuple(fault for fault in Fault if fault not in KILLS)


@dataclass(frozen=True)
class Stage:
    """`cluster` is alice's connection through the proxy, `admin` one that sees everything.

    `hasty` is alice's too, with little patience.
    """

    plane: ControlPlane
    namespace: str
    proxy: FaultProxy
    cluster: Client
    hasty: Client
    admin: Client

    def cluster_for(self, *faults: Plan) -> Client:
        """Give the connection that suits some faults."""
        return self.hasty if any(fault.fault in HANGS for fault in faults) else self.cluster

    async def look(self) -> Snapshot:
        """See what the project holds of the kinds that a deployment is made of here."""
        return await look(self.admin, self.namespace, KINDS)

    def plan(self, name: str) -> DeploymentPlan:
        """Plan a deployment with its own key: the one with the most calls."""
        return make_plan(
            f"request-{name}", key=KEY, choice=KeyChoice.OWN, name=name, namespace=self.namespace
        )


@asynccontextmanager
async def open_stage(plane: ControlPlane, namespace: str) -> AsyncIterator[Stage]:
    async with Client(plane.admin) as admin, proxy_of(plane) as proxy:
        for manifest in foreign_objects(namespace):
            await admin.create(manifest)
        config = replace(plane.config_for("alice"), server=proxy.url, ca_data=None)
        pacing = Pacing(sleep=_no_sleep)
        async with (
            Client(config, pacing=pacing) as cluster,
            Client(config, timeouts=HASTY, pacing=pacing) as hasty,
        ):
            yield Stage(plane, namespace, proxy, cluster, hasty, admin)


async def play_each(
    stages: Iterable[Stage], items: Iterable[T], scenario: Callable[[Stage, T], Awaitable[bool]]
) -> None:
    """Play a scenario for every item, one at a time on each stage; False ends a stage's work."""
    left = iter(items)

    async def work(stage: Stage) -> None:
        for item in left:
            if not await scenario(stage, item):
                return

    await asyncio.gather(*(work(stage) for stage in stages))


def counts(call: Call) -> bool:
    """Number what a feature asks for, not what it follows or discovers."""
    return "watch=" not in call.target and call.path.count("/") > 3


def proxy_of(plane: ControlPlane, *, counts: Callable[[Call], bool] = counts) -> FaultProxy:
    """Stand in front of a control plane; plain HTTP, which is allowed on this machine."""
    verify = ssl.create_default_context(cafile=plane.layout.certificates / "ca.crt")
    return FaultProxy(plane.config_for("alice").server, verify=verify, counts=counts)


def foreign_objects(namespace: str) -> list[Manifest]:
    """Build what a neighbour has in the project, with names near to ours."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "nvidia-nim-secrets-other", "namespace": namespace},
            "data": {"NGC_API_KEY": "bmVpZ2hib3Vy"},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "nim-pvc-other", "namespace": namespace},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "never-binds",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
    ]


async def _no_sleep(_: float) -> None:
    """Try again at once."""
