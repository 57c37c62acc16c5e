"""Reads a container's log as a kubelet serves it: from its state, now or as it goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.domain.errors import InputError, printable
from odh_nim.sandbox.kubelet.container import Container, Stage, Surroundings
from odh_nim.sandbox.kubelet.log_text import Line, lines, run_of
from odh_nim.sandbox.kubelet.pod_status import moment_of

_PULL_FAILS: Final = (Stage.PULL_ERROR, Stage.PULL_BACK_OFF)


class LoggedPod(Protocol):
    """A pod whose containers are known."""

    @property
    def containers(self) -> Sequence[Container]:
        """Its containers as they are now."""
        ...

    @property
    def is_gone(self) -> bool:
        """Whether it was deleted."""
        ...

    def surroundings(self, container: Container) -> Surroundings:
        """Give what is known about a container beyond its state."""
        ...

    def next_change(self) -> asyncio.Event:
        """Give what is set at the next change of a container."""
        ...


class NoLogError(Exception):
    """There is no log to show; the text says why, as a kubelet does."""


@dataclass(frozen=True)
class LogQuery:
    """What is asked for."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: float | None = None


def parse_query(parameters: Mapping[str, str], now: float) -> LogQuery:
    """Read the parameters of a request.

    Raises:
        InputError: One of them cannot be used.

    """
    since_seconds = _number(parameters, "sinceSeconds")
    since = None if since_seconds is None else now - since_seconds
    if time := parameters.get("sinceTime"):
        try:
            since = moment_of(time)
        except ValueError:
            raise InputError(f"sinceTime {printable(time)!r} is no time.") from None
    return LogQuery(
        follow=parameters.get("follow") == "true",
        previous=parameters.get("previous") == "true",
        timestamps=parameters.get("timestamps") == "true",
        tail_lines=_number(parameters, "tailLines"),
        limit_bytes=_number(parameters, "limitBytes"),
        since=since,
    )


def _number(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise InputError(f"{name} {printable(text)!r} is no number.")
    return int(text[:18])


def open_log(
    pod: LoggedPod, name: str, container: str, query: LogQuery, clock: Callable[[], float]
) -> AsyncIterator[bytes]:
    """Find the run that is asked for, and read its log.

    Raises:
        NoLogError: There is no such container or run.

    """
    found = _container(pod, container)
    if found is None:
        raise NoLogError(f"container {container} is not valid for pod {name}")
    run = run_of(found, previous=query.previous)
    if run is None and query.previous:
        raise NoLogError(f'previous terminated container "{container}" in pod "{name}" not found')
    if run is None:
        failing = found.stage in _PULL_FAILS
        waiting = Stage.CREATING if found.stage is Stage.PULLING else found.stage
        why = "trying and failing to pull image" if failing else waiting.value
        raise NoLogError(f'container "{container}" in pod "{name}" is waiting to start: {why}')
    return _limited(_read(pod, container, run[0], query, clock), query)


async def _limited(source: AsyncIterator[Line], query: LogQuery) -> AsyncIterator[bytes]:
    left = query.limit_bytes
    async for line in source:
        text = line.with_timestamp() if query.timestamps else line.text
        data = f"{text}\n".encode()
        yield data if left is None else data[:left]
        if left is not None:
            left -= len(data)
            if left <= 0:
                return


async def _read(
    pod: LoggedPod,
    container: str,
    started_at: float,
    query: LogQuery,
    clock: Callable[[], float],
) -> AsyncIterator[Line]:
    now = clock()
    written, _ = _lines_until(pod, container, started_at, now)
    if query.since is not None:
        written = [line for line in written if line.moment >= query.since]
    # A tail of zero lines is none, not all of them.
    skipped = 0 if query.tail_lines is None else max(0, len(written) - query.tail_lines)
    for line in written[skipped:]:
        yield line
    ended = not query.follow
    while not ended and not pod.is_gone:
        # Taken before the look, so that no change falls between the look and the wait.
        change, seen_until = pod.next_change(), now
        ended = _end(pod, container, started_at) is not None
        now = clock()
        written, coming = _lines_until(pod, container, started_at, now)
        for line in written:
            if line.moment > seen_until:
                yield line
        if not ended:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if coming is None else coming - clock()):
                    await change.wait()


def _lines_until(
    pod: LoggedPod, container: str, started_at: float, now: float
) -> tuple[list[Line], float | None]:
    """Give the lines that are written, and when the next one will be."""
    found = _container(pod, container)
    assert found is not None
    ended_at = _end(pod, container, started_at)
    every = list(lines(pod.surroundings(found), started_at, ended_at))
    coming = [line.moment for line in every if line.moment > now]
    return [line for line in every if line.moment <= now], min(coming, default=None)


def _end(pod: LoggedPod, container: str, started_at: float) -> float | None:
    """Tell when a run ended; None while it goes on."""
    found = _container(pod, container)
    if found is None or (found.stage is Stage.RUNNING and found.since == started_at):
        return None
    if found.exit and found.exit.started_at == started_at:
        return found.exit.finished_at
    # Older than the last run that is known: over, at a time that nobody kept.
    return started_at


def _container(pod: LoggedPod, name: str) -> Container | None:
    return next((item for item in pod.containers if item.name == name), None)
