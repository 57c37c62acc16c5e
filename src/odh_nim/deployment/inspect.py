"""Status with pods, events and logs of one deployment."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from odh_nim.deployment.listing import ReadCluster
from odh_nim.deployment.status import Status
from odh_nim.domain import names

T = TypeVar("T")


class LogCluster(ReadCluster, Protocol):
    """The calls that reading logs needs."""

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
    ) -> AsyncIterator[str]:
        """Give lines."""


@dataclass(frozen=True)
class EventView:
    """One event of a deployment's objects; texts are cleaned."""

    last_seen: str
    warning: bool
    reason: str
    subject: str
    message: str
    count: int = 1


async def read_status(cluster: LogCluster, name: str, namespace: str) -> Status:
    """Judge one deployment from its InferenceService, pods, events and last lines of log.

    Raises:
        UnknownModelError: There is no such deployment.

    """
    raise NotImplementedError


async def deployment_events(cluster: ReadCluster, name: str, namespace: str) -> list[EventView]:
    """List the events of a deployment and of everything it made, oldest first."""
    raise NotImplementedError


def deployment_logs(
    cluster: LogCluster,
    name: str,
    namespace: str,
    *,
    pod: str | None = None,
    container: str = names.KSERVE_CONTAINER,
    follow: bool = False,
    previous: bool = False,
    tail_lines: int | None = None,
    since_seconds: int | None = None,
) -> AsyncIterator[str]:
    """Give the lines of one pod: the named one, else the newest.

    Raises:
        UnknownModelError: The deployment has no pod, or none of this name.

    """
    raise NotImplementedError
