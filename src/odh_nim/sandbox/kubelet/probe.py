"""When a container's probes notice that it has started and is ready."""

import math
from typing import Final

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.timings import Timings

# What Kubernetes takes where a probe does not say.
_PERIOD: Final = 10.0
_FAILURES: Final = 3
_SHORTEST_PERIOD: Final = 0.05
# A server opens its port before the model is loaded: a bare TCP probe is satisfied too early,
# which is KServe's default.
_PORT_OPEN: Final = 0.2


def answers_at(probe: Manifest | None, *, started_at: float, load: float) -> float:
    """Tell from when on the container answers a probe with success; without one at once."""
    if not probe:
        return started_at
    if "tcpSocket" in probe:
        return started_at + _PORT_OPEN * (load if math.isfinite(load) else 0)
    if str(probe.get("httpGet", {}).get("path", "")).rstrip("/").endswith("live"):
        return started_at
    return started_at + load


def passes_at(
    probe: Manifest | None, *, started_at: float, earliest: float, answers: float, timings: Timings
) -> float:
    """Tell when the kubelet takes a probe as passed: at a beat of it, not the moment it would."""
    if not probe:
        return max(earliest, answers)
    period = max(_SHORTEST_PERIOD, probe.get("periodSeconds", _PERIOD) * timings.probe_scale)
    delay = probe.get("initialDelaySeconds", 0) * timings.probe_scale
    first = max(started_at + delay, earliest)
    if not math.isfinite(answers):
        return math.inf
    beats = max(0, math.ceil((answers - first) / period - 1e-9))
    return float(first + (beats + probe.get("successThreshold", 1) - 1) * period)


def patience_ends_at(probe: Manifest | None, *, started_at: float, timings: Timings) -> float:
    """Tell when a startup probe that never passed lets the container be killed."""
    if not probe:
        return math.inf
    budget = probe.get("initialDelaySeconds", 0) + (
        probe.get("periodSeconds", _PERIOD) * probe.get("failureThreshold", _FAILURES)
    )
    return float(started_at + budget * timings.probe_patience_scale)
