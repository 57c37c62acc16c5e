"""One container's life as a pure function: what it is, what is known, what time it is.

The kubelet stand-in asks for verdicts, calls `advance` until nothing changes, writes the status
and sleeps until `next_change`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.behaviour import Behaviour
from odh_nim.sandbox.kubelet.probe import answers_at, passes_at, patience_ends_at
from odh_nim.sandbox.kubelet.timings import Timings, doubled

_NEVER: Final = math.inf
_KILLED: Final = 137


class Stage(StrEnum):
    """Where a container is; a waiting one shows the value as its reason."""

    CREATING = "ContainerCreating"
    PULLING = "Pulling"
    PULL_ERROR = "ErrImagePull"
    PULL_BACK_OFF = "ImagePullBackOff"
    CONFIG_ERROR = "CreateContainerConfigError"
    RUNNING = "Running"
    EXITED = "Exited"
    CRASH_BACK_OFF = "CrashLoopBackOff"


@dataclass(frozen=True)
class Event:
    """What `kubectl describe` shows below the pod."""

    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True)
class Exit:
    """How a run of a container ended."""

    code: int
    reason: str
    started_at: float
    finished_at: float


@dataclass(frozen=True)
class Container:
    """A container of one pod at one moment."""

    name: str
    image: str
    stage: Stage = Stage.CREATING
    since: float = 0.0
    attempts: int = 0
    message: str = ""
    restarts: int = 0
    started: bool = False
    ready: bool = False
    # Of the last run that ended.
    exit: Exit | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the kubelet knows about a container beyond its state.

    `refusal` is why its image may not be pulled, `fault` what its configuration lacks; empty
    where nothing is wrong, None where nobody has looked yet.
    """

    spec: Manifest
    is_model: bool
    behaviour: Behaviour
    timings: Timings
    restart_policy: str = "Always"
    pod: str = ""
    refusal: str | None = None
    fault: str | None = None

    @property
    def is_task(self) -> bool:
        """Whether the pod is there to come to an end, as a Job's: it serves nothing."""
        return self.restart_policy != "Always"

    @property
    def load(self) -> float:
        """Seconds from start to serving; helpers beside the model serve at once."""
        if not self.is_model:
            return 0.0
        if self.behaviour.never_ready:
            return _NEVER
        return self.loading_time

    @property
    def loading_time(self) -> float:
        """Seconds the log takes to tell of downloading and loading."""
        chosen = self.behaviour.load_seconds
        return self.timings.load if chosen is None else chosen


def is_model(container: str, pod: Manifest) -> bool:
    """Tell whether a container serves the model: KServe's name, else the pod's first one."""
    containers = [item["name"] for item in pod["spec"]["containers"]]
    main = names.KSERVE_CONTAINER if names.KSERVE_CONTAINER in containers else containers[0]
    return bool(container == main)


def wants_verdict(container: Container, around: Surroundings, now: float) -> bool:
    """Tell whether the next step depends on the pull Secret and the configuration."""
    asking = (Stage.PULLING, Stage.PULL_BACK_OFF, Stage.CONFIG_ERROR)
    return container.stage in asking and now >= next_change(container, around, now)


def next_change(container: Container, around: Surroundings, now: float) -> float:
    """Tell when the container does something next by itself; infinity for never."""
    timings = around.timings
    waits: Mapping[Stage, float] = {
        Stage.CREATING: 0.0,
        Stage.PULLING: timings.pull,
        Stage.PULL_ERROR: timings.pull_error,
        Stage.PULL_BACK_OFF: doubled(
            timings.pull_retry, container.attempts, timings.pull_retry_most
        ),
        Stage.CONFIG_ERROR: timings.pull_retry,
        Stage.CRASH_BACK_OFF: doubled(
            timings.restart, container.restarts - 1, timings.restart_most
        ),
    }
    if container.stage in waits:
        return container.since + waits[container.stage]
    if container.stage is Stage.EXITED:
        return container.since if _restarts(container, around) else _NEVER
    moments = (*_passes(container, around), _ends_at(container, around)[0])
    return min((moment for moment in moments if moment > now), default=_NEVER)


def advance(
    container: Container, around: Surroundings, now: float
) -> tuple[Container, tuple[Event, ...]]:
    """Take the next step that is due; the same container where none is."""
    if container.stage is Stage.RUNNING:
        return _run(container, around, now)
    if now < next_change(container, around, now):
        return container, ()
    return _STEPS[container.stage](replace(container, since=now), around)


def _pull(container: Container, _around: Surroundings) -> tuple[Container, tuple[Event, ...]]:
    return replace(container, stage=Stage.PULLING), (_pulling(container),)


def _judge(container: Container, around: Surroundings) -> tuple[Container, tuple[Event, ...]]:
    if around.refusal is None or around.fault is None:
        return container, ()
    if around.refusal:
        return _refuse(container, around.refusal)
    # Where only the configuration was wrong the image is there already.
    pulled: tuple[Event, ...] = ()
    if container.stage is not Stage.CONFIG_ERROR:
        again = (_pulling(container),) if container.stage is Stage.PULL_BACK_OFF else ()
        text = f'Successfully pulled image "{container.image}" in {around.timings.pull:.1f}s'
        pulled = (*again, Event("Pulled", text))
    if around.fault:
        waiting = replace(container, stage=Stage.CONFIG_ERROR, message=around.fault)
        return waiting, (*pulled, Event("Failed", f"Error: {around.fault}", warning=True))
    running, events = _start(container)
    return running, (*pulled, *events)


