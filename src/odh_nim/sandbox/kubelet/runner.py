"""The kubelet stand-in: nodes with GPUs whose pods live without containers."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import PERSISTENT_VOLUME_CLAIMS, PODS, STORAGE_CLASSES
from odh_nim.sandbox.kubelet.claims import ClaimKeeper
from odh_nim.sandbox.kubelet.cluster import KubeletCluster
from odh_nim.sandbox.kubelet.events import EventRecorder
from odh_nim.sandbox.kubelet.log_server import log_app
from odh_nim.sandbox.kubelet.machines import Machines
from odh_nim.sandbox.kubelet.mirror import Mirror
from odh_nim.sandbox.kubelet.mirror_sets import LoopbackMirrors, MirrorSets
from odh_nim.sandbox.kubelet.nodes import NODES, Node
from odh_nim.sandbox.kubelet.pod_worker import PodWorker, Tools
from odh_nim.sandbox.kubelet.pull import ImageJudge
from odh_nim.sandbox.kubelet.timings import Timings
from odh_nim.sandbox.kubelet.verdicts import Verdicts
from odh_nim.sandbox.loopback import LoopbackServer, TlsFiles

_log: Final = logging.getLogger(__name__)
_PAUSE: Final = 1.0
DEFAULT_REGISTRIES: Final = (names.REGISTRY,)


class KubeletStandIn:
    """Plays the kubelets of all nodes, and the controllers for volumes.

    `async with` returns when the nodes are there and logs are served. `registries` are those that
    ask for a key. Without certificate nobody can read logs.
    """

    def __init__(
        self,
        cluster: KubeletCluster,
        *,
        judge: ImageJudge,
        timings: Timings | None = None,
        registries: Sequence[str] = DEFAULT_REGISTRIES,
        nodes: Sequence[Node] = NODES,
        tls: TlsFiles | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._timings = timings or Timings()
        self._node_names = {node.name for node in nodes}
        recorder = EventRecorder(cluster, clock)
        self._tools = Tools(
            cluster,
            Verdicts(cluster, judge, tuple(registries), MirrorSets(cluster, LoopbackMirrors())),
            recorder,
            lambda: self._timings,
            clock,
        )
        self._workers: dict[str, tuple[PodWorker, asyncio.Task[None]]] = {}
        self._machines = Machines(cluster, nodes, clock)
        self._pods = Mirror(cluster, PODS, self)
        self._claims = ClaimKeeper(cluster, recorder, lambda: self._pods.objects)
        self._mirrors = (
            self._pods,
            Mirror(cluster, PERSISTENT_VOLUME_CLAIMS, self._claims),
            Mirror(cluster, STORAGE_CLASSES, _ClassViewer(self._claims)),
        )
        self._logs = LoopbackServer(log_app(self, clock), tls=tls) if tls else None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def timings(self) -> Timings:
        """How fast pods live; a change counts at once."""
        return self._timings

    @timings.setter
    def timings(self, timings: Timings) -> None:
        self._timings = timings
        for worker, _ in self._workers.values():
            worker.wake()

    @property
    def log_port(self) -> int:
        """Where logs are served; 0 where nowhere."""
        return self._logs.port if self._logs else 0

    def find_pod(self, namespace: str, name: str) -> PodWorker | None:
        """Find a pod of one of the nodes."""
        for worker, _ in self._workers.values():
            metadata = worker.pod["metadata"]
            if (metadata["namespace"], metadata["name"]) == (namespace, name):
                return worker
        return None

    async def run(self) -> None:
        """Live until cancelled.

        Raises:
            ClusterError: The nodes cannot be written at the start.
            SandboxError: The server for logs cannot be started.

        """
        async with self:
            await asyncio.gather(*self._tasks)

    async def __aenter__(self) -> Self:
        if self._logs:
            await self._logs.start()
        try:
            await self._machines.report(self.log_port)
            await self._claims.release_orphans()
        except BaseException:
            await self._stop()
            raise
        works = (
            lambda: self._machines.run(self.log_port),
            self._claims.run,
            *(mirror.run for mirror in self._mirrors),
        )
        self._tasks = [asyncio.create_task(_for_ever(work)) for work in works]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        tasks = [*self._tasks, *(task for _, task in self._workers.values())]
        self._workers.clear()
        self._tasks = []
        await _end(tasks)
        if self._logs:
            await self._logs.stop()

    def see(self, pod: Manifest) -> None:
        """Take a pod as the cluster has it now."""
        uid = pod["metadata"]["uid"]
        if uid in self._workers:
            self._workers[uid][0].see(pod)
        elif pod["spec"].get("nodeName") in self._node_names:
            worker = PodWorker(pod, self._tools)
            self._workers[uid] = worker, asyncio.create_task(worker.run())

    def lose(self, pod: Manifest) -> None:
        """Forget a pod that is gone, and let go what it held."""
        uid = pod["metadata"]["uid"]
        if uid in self._workers:
            worker, task = self._workers.pop(uid)
            task.cancel()
            worker.gone()
        self._tools.recorder.forget(uid)
        self._claims.look_again()


class _ClassViewer:
    """A StorageClass that comes may be the one a claim waits for."""

    def __init__(self, claims: ClaimKeeper) -> None:
        self._claims = claims

    def see(self, _: Manifest) -> None:
        self._claims.look_again()

    def lose(self, _: Manifest) -> None:
        """Nothing bound depends on a class."""


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - half a kubelet would be worse than one that stumbles
            _log.exception("A part of the kubelet stand-in failed and is started again")
        await asyncio.sleep(_PAUSE)


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
