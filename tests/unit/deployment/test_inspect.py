"""Status, events and logs of one deployment."""

import pytest

from odh_nim.deployment import (
    Phase,
    StatusWord,
    deployment_events,
    deployment_logs,
    read_status,
)
from odh_nim.domain import names
from odh_nim.domain.errors import UnknownModelError
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.pods import event, pod, replica_set, running, service, waits

pytestmark = pytest.mark.anyio


def cluster_with(*objects: Manifest) -> FakeCluster:
    return FakeCluster(service(), replica_set(1), *objects)


async def test_status_reads_pods_events_and_the_log_of_the_serving_container() -> None:
    """R-EXT-02, R-DEP-23."""
    cluster = cluster_with(running())
    cluster.log_lines = {"llama-predictor-1-abcde": ["downloading weights: 10%"]}

    status = await read_status(cluster, "llama", "team-a")

    assert (status.word, status.phase) == (StatusWord.STARTING, Phase.WEIGHTS)
    assert cluster.calls[-1] == "logs llama-predictor-1-abcde/kserve-container"
    assert cluster.rounds == 1


async def test_run_before_the_present_one_says_why_it_ended() -> None:
    """R-EXT-02."""
    cluster = cluster_with(running(last={"exitCode": 1, "reason": "Error"}, restarts=1))
    cluster.log_lines = {
        "llama-predictor-1-abcde previous": ["Permission denied (os error 13)"],
        "llama-predictor-1-abcde": ["INFO starting"],
    }

    status = await read_status(cluster, "llama", "team-a")

    assert [one.code for one in status.explanations] == ["cache-read-only"]


async def test_less_is_known_without_the_right_to_events() -> None:
    cluster = cluster_with(running())
    cluster.forbidden = {"list Event", "list ReplicaSet"}

    assert (await read_status(cluster, "llama", "team-a")).word is StatusWord.STARTING


async def test_unknown_deployment_has_no_status() -> None:
    with pytest.raises(UnknownModelError, match="no deployment other in team-a"):
        await read_status(cluster_with(), "other", "team-a")


async def test_events_are_those_of_the_deployment_oldest_first() -> None:
    mine, claim = (
        running(),
        {"kind": "PersistentVolumeClaim", "metadata": {"name": "nim-pvc-llama"}},
    )
    gone = pod(suffix="gone1")
    other = pod(name="llama-big")
    cluster = cluster_with(
        mine,
        event(mine, "Unhealthy", "later\x1b[0m", at=9),
        event(claim, "Provisioning", "first", at=1),
        event(gone, "Killing", "between", at=5),
        event(other, "Unhealthy", "another deployment's"),
    )

    found = await deployment_events(cluster, "llama", "team-a")

    assert [(one.reason, one.message) for one in found] == [
        ("Provisioning", "first"),
        ("Killing", "between"),
        ("Unhealthy", "later [0m"),
    ]
    assert found[-1].subject == "Pod/llama-predictor-1-abcde"


async def lines(cluster: FakeCluster, **options: object) -> list[str]:
    return [
        line
        async for line in deployment_logs(cluster, "llama", "team-a", **options)  # type: ignore[arg-type]  # passed through
    ]


async def test_logs_are_of_the_newest_pod_or_the_named_one() -> None:
    """R-EXT-02."""
    cluster = cluster_with(running(revision=1), running(revision=2))
    cluster.log_lines = {
        "llama-predictor-1-abcde": ["old"],
        "llama-predictor-2-abcde": ["new"],
        "llama-predictor-2-abcde previous": ["before"],
    }

    assert await lines(cluster) == ["new"]
    assert await lines(cluster, pod="llama-predictor-1-abcde") == ["old"]
    assert await lines(cluster, previous=True) == ["before"]
    assert cluster.calls[1] == f"logs llama-predictor-2-abcde/{names.KSERVE_CONTAINER}"


async def test_missing_pod_is_told_with_those_there_are() -> None:
    cluster = cluster_with(running())

    with pytest.raises(UnknownModelError, match="has no pod llama-x") as failure:
        await lines(cluster, pod="llama-x")
    assert "llama-predictor-1-abcde" in failure.value.remedy
    with pytest.raises(UnknownModelError, match="has no pod"):
        await lines(cluster_with())


async def test_log_that_cannot_be_read_only_takes_detail_away() -> None:
    cluster = cluster_with(waits("CrashLoopBackOff", last={"exitCode": 1}, restarts=3))
    cluster.fail(Fault.SERVER_ERROR, call="logs", times=9)

    status = await read_status(cluster, "llama", "team-a")

    assert [one.code for one in status.explanations] == ["crash"]
