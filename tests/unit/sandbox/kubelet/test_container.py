"""A container's life, walked by the clock without waiting."""

import math
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from odh_nim.sandbox.kubelet.behaviour import FAILURES, parse_behaviour
from odh_nim.sandbox.kubelet.container import (
    Container,
    Event,
    Exit,
    Stage,
    Surroundings,
    advance,
    is_model,
    next_change,
    wants_verdict,
)
from odh_nim.sandbox.kubelet.pull import refusal_text
from odh_nim.sandbox.kubelet.timings import Timings
from support.kubelet_pods import IMAGE

START = 1_000_000.0
TIMINGS = Timings()
READY = {"httpGet": {"path": "/v1/health/ready"}}
READINESS = READY | {"periodSeconds": 10}


@dataclass
class Life:
    """Walks a container; `refusal` and `fault` are the verdicts at each moment that asks."""

    around: Surroundings
    container: Container = field(
        default_factory=lambda: Container("kserve-container", IMAGE, since=START)
    )
    refusal: str = ""
    fault: str = ""
    now: float = START
    stages: list[tuple[float, Stage]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def until(self, end: float) -> "Life":
        """Live until so many seconds after the start."""
        while True:
            self._settle()
            due = next_change(self.container, self.around, self.now)
            if due > START + end:
                self.now = START + end
                self._settle()
                return self
            self.now = max(due, self.now)

    def _settle(self) -> None:
        for _ in range(50):
            around = self.around
            if wants_verdict(self.container, around, self.now):
                around = replace(around, refusal=self.refusal, fault=self.fault)
            after, events = advance(self.container, around, self.now)
            self.events += events
            if after == self.container:
                return
            if after.stage is not self.container.stage:
                self.stages.append((round(self.now - START, 3), after.stage))
            self.container = after
        message = f"{self.container} never comes to rest"
        raise AssertionError(message)

    @property
    def reasons(self) -> list[str]:
        return [event.reason for event in self.events]


def life(behaviour: str = "", *, restart_policy: str = "Always", **spec: Any) -> Life:
    around = Surroundings(
        spec={"name": "kserve-container", "image": IMAGE, **spec},
        is_model=True,
        behaviour=parse_behaviour(behaviour),
        timings=TIMINGS,
        restart_policy=restart_policy,
        pod="llama_team-a",
    )
    return Life(around)


def test_normal_life_pulls_starts_and_gets_ready() -> None:
    """R-EXT-07."""
    lived = life(readinessProbe=READINESS).until(60)

    assert lived.stages == [(0.0, Stage.PULLING), (0.3, Stage.RUNNING)]
    assert lived.container.ready
    assert lived.container.restarts == 0
    assert lived.reasons == ["Pulling", "Pulled", "Created", "Started", "Unhealthy"]
    assert next_change(lived.container, lived.around, lived.now) == math.inf


def test_container_is_not_ready_before_the_model_is_loaded() -> None:
    """R-TPL-06: a server that listens early and is ready late is not Ready early."""
    lived = life(readinessProbe=READINESS)

    assert not lived.until(0.3 + 0.45).container.ready
    assert lived.until(0.3 + 0.7).container.ready


def test_bare_tcp_probe_is_satisfied_too_early() -> None:
    lived = life("slow-load=100s", readinessProbe={"tcpSocket": {"port": 8000}})

    assert lived.until(0.3 + 21).container.ready


def test_slow_load_within_the_patience_of_the_startup_probe_gets_ready() -> None:
    """R-TPL-06."""
    startup = {
        "httpGet": {"path": "/v1/health/ready"},
        "periodSeconds": 10,
        "failureThreshold": 120,
    }

    lived = life("slow-load=10m", startupProbe=startup, readinessProbe=READINESS).until(700)

    assert lived.container.ready
    assert lived.container.restarts == 0
    assert "Unhealthy" not in lived.reasons


def test_slow_load_beyond_the_patience_is_killed_and_begins_again() -> None:
    startup = READY | {"periodSeconds": 10, "failureThreshold": 3}

    lived = life("slow-load=10m", startupProbe=startup).until(32)

    assert lived.container.exit is not None
    assert lived.container.exit.code == 137
    assert lived.container.exit.finished_at == START + 30.3
    assert "Killing" in lived.reasons
    assert lived.container.restarts == 1


def test_container_that_is_never_ready_runs_on() -> None:
    lived = life("never-ready", readinessProbe=READINESS).until(10_000)

    assert (lived.container.stage, lived.container.ready) == (Stage.RUNNING, False)


@pytest.mark.parametrize("word", sorted(FAILURES))
def test_failing_container_ends_restarts_and_backs_off(word: str) -> None:
    failure = FAILURES[word]

    lived = life(word).until(30)

    assert lived.container.exit is not None
    assert lived.container.exit.code == failure.exit_code
    assert lived.container.exit.reason == failure.reason
    assert lived.container.restarts >= 3
    stages = [stage for _, stage in lived.stages]
    # The first restart comes at once, each later one after a wait.
    assert stages[:6] == [
        Stage.PULLING,
        Stage.RUNNING,
        Stage.EXITED,
        Stage.RUNNING,
        Stage.EXITED,
        Stage.CRASH_BACK_OFF,
    ]
    assert "BackOff" in lived.reasons


def test_wait_between_restarts_doubles_up_to_a_bound() -> None:
    lived = life("crash").until(120)
    ends = [moment for moment, stage in lived.stages if stage is Stage.CRASH_BACK_OFF]
    starts = [moment for moment, stage in lived.stages if stage is Stage.RUNNING][2:]

    waits = [round(start - end, 3) for end, start in zip(ends, starts, strict=False)]

    assert waits[:6] == [0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert set(waits[6:]) == {10.0}


@pytest.mark.parametrize(
    ("policy", "word", "restarts"),
    [("Never", "crash", 0), ("OnFailure", "exit-zero", 0), ("OnFailure", "crash", 1)],
)
def test_restart_policy_decides_about_an_ended_container(
    policy: str, word: str, restarts: int
) -> None:
    lived = life(word, restart_policy=policy).until(0.7)

    assert lived.container.restarts == restarts


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_container_of_a_task_completes(policy: str) -> None:
    lived = life("slow-load=5s", restart_policy=policy).until(100)

    assert lived.container.stage is Stage.EXITED
    assert lived.container.exit == Exit(0, "Completed", START + 0.3, START + 5.3)
    assert lived.container.restarts == 0


@pytest.mark.parametrize("status", [401, 402, 403, 404, 451])
def test_refused_pull_is_an_error_then_backs_off(status: int) -> None:
    """R-KEY-09: what a cluster shows for each refusal."""
    refused = life()
    refused.refusal = refusal_text(IMAGE, status)

    refused.until(20)

    assert [stage for _, stage in refused.stages] == [
        Stage.PULLING,
        Stage.PULL_ERROR,
        Stage.PULL_BACK_OFF,
    ]
    assert refused.container.message == (
        f'Back-off pulling image "{IMAGE}": ErrImagePull: {refused.refusal}'
    )
    assert refused.reasons[:5] == ["Pulling", "Failed", "Failed", "BackOff", "Failed"]


def test_corrected_key_starts_the_container_at_the_next_try() -> None:
    lived = life()
    lived.refusal = refusal_text(IMAGE, 401)
    lived.until(10)
    lived.refusal = ""

    lived.until(13)

    assert lived.container.stage is Stage.RUNNING
    assert lived.reasons[-4:] == ["Pulling", "Pulled", "Created", "Started"]


def test_other_refusal_is_shown_instead_of_the_first() -> None:
    lived = life()
    lived.refusal = refusal_text(IMAGE, 401)
    lived.until(10)
    lived.refusal = refusal_text(IMAGE, 403)

    lived.until(13)

    assert lived.container.message.endswith("403 Forbidden")


def test_missing_configuration_waits_with_the_image_pulled() -> None:
    lived = life()
    lived.fault = 'secret "nvidia-nim-secrets" not found'
    lived.until(5)
    message, lived.fault = lived.container.message, ""
    lived.until(6)

    assert message == 'secret "nvidia-nim-secrets" not found'
    assert [stage for _, stage in lived.stages] == [
        Stage.PULLING,
        Stage.CONFIG_ERROR,
        Stage.RUNNING,
    ]
    assert lived.reasons.count("Pulled") == 1


def test_helper_beside_the_model_serves_at_once_and_ignores_the_behaviour() -> None:
    lived = life("crash", readinessProbe=READINESS)
    lived.around = replace(lived.around, is_model=False)

    lived.until(0.4)

    assert lived.container.ready
    assert lived.until(60).container.restarts == 0


@pytest.mark.parametrize(
    ("containers", "name", "expected"),
    [
        (["agent", "kserve-container"], "kserve-container", True),
        (["agent", "kserve-container"], "agent", False),
        (["first", "second"], "first", True),
        (["first", "second"], "second", False),
    ],
)
def test_model_is_kserves_container_else_the_first(
    containers: list[str], name: str, *, expected: bool
) -> None:
    """R-EXT-02."""
    pod = {"spec": {"containers": [{"name": item} for item in containers]}}

    assert is_model(name, pod) is expected


def test_container_waits_for_verdicts_before_anything_is_decided() -> None:
    pulling = Container("kserve-container", IMAGE, Stage.PULLING, since=START)

    after, events = advance(pulling, life().around, START + 10)

    assert after.stage is Stage.PULLING
    assert events == ()
