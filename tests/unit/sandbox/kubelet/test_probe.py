import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.probe import answers_at, passes_at, patience_ends_at
from odh_nim.sandbox.kubelet.timings import Timings

REAL = Timings(probe_scale=1.0)
READY = {"httpGet": {"path": "/v1/health/ready"}}
LIVE = {"httpGet": {"path": "/v1/health/live"}}
TCP = {"tcpSocket": {"port": 8000}}


@pytest.mark.parametrize(
    ("probe", "load", "expected"),
    [
        (None, 60, 100),
        (READY, 60, 160),
        (LIVE, 60, 100),
        (TCP, 60, 112),
        (READY, math.inf, math.inf),
        (TCP, math.inf, 100),
    ],
)
def test_each_probe_is_answered_at_its_own_time(
    probe: Manifest | None, load: float, expected: float
) -> None:
    assert answers_at(probe, started_at=100, load=load) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, 170),
        ({"periodSeconds": 7}, 163),
        ({"initialDelaySeconds": 65}, 165),
        ({"initialDelaySeconds": 3}, 163),
        ({"successThreshold": 3}, 190),
    ],
)
def test_probe_passes_at_a_beat(fields: dict[str, int], expected: float) -> None:
    passed = passes_at(READY | fields, started_at=100, earliest=100, answers=161, timings=REAL)

    assert passed == expected


@pytest.mark.parametrize(
    ("fields", "seconds"),
    [
        ({}, 30),
        ({"periodSeconds": 10, "failureThreshold": 120}, 1200),
        ({"initialDelaySeconds": 30, "periodSeconds": 1, "failureThreshold": 1}, 31),
    ],
)
def test_startup_probe_has_patience_for_delay_and_failures(
    fields: dict[str, int], seconds: float
) -> None:
    """R-TPL-06."""
    assert patience_ends_at(READY | fields, started_at=100, timings=REAL) == 100 + seconds


def test_without_a_startup_probe_there_is_no_end_of_patience() -> None:
    assert patience_ends_at(None, started_at=100, timings=REAL) == math.inf


@given(
    period=st.integers(1, 60),
    delay=st.integers(0, 120),
    load=st.floats(0, 1000),
    scale=st.floats(0.001, 1),
)
def test_probe_never_passes_before_it_is_answered(
    period: int, delay: int, load: float, scale: float
) -> None:
    probe = READY | {"periodSeconds": period, "initialDelaySeconds": delay}
    answers = answers_at(probe, started_at=0, load=load)

    passed = passes_at(
        probe, started_at=0, earliest=0, answers=answers, timings=Timings(probe_scale=scale)
    )

    assert passed >= answers - 1e-6
    assert passed <= answers + (delay + period) * scale + 0.06
