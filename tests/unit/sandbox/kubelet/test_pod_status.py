from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.container import Container, Exit, Stage
from odh_nim.sandbox.kubelet.pod_status import (
    adopt,
    build_status,
    moment_of,
    phase_of,
    pod_address,
    timestamp,
)
from support.kubelet_pods import IMAGE, pod

NOW = 1_700_000_000.0
RUNNING = Container("kserve-container", IMAGE, Stage.RUNNING, since=NOW - 60, started=True)
READY = replace(RUNNING, ready=True)
CRASHED = Exit(1, "Error", NOW - 60, NOW - 30)
WAITING = Container("kserve-container", IMAGE, Stage.CREATING)
BACK_OFF = replace(
    WAITING,
    stage=Stage.CRASH_BACK_OFF,
    since=NOW - 30,
    restarts=2,
    exit=CRASHED,
    message="back-off",
)


def stored(*, status: Manifest | None = None) -> Manifest:
    made = pod()
    made["metadata"]["uid"] = "0000-uid"
    return made | ({"status": status} if status else {})


def conditions(status: Manifest) -> dict[str, tuple[str, str]]:
    return {
        item["type"]: (item["status"], item["lastTransitionTime"]) for item in status["conditions"]
    }


def test_ready_pod_shows_every_condition_and_the_running_container() -> None:
    status = build_status(stored(), {}, [READY], NOW)

    assert status["phase"] == "Running"
    assert {kind: value for kind, (value, _) in conditions(status).items()} == dict.fromkeys(
        ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"),
        "True",
    )
    shown = status["containerStatuses"][0]
    assert shown["state"] == {"running": {"startedAt": timestamp(NOW - 60)}}
    assert shown["containerID"].startswith("containerd://")


def test_condition_keeps_its_time_until_it_changes() -> None:
    first = build_status(stored(), {}, [RUNNING], NOW)
    same = build_status(stored(), first, [RUNNING], NOW + 10)
    changed = build_status(stored(), same, [READY], NOW + 20)

    assert same == first
    assert conditions(changed)["Ready"] == ("True", timestamp(NOW + 20))
    assert conditions(changed)["Initialized"] == ("True", timestamp(NOW))


def test_conditions_of_others_stay() -> None:
    foreign = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}

    status = build_status(stored(), {"conditions": [foreign]}, [READY], NOW)

    assert foreign in status["conditions"]


@pytest.mark.parametrize(
    ("containers", "phase"),
    [
        ([WAITING], "Pending"),
        ([READY, WAITING], "Pending"),
        ([READY], "Running"),
        ([BACK_OFF], "Running"),
        ([replace(RUNNING, stage=Stage.EXITED, exit=CRASHED)], "Failed"),
        (
            [replace(RUNNING, stage=Stage.EXITED, exit=Exit(0, "Completed", NOW, NOW))],
            "Succeeded",
        ),
        ([READY, replace(RUNNING, stage=Stage.EXITED, exit=CRASHED)], "Running"),
    ],
)
def test_phase_follows_the_containers(containers: list[Container], phase: str) -> None:
    assert phase_of(containers) == phase


@pytest.mark.parametrize(
    ("stage", "reason"),
    [
        (Stage.CREATING, "ContainerCreating"),
        (Stage.PULLING, "ContainerCreating"),
        (Stage.PULL_ERROR, "ErrImagePull"),
        (Stage.PULL_BACK_OFF, "ImagePullBackOff"),
        (Stage.CONFIG_ERROR, "CreateContainerConfigError"),
        (Stage.CRASH_BACK_OFF, "CrashLoopBackOff"),
    ],
)
def test_waiting_container_shows_why(stage: Stage, reason: str) -> None:
    status = build_status(stored(), {}, [replace(WAITING, stage=stage)], NOW)

    assert status["containerStatuses"][0]["state"]["waiting"]["reason"] == reason
    assert status["containerStatuses"][0]["imageID"] == ""


def test_unready_containers_are_named() -> None:
    status = build_status(stored(), {}, [RUNNING], NOW)

    ready = next(item for item in status["conditions"] if item["type"] == "Ready")
    assert ready["message"] == "containers with unready status: [kserve-container]"


def test_init_containers_are_done_when_the_pod_starts() -> None:
    made = stored()
    made["spec"]["initContainers"] = [{"name": "init", "image": "quay.io/x/y:1"}]

    status = build_status(made, {}, [WAITING], NOW)

    assert status["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"


@pytest.mark.parametrize(
    "container",
    [
        READY,
        RUNNING,
        replace(READY, restarts=3, exit=CRASHED),
        BACK_OFF,
        replace(RUNNING, stage=Stage.EXITED, since=NOW - 30, started=False, exit=CRASHED),
    ],
)
def test_container_is_taken_over_as_its_status_tells(container: Container) -> None:
    written = build_status(stored(), {}, [container], NOW)

    assert adopt(stored(status=written)) == [container]


@pytest.mark.parametrize("stage", [Stage.PULLING, Stage.PULL_ERROR, Stage.PULL_BACK_OFF])
def test_container_that_was_pulling_begins_again(stage: Stage) -> None:
    written = build_status(stored(), {}, [replace(WAITING, stage=stage, attempts=4)], NOW)

    assert adopt(stored(status=written)) == [WAITING]


def test_fresh_pod_is_taken_over_from_its_start() -> None:
    assert adopt(stored()) == [WAITING]


@given(st.text(min_size=1))
def test_pod_has_one_address_for_ever(uid: str) -> None:
    address = pod_address(uid)

    assert address == pod_address(uid)
    assert all(0 <= int(part) <= 255 for part in address.split("."))


@given(st.integers(0, 4_000_000_000))
def test_moments_survive_being_written(moment: int) -> None:
    assert moment_of(timestamp(moment)) == moment
