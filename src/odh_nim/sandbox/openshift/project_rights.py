"""Who may see which project: asked of the real API server for each user, and kept for a moment."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import NAMESPACES, SUBJECT_ACCESS_REVIEWS

_KEPT_SECONDS: Final = 2.0
_MOST_KEPT: Final = 10_000
_AT_ONCE: Final = 16


@dataclass(frozen=True)
class Caller:
    """A user as the API server vouches for them."""

    name: str
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Reviewer(Protocol):
    """The one call that answers what somebody else may do."""

    async def create(self, manifest: Manifest) -> Manifest:
        """Create a review; its status is the answer."""
        ...


class ProjectRights:
    """Answers whether a user sees a project: whether they may get its namespace."""

    def __init__(self, cluster: Reviewer, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._kept: dict[tuple[Caller, str], tuple[float, bool]] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def sees(self, caller: Caller, namespace: str) -> bool:
        """Tell whether a user sees a project.

        Raises:
            ClusterError: The API server could not be asked.

        """
        return await self._may_get(caller, "") or await self._may_get(caller, namespace)

    async def visible(self, caller: Caller, namespaces: Sequence[Manifest]) -> list[Manifest]:
        """Pick the namespaces that a user sees.

        Raises:
            ClusterError: The API server could not be asked.

        """
        # One question is enough for who may see all.
        if await self._may_get(caller, ""):
            return list(namespaces)
        names = [namespace["metadata"]["name"] for namespace in namespaces]
        answers = await asyncio.gather(*(self._may_get(caller, name) for name in names))
        return [item for item, seen in zip(namespaces, answers, strict=True) if seen]

    async def _may_get(self, caller: Caller, namespace: str) -> bool:
        """Tell whether a user may get one namespace, or with an empty name all of them."""
        kept = self._kept.get((caller, namespace))
        if kept and kept[0] > self._clock():
            return kept[1]
        async with self._slots:
            review = await self._cluster.create(build_review(caller, namespace))
        allowed = review.get("status", {}).get("allowed") is True
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[caller, namespace] = self._clock() + _KEPT_SECONDS, allowed
        return allowed


def build_review(caller: Caller, namespace: str) -> Manifest:
    """Build the question whether somebody may get a namespace."""
    attributes = {"verb": "get", "resource": NAMESPACES.plural, "version": NAMESPACES.version}
    if namespace:
        attributes |= {"name": namespace, "namespace": namespace}
    return {
        "apiVersion": SUBJECT_ACCESS_REVIEWS.api_version,
        "kind": SUBJECT_ACCESS_REVIEWS.kind,
        "metadata": {},
        "spec": {
            "user": caller.name,
            "groups": list(caller.groups),
            "extra": {name: list(values) for name, values in caller.extra},
            "resourceAttributes": attributes,
        },
    }
