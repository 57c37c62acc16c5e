"""Words and phases, judged from pods and not from `Ready`."""

import pytest

from odh_nim.deployment import Phase, Status, StatusWord
from odh_nim.deployment.observed import Observed
from odh_nim.deployment.status import judge
from odh_nim.domain.manifest import Manifest
from support.pods import pod, replica_set, running, service, unschedulable, waits


def judged(item: Manifest, *pods: Manifest, log: tuple[str, ...] = ()) -> Status:
    logs = {one["metadata"]["name"]: log for one in pods}
    return judge(Observed(item, pods, [replica_set(1), replica_set(2)], logs=logs))


@pytest.mark.parametrize(
    ("one", "log", "phase"),
    [
        (unschedulable("0/1 nodes: Insufficient nvidia.com/gpu"), (), Phase.SCHEDULING),
        (pod(revision=2), (), Phase.PULLING),
        (waits("ContainerCreating", revision=2), (), Phase.PULLING),
        (running(revision=2), ("INFO hub: downloading weights: 40%",), Phase.WEIGHTS),
        (
            running(revision=2),
            ("INFO hub: downloading weights: 100%", "INFO engine: loading model"),
            Phase.LOADING,
        ),
        (running(revision=2), (), Phase.LOADING),
    ],
)
def test_phases_of_a_start(one: Manifest, log: tuple[str, ...], phase: Phase) -> None:
    """R-DEP-23."""
    one["metadata"]["ownerReferences"][0]["name"] = "llama-predictor-2"

    status = judged(service(), one, log=log)

    assert (status.word, status.phase) == (StatusWord.STARTING, phase)


def test_ready_needs_kserve_and_the_pods_of_the_newest_specification() -> None:
    """R-DEP-23, R-EXT-02."""
    status = judged(service(ready="True"), running(revision=2, ready=True))

    assert (status.word, status.phase, status.ready_replicas) == (StatusWord.READY, Phase.READY, 1)


def test_ready_is_not_believed_while_the_new_pod_cannot_pull() -> None:
    """R-ROT-06, R-EXT-02."""
    status = judged(
        service(ready="True"),
        running(revision=1, ready=True),
        waits("ImagePullBackOff", "401 Unauthorized", revision=2),
    )

    assert (status.word, status.ready_replicas) == (StatusWord.FAILED, 0)
    assert "The old pod serves until the new one is ready." in status.message
    assert [one.current for one in status.pods] == [False, True]


def test_agent_container_does_not_make_a_pod_ready() -> None:
    """R-EXT-02."""
    assert judged(service(ready="True"), running(revision=2)).word is StatusWord.STARTING


def test_progress_deadline_on_a_running_pod_is_still_loading() -> None:
    """R-DEP-23."""
    status = judged(service(reason="ProgressDeadlineExceeded"), running(revision=2))

    assert status.word is StatusWord.STARTING
    assert status.message.startswith("Still loading")


def test_stopped_and_stopping() -> None:
    """R-DEP-25."""
    assert judged(service(stop="true"), running(revision=2)).word is StatusWord.STOPPING
    assert judged(service(stop="true")).word is StatusWord.STOPPED
    assert judged(service(stop="true")).wanted_replicas == 0
    assert judged(service(stop="false")).word is StatusWord.STARTING


def test_deleting_and_unknown() -> None:
    going = service(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})

    assert judged(going, running(revision=2)).word is StatusWord.DELETING
    assert judge(Observed(None)).word is StatusWord.UNKNOWN


def test_slowest_replica_decides_the_phase() -> None:
    status = judged(
        service(replicas=2),
        running(revision=2, ready=True),
        waits("ContainerCreating", revision=2, suffix="fghij"),
    )

    assert (status.phase, status.ready_replicas, status.wanted_replicas) == (Phase.PULLING, 1, 2)


def test_pods_that_are_going_do_not_count() -> None:
    going = running(revision=2, ready=True)
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert judged(service(ready="True"), going).ready_replicas == 0