def _refuse(container: Container, refusal: str) -> tuple[Container, tuple[Event, ...]]:
    attempts = container.attempts + 1
    cause = f'Failed to pull image "{container.image}": {refusal}'
    if container.stage is Stage.PULL_BACK_OFF and container.message.endswith(refusal):
        # Still the same: a real kubelet flickers here, which helps nobody.
        return replace(container, attempts=attempts), (Event("Failed", cause, warning=True),)
    failed = replace(container, stage=Stage.PULL_ERROR, attempts=attempts, message=refusal)
    return failed, (
        Event("Failed", cause, warning=True),
        Event("Failed", "Error: ErrImagePull", warning=True),
    )


def _back_off_pull(
    container: Container, _around: Surroundings
) -> tuple[Container, tuple[Event, ...]]:
    text = f'Back-off pulling image "{container.image}"'
    message = f"{text}: ErrImagePull: {container.message}"
    return replace(container, stage=Stage.PULL_BACK_OFF, message=message), (
        Event("BackOff", text),
        Event("Failed", "Error: ImagePullBackOff", warning=True),
    )


def _start(container: Container) -> tuple[Container, tuple[Event, ...]]:
    running = replace(container, stage=Stage.RUNNING, message="", started=False, ready=False)
    return running, (
        Event("Created", f"Created container: {container.name}"),
        Event("Started", f"Started container {container.name}"),
    )


def _run(
    container: Container, around: Surroundings, now: float
) -> tuple[Container, tuple[Event, ...]]:
    ends_at, code, reason = _ends_at(container, around)
    if now >= ends_at:
        ended = Exit(code, reason, container.since, ends_at)
        events: tuple[Event, ...] = ()
        if ends_at == _patience(container, around):
            text = f"Container {container.name} failed startup probe, will be restarted"
            events = (Event("Killing", text),)
        left = replace(container, stage=Stage.EXITED, since=now, exit=ended)
        return replace(left, started=False, ready=False), events
    started_at, ready_at = _passes(container, around)
    seen = replace(container, started=now >= started_at, ready=now >= ready_at)
    # Said once; a real kubelet counts how often.
    late = not container.started and seen.started and not seen.ready
    late = late and not around.spec.get("startupProbe")
    text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    return seen, (Event("Unhealthy", text, warning=True),) if late else ()


def _restart(container: Container, around: Surroundings) -> tuple[Container, tuple[Event, ...]]:
    # The first restart comes at once, as a kubelet's does.
    if container.restarts == 0:
        return _start(replace(container, restarts=1))
    text = f"restarting failed container={container.name} pod={around.pod}"
    waiting = replace(container, stage=Stage.CRASH_BACK_OFF, message=f"back-off {text}")
    return waiting, (Event("BackOff", f"Back-off {text}", warning=True),)


def _start_again(
    container: Container, _around: Surroundings
) -> tuple[Container, tuple[Event, ...]]:
    return _start(replace(container, restarts=container.restarts + 1))


def _restarts(container: Container, around: Surroundings) -> bool:
    if around.restart_policy == "OnFailure":
        return container.exit is not None and container.exit.code != 0
    return around.restart_policy == "Always"


def _passes(container: Container, around: Surroundings) -> tuple[float, float]:
    startup, readiness = around.spec.get("startupProbe"), around.spec.get("readinessProbe")
    since = container.since

    def passed(probe: Manifest | None, earliest: float) -> float:
        answers = answers_at(probe, started_at=since, load=around.load)
        return passes_at(
            probe, started_at=since, earliest=earliest, answers=answers, timings=around.timings
        )

    started_at = passed(startup, since)
    return started_at, passed(readiness, started_at)


def _patience(container: Container, around: Surroundings) -> float:
    startup = around.spec.get("startupProbe")
    end = patience_ends_at(startup, started_at=container.since, timings=around.timings)
    return end if _passes(container, around)[0] > end else _NEVER


def _ends_at(container: Container, around: Surroundings) -> tuple[float, int, str]:
    failure = around.behaviour.failure if around.is_model else None
    if failure is not None:
        end = container.since + failure.after * around.loading_time
        return end, failure.exit_code, failure.reason
    if around.is_task and not around.behaviour.never_ready:
        return container.since + around.loading_time, 0, "Completed"
    return _patience(container, around), _KILLED, "Error"


def _pulling(container: Container) -> Event:
    return Event("Pulling", f'Pulling image "{container.image}"')


_STEPS: Final[
    Mapping[Stage, Callable[[Container, Surroundings], tuple[Container, tuple[Event, ...]]]]
] = {
    Stage.CREATING: _pull,
    Stage.PULLING: _judge,
    Stage.PULL_ERROR: _back_off_pull,
    Stage.PULL_BACK_OFF: _judge,
    Stage.CONFIG_ERROR: _judge,
    Stage.EXITED: _restart,
    Stage.CRASH_BACK_OFF: _start_again,
}
