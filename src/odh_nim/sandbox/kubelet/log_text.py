"""What a container writes: computed from its state whenever somebody asks, never stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from odh_nim.sandbox.kubelet.container import Container, Stage, Surroundings

_GIB: Final = 15.0
_DOWNLOADED_AT: Final = 0.7
_STEPS: Final = 10


@dataclass(frozen=True)
class Line:
    """One line and the moment it is written."""

    moment: float
    text: str

    def with_timestamp(self) -> str:
        """Write the line as `kubectl logs --timestamps` shows it."""
        stamp = datetime.fromtimestamp(self.moment, UTC)
        return f"{stamp.isoformat(timespec='microseconds').removesuffix('+00:00')}000Z {self.text}"


def run_of(container: Container, *, previous: bool) -> tuple[float, float | None] | None:
    """Find when a run began and ended; None where there was none (yet)."""
    ended = container.exit
    if previous:
        # Where the container has stopped for good there is no later run than the ended one.
        return (
            (ended.started_at, ended.finished_at)
            if ended and container.stage is not Stage.EXITED
            else None
        )
    if container.stage is Stage.RUNNING:
        return container.since, None
    return (ended.started_at, ended.finished_at) if ended else None


def lines(around: Surroundings, started_at: float, ended_at: float | None) -> Iterator[Line]:
    """Tell all lines of a run in order, also those that are still to come."""
    for share, text in _script(around):
        moment = started_at + share * around.loading_time
        if ended_at is not None and moment > ended_at:
            break
        yield Line(moment, text)


def _script(around: Surroundings) -> Iterator[tuple[float, str]]:
    if not around.is_model:
        yield 0.0, f"INFO {around.spec['name']}: nothing to do, standing by"
        return
    failure = around.behaviour.failure
    story = list(_loading(around))
    if failure is None:
        yield from story
        return
    yield from (item for item in story if item[0] < failure.after)
    yield from ((failure.after, text) for text in failure.log)


def _loading(around: Surroundings) -> Iterator[tuple[float, str]]:
    yield 0.0, f"INFO nim: starting {around.spec['image']} (sandbox, nothing is really loaded)"
    yield 0.0, "INFO hub: looking for a profile that fits this node"
    for step in range(_STEPS + 1):
        share = step / _STEPS
        text = f"downloading weights: {share:.0%} ({share * _GIB:.1f} of {_GIB:.1f} GiB)"
        yield share * _DOWNLOADED_AT, f"INFO hub: {text}"
    if around.is_task:
        yield 1.0, "INFO hub: all files are there"
        return
    yield _DOWNLOADED_AT, "INFO engine: loading model"
    if not around.behaviour.never_ready:
        yield 1.0, "INFO engine: model loaded"
        yield 1.0, "INFO server: listening on 0.0.0.0:8000"
