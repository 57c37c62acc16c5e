"""Starts pods anew so that they read their Secrets again: one deployment at a time.

KServe reverts a rollout restart of the apps/v1 Deployment, so a mark goes into
`spec.predictor.annotations` of the InferenceService: KServe copies it into the pods, and by it the
new ones are told from the old ones. `Ready` of the InferenceService is never asked: it stays true
while a new pod waits for a GPU or cannot pull its image (measured with KServe 0.20).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from odh_nim.deployment.explanation import Explanation
from odh_nim.deployment.observed import is_stopped
from odh_nim.deployment.restart_note import drop_note, write_note
from odh_nim.deployment.restart_patch import (
    PatchCluster,
    Restored,
    change_strategy,
    request_restart,
    restore_strategy,
    strategy_of,
)
from odh_nim.deployment.restart_plan import RestartStep
from odh_nim.deployment.restart_wait import WaitCluster, Waited, await_new_pods
from odh_nim.deployment.switch import is_operators
from odh_nim.domain import names
from odh_nim.domain.errors import ClusterError, ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES

_AT_ONCE: Final = 8
_RESUME: Final = "the old pod stops first; --resume brings back how pods are replaced."
_NOT_NOTED: Final = (
    "How pods are replaced could not be noted on the runtime: only this command brings it back."
)


class RestartWord(StrEnum):
    """What became of one deployment."""

    RESTARTED = "restarted"
    # Asked for, and not waited for.
    REQUESTED = "requested"
    # Its pods carry the mark already.
    CURRENT = "current"
    STOPPED = "stopped"
    # It belongs to NVIDIA's operator.
    OPERATORS = "operator"
    GONE = "gone"
    FAILED = "failed"
    # Not ready in time; it goes on.
    LATE = "late"
    # An earlier one failed.
    SKIPPED = "skipped"

    @property
    def is_good(self) -> bool:
        """Whether nothing is left to do about it."""
        return self not in (RestartWord.FAILED, RestartWord.LATE, RestartWord.SKIPPED)


@dataclass(frozen=True)
class RestartOutcome:
    """What became of one deployment; `old_serves` says that a pod from before still serves."""

    name: str
    word: RestartWord
    message: str = ""
    old_serves: bool = False
    explanations: tuple[Explanation, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class RestartOptions:
    """How to go about it: `within` is for each deployment.

    `pull_always` lets the new pods ask the registry even for images that are on the node.
    `keep_strategy` never stops an old pod first.
    """

    wait: bool = True
    within: float = 1800.0
    pull_always: bool = False
    keep_strategy: bool = False


class RestartCluster(PatchCluster, WaitCluster, Protocol):
    """The calls that restarting needs."""


def _nothing(_: str, __: str) -> None: ...


async def restart_deployments(
    cluster: RestartCluster,
    steps: Sequence[RestartStep],
    namespace: str,
    *,
    mark: str,
    options: RestartOptions = RestartOptions(),
    report: Callable[[str, str], None] = _nothing,
    tell: Callable[[RestartOutcome], None] = lambda _: None,
) -> tuple[RestartOutcome, ...]:
    """Restart one after the other; the first that fails ends it, the others keep their old pods.

    `report` hears what happens, by name and sentence; `tell` every outcome.
    """
    runs = [_One(cluster, step, namespace, mark, options, report) for step in steps]
    if not options.wait:
        return await _request_all(runs, tell)
    outcomes: list[RestartOutcome] = []
    failed = False
    for run in runs:
        outcome = run.skipped() if failed else await run.restart()
        failed = failed or not outcome.word.is_good
        outcomes.append(outcome)
        tell(outcome)
    return tuple(outcomes)


async def _request_all(
    runs: Sequence["_One"], tell: Callable[[RestartOutcome], None]
) -> tuple[RestartOutcome, ...]:
    """Ask for all restarts, a few at a time: nobody waits for one before the next."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def request(run: "_One") -> RestartOutcome:
        async with turn:
            outcome = await run.restart()
        tell(outcome)
        return outcome

    return tuple(await asyncio.gather(*(request(run) for run in runs)))


