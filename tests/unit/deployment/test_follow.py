"""From created to ready, told from watches."""

import asyncio
from contextlib import aclosing

import pytest

from odh_nim.deployment import Phase, Progress, StatusWord, follow
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster
from support.pods import event, replica_set, running, service, waits

pytestmark = pytest.mark.anyio


async def collect(cluster: FakeCluster, *, within: float = 5) -> list[Progress]:
    return [
        progress
        async for progress in follow(cluster, "llama", "team-a", within=within, settle=0.01)
    ]


async def play(cluster: FakeCluster, *scenes: Manifest) -> list[Progress]:
    """Put one object after the other into the cluster while it is followed."""

    async def later() -> None:
        for scene in scenes:
            await asyncio.sleep(0.05)
            cluster.put(scene)

    acting = asyncio.ensure_future(later())
    try:
        return await collect(cluster)
    finally:
        await acting


async def test_phases_are_told_as_they_come_until_ready() -> None:
    """R-DEP-23."""
    cluster = FakeCluster(service(), replica_set(1))
    cluster.log_lines = {"llama-predictor-1-abcde": ["downloading weights: 10%"]}

    told = await play(
        cluster,
        waits("ContainerCreating"),
        running(),
        running(ready=True),
        service(ready="True"),
    )

    phases = [one.status.phase for one in told]
    assert phases[0] is Phase.SCHEDULING
    assert [phase for phase in phases if phase is not Phase.SCHEDULING][:2] == [
        Phase.PULLING,
        Phase.WEIGHTS,
    ]
    assert (told[-1].status.word, told[-1].done) == (StatusWord.READY, True)
    assert not any(one.done for one in told[:-1])


async def test_deadline_of_kserve_does_not_end_a_long_load() -> None:
    """R-DEP-23."""
    cluster = FakeCluster(service(), replica_set(1), running())

    told = await play(
        cluster,
        service(reason="ProgressDeadlineExceeded"),
        running(ready=True),
        service(ready="True"),
    )

    assert any("Still loading" in one.status.message for one in told)
    assert told[-1].status.word is StatusWord.READY


async def test_failure_that_waiting_does_not_help_ends_it() -> None:
    """R-EXT-02."""
    cluster = FakeCluster(service(), replica_set(1))

    told = await play(cluster, waits("ImagePullBackOff", "451 Unavailable For Legal Reasons"))

    assert (told[-1].status.word, told[-1].done) == (StatusWord.FAILED, True)
    assert told[-1].status.explanations[0].code == "pull-451"


async def test_events_explain_why_there_is_no_pod() -> None:
    cluster = FakeCluster(service(), replica_set(1))
    refusing = cluster.find("ReplicaSet", "llama-predictor-1")
    assert refusing is not None

    told = await play(
        cluster,
        event(refusing, "FailedCreate", "exceeded quota: gpus"),
        replica_set(2),
        {**running(revision=2, ready=True)},
        service(ready="True"),
    )

    assert "quota" in [one.code for step in told for one in step.status.explanations]


async def test_stopped_deployment_ends_it() -> None:
    cluster = FakeCluster(service(stop="true"))

    [told] = await collect(cluster)

    assert (told.status.word, told.done) == (StatusWord.STOPPED, True)


async def test_time_that_is_up_is_told() -> None:
    with pytest.raises(TimeoutError):
        await collect(FakeCluster(service()), within=0.1)


async def test_deleted_or_missing_deployment_is_told() -> None:
    with pytest.raises(NotFoundError):
        await collect(FakeCluster())
    cluster = FakeCluster(service())

    async def delete() -> None:
        await asyncio.sleep(0.05)
        cluster.remove("InferenceService", "llama")

    acting = asyncio.ensure_future(delete())
    with pytest.raises(NotFoundError, match="was deleted"):
        await collect(cluster)
    await acting


async def test_right_to_pods_is_needed_and_the_others_are_not() -> None:
    cluster = FakeCluster(service(ready="True"), running(ready=True))
    cluster.forbidden = {"list Event", "list ReplicaSet"}

    assert (await collect(cluster))[-1].status.word is StatusWord.READY
    cluster.forbidden = {"list Pod"}
    with pytest.raises(ForbiddenError):
        await collect(cluster)


async def test_viewer_that_leaves_ends_all_watches() -> None:
    """R-DEP-10."""
    before = len(asyncio.all_tasks())

    async with aclosing(follow(FakeCluster(service()), "llama", "team-a", settle=0)) as steps:
        async for _ in steps:
            break

    assert len(asyncio.all_tasks()) == before
