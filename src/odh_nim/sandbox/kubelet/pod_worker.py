"""Walks one pod through its life: asks what is due, writes what changed, sleeps until the next."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from odh_nim.domain.errors import NotFoundError, OdhNimError
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import PODS
from odh_nim.sandbox.kubelet.behaviour import ANNOTATION, Behaviour, parse_behaviour
from odh_nim.sandbox.kubelet.cluster import KubeletCluster
from odh_nim.sandbox.kubelet.container import (
    Container,
    Event,
    Exit,
    Stage,
    Surroundings,
    advance,
    is_model,
    next_change,
    wants_verdict,
)
from odh_nim.sandbox.kubelet.events import EventRecorder, Reporter
from odh_nim.sandbox.kubelet.pod_status import adopt, build_status
from odh_nim.sandbox.kubelet.timings import Timings, doubled
from odh_nim.sandbox.kubelet.verdicts import Verdicts

_log: Final = logging.getLogger(__name__)
# No container takes more steps at one moment: a bound for timings of zero.
_MOST_STEPS: Final = 20
_SHORTEST_PAUSE: Final = 0.01
_RETRY: Final = 0.5
_RETRY_MOST: Final = 30.0


@dataclass(frozen=True)
class Tools:
    """What all pods of the kubelet stand-in share; `timings` gives the ones of now."""

    cluster: KubeletCluster
    verdicts: Verdicts
    recorder: EventRecorder
    timings: Callable[[], Timings]
    clock: Callable[[], float]


class PodWorker:
    """One pod of one of the stand-in's nodes, from its binding until it is deleted."""

    def __init__(self, pod: Manifest, tools: Tools) -> None:
        self.pod = pod
        self.containers = adopt(pod)
        self.is_gone = False
        self._tools = tools
        self._written: dict[str, Any] = pod.get("status") or {}
        self._wake = asyncio.Event()
        self._changed = asyncio.Event()
        self._mounted = any(item.stage is not Stage.CREATING for item in self.containers)
        self._behaviour_told = bool(self._written.get("containerStatuses"))

    @property
    def behaviour(self) -> Behaviour:
        """How the pod was told to behave."""
        return parse_behaviour(annotations(self.pod).get(ANNOTATION, ""))

    def see(self, pod: Manifest) -> None:
        """Take the pod as the cluster has it now."""
        # A watch may be behind our own write, whose answer was seen already.
        self.pod = pod
        self.wake()

    def wake(self) -> None:
        """Look again at once, because something outside the pod changed."""
        self._wake.set()

    def gone(self) -> None:
        """Take notice that the pod is deleted: who follows its log is told."""
        self.is_gone = True
        self._changed.set()

    def next_change(self) -> asyncio.Event:
        """Give what is set at the next change of a container."""
        return self._changed

    def surroundings(self, container: Container) -> Surroundings:
        """Give what is known about a container beyond its state."""
        metadata, spec = self.pod["metadata"], self.pod["spec"]
        return Surroundings(
            spec=next(item for item in spec["containers"] if item["name"] == container.name),
            is_model=is_model(container.name, self.pod),
            behaviour=self.behaviour,
            timings=self._tools.timings(),
            restart_policy=spec.get("restartPolicy", "Always"),
            pod=f"{metadata['name']}_{metadata['namespace']}",
        )

    async def run(self) -> None:
        """Live; cancelled when the pod is gone. Whatever fails is tried again later."""
        failures = 0
        while True:
            self._wake.clear()
            try:
                pause = await self._step()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever a pod holds, the others live on
                name = f"{self.pod['metadata'].get('namespace')}/{self.pod['metadata']['name']}"
                unexpected = not isinstance(error, OdhNimError)
                _log.warning("Pod %s: %s", name, error, exc_info=unexpected)
                pause = doubled(_RETRY, failures, _RETRY_MOST)
                failures += 1
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if math.isinf(pause) else pause):
                    await self._wake.wait()

    async def _step(self) -> float:
        """Do what is due; give the seconds until something is due again."""
        if "deletionTimestamp" in self.pod["metadata"]:
            await self._end()
            return math.inf
        if not await self._mount():
            return self._tools.timings().pull_retry_most
        now = self._tools.clock()
        events: list[tuple[Container, Event]] = []
        for position, container in enumerate(self.containers):
            self.containers[position] = await self._advance(container, now, events)
        await self._write(now)
        for container, event in events:
            await self._tell(event, container)
        await self._tell_unknown_behaviour()
        # From the moment that was written, not from now: what fell due while the writes were under
        # way would be passed over, and the pod would wait for ever.
        due = min(next_change(item, self.surroundings(item), now) for item in self.containers)
        return max(_SHORTEST_PAUSE, due - self._tools.clock())

    async def _mount(self) -> bool:
        if self._mounted:
            return True
        fault = await self._tools.verdicts.unmountable(self.pod)
        if fault:
            await self._write(self._tools.clock())
            await self._tell(fault)
        self._mounted = fault is None
        return self._mounted

    async def _advance(
        self, container: Container, now: float, events: list[tuple[Container, Event]]
    ) -> Container:
        for _ in range(_MOST_STEPS):
            around = self.surroundings(container)
            if wants_verdict(container, around, now):
                around, told = await self._judge(container, around)
                events += ((container, event) for event in told)
            after, happened = advance(container, around, now)
            events += ((container, event) for event in happened)
            if after == container:
                break
            container = after
        return container

    async def _judge(
        self, container: Container, around: Surroundings
    ) -> tuple[Surroundings, tuple[Event, ...]]:
        verdicts = self._tools.verdicts
        refusal, told = await verdicts.refusal(self.pod, container.image, around.behaviour)
        fault = "" if refusal else await verdicts.fault(self.pod, around.spec)
        return replace(around, refusal=refusal, fault=fault), told

    async def _write(self, now: float) -> None:
        """Write the status if it changed, to this pod and to no other of its name."""
        old = self._written or self.pod.get("status") or {}
        status = build_status(self.pod, old, self.containers, now)
        if all(old.get(name) == value for name, value in status.items()):
            return
        metadata = self.pod["metadata"]
        stored = await self._tools.cluster.patch(
            PODS,
            metadata["name"],
            metadata["namespace"],
            merge={"metadata": {"uid": metadata["uid"]}, "status": status},
            subresource="status",
        )
        self._written = stored["status"]
        self._changed.set()
        self._changed = asyncio.Event()

    async def _end(self) -> None:
        """Stop the containers and let the pod go."""
        running = [item for item in self.containers if item.stage is Stage.RUNNING]
        for container in running:
            text = f"Stopping container {container.name}"
            await self._tell(Event("Killing", text), container)
        metadata = self.pod["metadata"]
        grace = metadata.get("deletionGracePeriodSeconds", 0)
        if running:
            await asyncio.sleep(min(self._tools.timings().stop, grace))
            now = self._tools.clock()
            self.containers = [_stopped(item, now) for item in self.containers]
            await self._write(now)
        with contextlib.suppress(NotFoundError):
            await self._tools.cluster.delete(
                PODS,
                metadata["name"],
                metadata["namespace"],
                uid=metadata["uid"],
                grace_seconds=0,
            )

    async def _tell(self, event: Event, container: Container | None = None) -> None:
        field = f"spec.containers{{{container.name}}}" if container else ""
        reporter = Reporter("kubelet", self.pod["spec"]["nodeName"])
        await self._tools.recorder.record(self.pod, event, reporter, field=field)

    async def _tell_unknown_behaviour(self) -> None:
        if self._behaviour_told:
            return
        self._behaviour_told = True
        if unknown := self.behaviour.unknown:
            text = f"The annotation {ANNOTATION} holds unknown words: {', '.join(unknown)}"
            await self._tell(Event("UnknownBehaviour", text, warning=True))


def _stopped(container: Container, now: float) -> Container:
    if container.stage is not Stage.RUNNING:
        return container
    ended = Exit(0, "Completed", container.since, now)
    stopped = replace(container, stage=Stage.EXITED, since=now, exit=ended)
    return replace(stopped, started=False, ready=False)
