"""Puts a preload's objects into the cluster, and takes up what a cut run left there."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Final

from odh_nim.airgap.preload.plan import PreloadCluster
from odh_nim.domain import names
from odh_nim.domain.errors import AlreadyExistsError, NotFoundError, PreloadFailedError
from odh_nim.domain.manifest import Manifest, annotations, describe
from odh_nim.domain.resources import CONFIG_MAPS, JOBS, PODS, ApiResource, resource_of

_GONE_WITHIN: Final = 30


async def place(cluster: PreloadCluster, manifests: Sequence[Manifest], namespace: str) -> None:
    """Create objects in order; those of a cut run are taken up if they are of the same plan.

    What has ended without success, or is of another plan, is made anew. The last one is the
    loader: it goes first, so that no loader ever reads the lists of another plan.

    Raises:
        PreloadFailedError: Another preload is filling the claim at this moment.

    """
    for manifest in reversed(manifests):
        await _make_room(cluster, manifest, namespace)
    for manifest in manifests:
        with contextlib.suppress(AlreadyExistsError):
            await cluster.create(manifest, namespace=namespace)


def condition(job: Manifest, kind: str) -> dict[str, Any] | None:
    """Give a condition of a Job that holds."""
    for each in (job.get("status") or {}).get("conditions") or []:
        if each.get("type") == kind and each.get("status") == "True":
            found: dict[str, Any] = each
            return found
    return None


def _plan_of(manifest: Manifest) -> str:
    return annotations(manifest).get(names.PRELOAD_PLAN, "")


def _is_spent(found: Manifest) -> bool:
    """Whether nothing more can come of it: a Job that failed, a pod that ended."""
    if found["kind"] == JOBS.kind:
        return condition(found, "Failed") is not None
    return found["kind"] == PODS.kind and _phase(found) in ("Failed", "Succeeded")


def _is_working(found: Manifest) -> bool:
    if found["kind"] == CONFIG_MAPS.kind or _is_spent(found):
        return False
    return not (found["kind"] == JOBS.kind and condition(found, "Complete"))


def _phase(pod: Manifest) -> str:
    return str((pod.get("status") or {}).get("phase") or "")


async def _make_room(cluster: PreloadCluster, manifest: Manifest, namespace: str) -> None:
    resource, name = resource_of(manifest), manifest["metadata"]["name"]
    try:
        found = await cluster.get(resource, name, namespace)
    except NotFoundError:
        return
    same = _plan_of(found) == _plan_of(manifest)
    if same and not _is_spent(found):
        return
    if not same and _is_working(found):
        raise PreloadFailedError(
            f"{describe(manifest)} in {namespace} is filling this claim with other weights.",
            remedy="Wait for it, or delete it, and run the same command again.",
        )
    await cluster.delete(resource, name, namespace, uid=found["metadata"].get("uid"))
    await _gone(cluster, resource, name, namespace)


async def _gone(cluster: PreloadCluster, resource: ApiResource, name: str, namespace: str) -> None:
    for _ in range(_GONE_WITHIN):
        try:
            await cluster.get(resource, name, namespace)
        except NotFoundError:
            return
        await asyncio.sleep(1)
    raise PreloadFailedError(
        f"{resource.kind}/{name} in {namespace} is being deleted for more than {_GONE_WITHIN} s.",
        remedy="Run the same command again when it is gone.",
    )
