"""How fast the sandbox's pods live; may be replaced while it runs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Timings:
    """Seconds, far below a real cluster's, so that a whole journey takes moments."""

    pull: float = 0.3
    load: float = 0.5
    stop: float = 0.1
    # How long ErrImagePull is shown before it turns into ImagePullBackOff.
    pull_error: float = 0.2
    pull_retry: float = 0.5
    pull_retry_most: float = 2.0
    restart: float = 0.5
    restart_most: float = 10.0
    # Delays and periods of probes are made this much shorter; how long a startup probe has
    # patience is not, or a slow load would be killed.
    probe_scale: float = 0.01
    probe_patience_scale: float = 1.0


def doubled(first: float, times: int, most: float) -> float:
    """Wait twice as long each time, up to a bound."""
    return min(most, first * 2.0 ** min(times, 30))
