"""Walks a preload: the claim, the Job, its end, and the marks last."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from odh_nim.airgap.preload.check import check_claim
from odh_nim.airgap.preload.plan import PreloadCluster, PreloadPlan
from odh_nim.domain import names
from odh_nim.domain.errors import AlreadyExistsError, NotFoundError, PreloadFailedError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.preloaded import Preloaded, preload_marks, read_preloaded
from odh_nim.domain.resources import JOBS, PERSISTENT_VOLUME_CLAIMS, PODS, resource_of

_POLL: Final = 3.0


async def preload(
    cluster: PreloadCluster,
    plan: PreloadPlan,
    *,
    within: float,
    on_step: Callable[[str], None] = lambda _text: None,
    stream: Callable[[], Awaitable[None]] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    poll: float = _POLL,
) -> Preloaded:
    """Fill a claim and mark it; the mark comes after the last check only.

    `stream` sends the files to a loader pod once it runs; without it a Job does everything.

    Raises:
        PreflightError: The claim is too small, in use, or filled already for another image.
        PreloadFailedError: The weights are not complete; the last lines of the pod are named.

    """
    await check_claim(cluster, plan)
    on_step(f"claim {plan.claim.name}")
    await _make_claim(cluster, plan)
    job = plan.objects[-1]
    on_step(describe(job))
    for manifest in plan.objects:
        await _create(cluster, manifest, plan.namespace)
    if stream is None:
        await _wait_for_job(cluster, plan, job, within=within, poll=poll)
    else:
        await _wait_for_pod(cluster, plan, job, within=within, poll=poll)
        on_step("weights")
        await stream()
    done = replace(plan.marks, at=now().strftime("%Y-%m-%dT%H:%M:%SZ"))
    await cluster.patch(
        PERSISTENT_VOLUME_CLAIMS, plan.claim.name, plan.namespace, merge=preload_marks(done)
    )
    for manifest in plan.cleanup:
        await cluster.delete(resource_of(manifest), manifest["metadata"]["name"], plan.namespace)
    return done


async def list_preloaded(cluster: PreloadCluster, namespace: str) -> list[Preloaded]:
    """List the claims of a project whose weights are complete."""
    claims = await cluster.list(
        PERSISTENT_VOLUME_CLAIMS, namespace, label_selector=f"{names.PRELOADED_LABEL}=true"
    )
    return [found for claim in claims if (found := read_preloaded(claim)) is not None]


async def _make_claim(cluster: PreloadCluster, plan: PreloadPlan) -> None:
    claim = plan.claim_manifest()
    if claim is not None:
        await _create(cluster, claim, plan.namespace)


async def _create(cluster: PreloadCluster, manifest: Manifest, namespace: str) -> None:
    try:
        await cluster.create(manifest, namespace=namespace)
    except AlreadyExistsError:
        # Of a run that was cut. A Job that failed is made anew, one that runs is taken up.
        if manifest["kind"] == JOBS.kind and await _has_failed(cluster, manifest, namespace):
            await cluster.delete(JOBS, manifest["metadata"]["name"], namespace)
            await _gone(cluster, manifest, namespace)
            await cluster.create(manifest, namespace=namespace)


async def _has_failed(cluster: PreloadCluster, job: Manifest, namespace: str) -> bool:
    found = await cluster.get(JOBS, job["metadata"]["name"], namespace)
    return _condition(found, "Failed") is not None


async def _gone(cluster: PreloadCluster, manifest: Manifest, namespace: str) -> None:
    for _ in range(30):
        try:
            await cluster.get(resource_of(manifest), manifest["metadata"]["name"], namespace)
        except NotFoundError:
            return
        await asyncio.sleep(1)


async def _wait_for_job(
    cluster: PreloadCluster, plan: PreloadPlan, job: Manifest, *, within: float, poll: float
) -> None:
    name = job["metadata"]["name"]
    try:
        async with asyncio.timeout(within):
            while True:
                found = await cluster.get(JOBS, name, plan.namespace)
                if _condition(found, "Complete"):
                    return
                if failed := _condition(found, "Failed"):
                    raise PreloadFailedError(
                        f"Job/{name} failed: {failed.get('message') or failed.get('reason')}. "
                        f"{await _last_words(cluster, plan, name)}",
                        remedy="Correct the cause and run the same command again.",
                    )
                await asyncio.sleep(poll)
    except TimeoutError:
        raise PreloadFailedError(
            f"Job/{name} is not complete after {within:.0f} s; it goes on.",
            remedy="Run the same command again to wait on.",
        ) from None


async def _wait_for_pod(
    cluster: PreloadCluster, plan: PreloadPlan, pod: Manifest, *, within: float, poll: float
) -> None:
    name = pod["metadata"]["name"]
    try:
        async with asyncio.timeout(within):
            while True:
                found = await cluster.get(PODS, name, plan.namespace)
                phase = (found.get("status") or {}).get("phase")
                if phase == "Running":
                    return
                if phase in ("Failed", "Succeeded"):
                    raise PreloadFailedError(f"Pod/{name} ended before it was used.")
                await asyncio.sleep(poll)
    except TimeoutError:
        raise PreloadFailedError(
            f"Pod/{name} does not run after {within:.0f} s.",
            remedy=f"kubectl describe pod {name} -n {plan.namespace} says why.",
        ) from None


async def _last_words(cluster: PreloadCluster, plan: PreloadPlan, job: str) -> str:
    pods = await cluster.list(
        PODS, plan.namespace, label_selector=f"batch.kubernetes.io/job-name={job}"
    )
    for pod in reversed(pods):
        try:
            lines = [
                line
                async for line in cluster.logs(
                    pod["metadata"]["name"], plan.namespace, tail_lines=3
                )
            ]
        except NotFoundError:
            continue
        if lines:
            return f"Its last words: {' / '.join(lines)}"
    return "It left no words."


def _condition(job: Manifest, kind: str) -> dict[str, Any] | None:
    for condition in (job.get("status") or {}).get("conditions") or []:
        if condition.get("type") == kind and condition.get("status") == "True":
            found: dict[str, Any] = condition
            return found
    return None
