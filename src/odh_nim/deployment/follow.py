"""Follows a deployment until it is ready, from watches."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

from odh_nim.deployment.status import Status
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

T = TypeVar("T")


class WatchEvent(Protocol):
    """One change."""

    @property
    def type(self) -> str:
        """ADDED, MODIFIED, DELETED, BOOKMARK or RELISTED."""

    @property
    def object(self) -> Manifest:
        """The object after the change."""


class FollowCluster(Protocol):
    """The calls that following needs."""

    def watch(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Give changes as they come."""

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        tail_lines: int | None = None,
    ) -> AsyncIterator[str]:
        """Give lines."""


@dataclass(frozen=True)
class Progress:
    """A status that differs from the one before; the last one is `done`."""

    status: Status
    done: bool
    seconds: float


def follow(
    cluster: FollowCluster, name: str, namespace: str, *, within: float | None = None
) -> AsyncIterator[Progress]:
    """Tell every change of a deployment's status until it is ready, failed for good or stopped.

    Raises:
        NotFoundError: The deployment is gone.
        TimeoutError: It did not get there `within` so many seconds.

    """
    raise NotImplementedError
