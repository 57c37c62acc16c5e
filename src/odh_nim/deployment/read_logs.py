"""The last lines of pods that are not ready: they tell phases and failures."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from odh_nim.deployment.observed import is_running, last_exit, model_container
from odh_nim.domain import names
from odh_nim.domain.errors import ClusterError
from odh_nim.domain.manifest import Manifest

_LINES: Final = 40
_AT_MOST: Final = 4
_SECONDS: Final = 5


class TailCluster(Protocol):
    """Reads logs."""

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
    ) -> AsyncIterator[str]:
        """Give lines."""


async def read_tails(cluster: TailCluster, pods: Sequence[Manifest]) -> dict[str, Sequence[str]]:
    """Read the last lines of the first few pods that have started and are not ready.

    Logs only add detail: those that cannot be read are left out.
    """
    wanted = [pod for pod in pods if _has_log(pod)][:_AT_MOST]
    tails = await asyncio.gather(*(_tail(cluster, pod) for pod in wanted))
    return {pod["metadata"]["name"]: tail for pod, tail in zip(wanted, tails, strict=True)}


def _has_log(pod: Manifest) -> bool:
    container = model_container(pod)
    return not container.get("ready") and (is_running(container) or bool(last_exit(container)))


async def _tail(cluster: TailCluster, pod: Manifest) -> list[str]:
    container = model_container(pod)
    runs = [False]
    if is_running(container) and last_exit(container):
        # Running again: what the run before ended with says why.
        runs = [True, False]
    lines: list[str] = []
    for previous in runs:
        lines += await _read(cluster, pod, previous=previous)
    return lines


async def _read(cluster: TailCluster, pod: Manifest, *, previous: bool) -> list[str]:
    lines: list[str] = []
    metadata = pod["metadata"]
    try:
        async with asyncio.timeout(_SECONDS):
            async for line in cluster.logs(
                metadata["name"],
                metadata["namespace"],
                container=names.KSERVE_CONTAINER,
                previous=previous,
                tail_lines=_LINES,
            ):
                lines.append(line)  # noqa: PERF401 - a timeout keeps what came before it
    except (ClusterError, TimeoutError):
        return lines
    return lines