class _One:
    """The restart of one deployment."""

    def __init__(
        self,
        cluster: RestartCluster,
        step: RestartStep,
        namespace: str,
        mark: str,
        options: RestartOptions,
        report: Callable[[str, str], None],
    ) -> None:
        self._cluster = cluster
        self._step = step
        self._namespace = namespace
        self._mark = mark
        self._options = options
        self._report = report
        self._restored = step.unrestored
        self._asked = False

    async def restart(self) -> RestartOutcome:
        try:
            return await self._restart()
        except NotFoundError:
            return self._outcome(RestartWord.GONE, "It was deleted meanwhile.")
        except ClusterError as error:
            return self._outcome(RestartWord.FAILED, f"{error}")

    def skipped(self) -> RestartOutcome:
        return self._outcome(
            RestartWord.SKIPPED, "Not restarted: an earlier deployment did not come up."
        )

    async def _restart(self) -> RestartOutcome:
        name, namespace = self._step.name, self._namespace
        # Just read where nobody waits; else minutes may have passed since the plan.
        service = None if self._options.wait else self._step.service
        if service is None:
            service = await self._cluster.get(INFERENCE_SERVICES, name, namespace)
        if is_operators(service):
            return self._outcome(RestartWord.OPERATORS, "Restart it through its NIMService.")
        if is_stopped(service):
            return self._outcome(
                RestartWord.STOPPED, "It stays stopped, and starts with the new key."
            )
        if _mark_of(service) == self._mark:
            # An earlier run asked for it; that its pods came up is seen only by who waits.
            return await self._wait() if self._options.wait else self._outcome(RestartWord.CURRENT)
        strategy = None if self._options.keep_strategy else self._step.strategy
        if strategy is not None:
            self._report(name, self._step.warning)
            await self._note(service, strategy)
        self._asked = True
        await request_restart(
            self._cluster,
            service,
            mark=self._mark,
            strategy=strategy,
            pull_always=self._options.pull_always,
        )
        if not self._options.wait:
            return self._outcome(RestartWord.REQUESTED, _RESUME if self._restored else "")
        return await self._wait()

    async def _note(self, service: Manifest, strategy: dict[str, Any]) -> None:
        """Note in the cluster what is to be brought back: this process may be killed."""
        before = strategy_of(service)
        if strategy != before:
            self._restored = Restored(before, dict(strategy))
            try:
                await write_note(self._cluster, service, self._restored)
            except ForbiddenError:
                self._report(self._step.name, _NOT_NOTED)

    async def _wait(self) -> RestartOutcome:
        name, namespace = self._step.name, self._namespace
        found = await await_new_pods(
            self._cluster,
            name,
            namespace,
            is_new=lambda pod: _pod_mark(pod) == self._mark,
            within=self._options.within,
            on_starved=self._make_room,
            report=lambda text: self._report(name, text),
        )
        if found.ready and self._restored is not None:
            await self._bring_back(self._restored)
        word = RestartWord.RESTARTED if found.ready else _word(found)
        if found.ready and found.at_once and not self._asked:
            word = RestartWord.CURRENT
        return RestartOutcome(
            name, word, found.message, found.old_serves, found.explanations, found.seconds
        )

    async def _bring_back(self, restored: Restored) -> None:
        name, namespace = self._step.name, self._namespace
        service = await self._cluster.get(INFERENCE_SERVICES, name, namespace)
        await restore_strategy(self._cluster, service, restored)
        await drop_note(self._cluster, service)

    async def _make_room(self) -> None:
        """Stop the old pod first after all: the new one has no GPU to start on."""
        if self._options.keep_strategy or self._step.strategy is not None:
            return
        name = self._step.name
        self._report(name, "No second GPU is free: the old pod is stopped before the new starts.")
        service = await self._cluster.get(INFERENCE_SERVICES, name, self._namespace)
        await self._note(service, self._step.making_room)
        await change_strategy(self._cluster, service, self._step.making_room)

    def _outcome(self, word: RestartWord, message: str = "") -> RestartOutcome:
        return RestartOutcome(self._step.name, word, message)


def _word(found: Waited) -> RestartWord:
    if found.stopped:
        return RestartWord.STOPPED
    return RestartWord.FAILED if found.failed else RestartWord.LATE


def _mark_of(service: Manifest) -> str | None:
    marks = service["spec"]["predictor"].get("annotations") or {}
    found = marks.get(names.KEY_REVISION)
    return None if found is None else str(found)


def _pod_mark(pod: Manifest) -> str | None:
    found = (pod["metadata"].get("annotations") or {}).get(names.KEY_REVISION)
    return None if found is None else str(found)
