"""Notes in the cluster how pods were replaced before a restart changed it.

A run that is killed, or that waits for nothing, leaves the changed way behind. Whoever finishes it
learns from the note what to bring back. It stands on the ServingRuntime: a note on the
InferenceService would be copied into the pods, and start them again.
"""

import contextlib
import json
from typing import Any

from odh_nim.deployment.restart_patch import PatchCluster, Restored
from odh_nim.domain import names
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import SERVING_RUNTIMES


def runtime_of(service: Manifest) -> str:
    """Name the ServingRuntime; empty where there is none."""
    return str((service["spec"]["predictor"].get("model") or {}).get("runtime") or "")


def read_note(service: Manifest, runtime: Manifest) -> Restored | None:
    """Give what an earlier restart may still have to bring back, and has surely to forget.

    A note about another service, on a runtime that several use, is not this one's.
    """
    try:
        note: Any = json.loads(annotations(runtime).get(names.STRATEGY_BEFORE, ""))
        found = Restored(note["before"], note["meanwhile"])
        of_this = note["service"] == service["metadata"]["name"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if of_this else None


async def write_note(cluster: PatchCluster, service: Manifest, restored: Restored) -> None:
    """Note what is to be brought back, before it is changed.

    Raises:
        ForbiddenError: The caller may change deployments, but not runtimes.

    """
    text = json.dumps(
        {
            "service": service["metadata"]["name"],
            "before": restored.before,
            "meanwhile": restored.meanwhile,
        },
        separators=(",", ":"),
    )
    await _set(cluster, service, text)


async def drop_note(cluster: PatchCluster, service: Manifest) -> None:
    """Forget it, when it is brought back."""
    await _set(cluster, service, None)


async def _set(cluster: PatchCluster, service: Manifest, text: str | None) -> None:
    """Write on the project's own runtime; one of the whole cluster is not for one deployment."""
    name = runtime_of(service)
    if not name:
        return
    with contextlib.suppress(NotFoundError):
        await cluster.patch(
            SERVING_RUNTIMES,
            name,
            service["metadata"]["namespace"],
            merge={"metadata": {"annotations": {names.STRATEGY_BEFORE: text}}},
        )
