"""One watch per viewer and project: S1, S22, F15."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from odh_nim.cluster import WatchEvent
from odh_nim.domain.errors import ClusterError, ForbiddenError, UnauthorizedError
from odh_nim.domain.resources import EVENTS, INFERENCE_SERVICES, PODS, ApiResource
from odh_nim.web.hub import Hub, Hubs

pytestmark = pytest.mark.anyio


def event(kind: str, name: str = "llama") -> WatchEvent:
    return WatchEvent(kind, {"metadata": {"name": name}})


class FakeWatches:
    """Watches whose events a test sends."""

    def __init__(self, **errors: ClusterError) -> None:
        self.errors = errors
        self.open = 0
        self.begun = 0
        self._queues: dict[str, list[asyncio.Queue[Any]]] = {}

    async def watch(
        self, resource: ApiResource, namespace: str | None = None
    ) -> AsyncIterator[WatchEvent]:
        self.open += 1
        self.begun += 1
        queue: asyncio.Queue[Any] = asyncio.Queue()
        self._queues.setdefault(resource.plural, []).append(queue)
        try:
            if resource.plural in self.errors:
                raise self.errors[resource.plural]
            yield event("ADDED")
            yield event("BOOKMARK", "")
            while True:
                item = await queue.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.open -= 1

    def send(self, resource: ApiResource, item: Any) -> None:
        for queue in self._queues[resource.plural]:
            queue.put_nowait(item)


async def test_two_pages_of_one_login_share_a_watch_and_the_last_ends_it() -> None:
    """S22."""
    watches, hubs = FakeWatches(), Hubs()
    async with hubs.listen(watches, login="token a", namespace="team-a") as one:
        async with hubs.listen(watches, login="token a", namespace="team-a") as two:
            await two.ready()
            assert one is two
            assert watches.begun == 5
        assert watches.open == 5
    await asyncio.sleep(0.01)

    assert watches.open == 0


@pytest.mark.parametrize(("login", "project"), [("token b", "team-a"), ("token a", "team-b")])
async def test_another_login_or_project_has_a_watch_of_its_own(login: str, project: str) -> None:
    """S1: what one may see is shown to nobody else."""
    watches, hubs = FakeWatches(), Hubs()
    async with (
        hubs.listen(watches, login="token a", namespace="team-a") as one,
        hubs.listen(watches, login=login, namespace=project) as two,
    ):
        assert one is not two


async def test_changes_and_deletions_are_seen() -> None:
    """F15."""
    watches, hubs = FakeWatches(), Hubs()
    async with hubs.listen(watches, login="token a", namespace="team-a") as hub:
        await hub.ready()
        version = hub.version
        watches.send(PODS, event("ADDED", "pod"))
        version = await hub.changes(version)
        assert list(hub.of(PODS)) == ["llama", "pod"]
        watches.send(PODS, event("DELETED", "pod"))
        await hub.changes(version)
        assert list(hub.of(PODS)) == ["llama"]


async def test_who_may_not_see_events_sees_the_rest() -> None:
    """R-UI-13."""
    watches = FakeWatches(events=ForbiddenError("watch events", "no", status=403))
    async with Hubs().listen(watches, login="token a", namespace="team-a") as hub:
        await hub.ready()

        assert (hub.of(EVENTS), list(hub.of(INFERENCE_SERVICES))) == ({}, ["llama"])


async def test_a_login_that_expires_is_told_to_every_page_and_a_new_page_starts_anew() -> None:
    """F8."""
    watches, hubs = FakeWatches(), Hubs()
    async with hubs.listen(watches, login="token a", namespace="team-a") as hub:
        await hub.ready()
        watches.send(PODS, UnauthorizedError("watch pods", "expired", status=401))
        with pytest.raises(UnauthorizedError):
            await hub.changes(hub.version)
        async with hubs.listen(watches, login="token a", namespace="team-a") as anew:
            await anew.ready()
            assert anew is not hub


async def test_a_page_that_waits_looks_again_after_a_while() -> None:
    hub = Hub()

    assert await hub.changes(0, within=0.01) == 0
