"""Walks a preload: the claim, the Job, its end, and the marks last."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from odh_nim.airgap.preload.check import check_claim
from odh_nim.airgap.preload.place import condition, place
from odh_nim.airgap.preload.plan import PreloadCluster, PreloadPlan
from odh_nim.domain import names
from odh_nim.domain.errors import (
    AlreadyExistsError,
    NotFoundError,
    PreloadFailedError,
    printable,
)
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
    claim_uid = await _make_claim(cluster, plan)
    job = plan.objects[-1]
    on_step(describe(job))
    await place(cluster, plan.marked_objects(claim_uid), plan.namespace)
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


async def _make_claim(cluster: PreloadCluster, plan: PreloadPlan) -> str:
    """Make the claim where it is not there; gives its uid."""
    claim = plan.claim_manifest()
    if claim is not None:
        # One of this name was looked at before.
        with contextlib.suppress(AlreadyExistsError):
            await cluster.create(claim, namespace=plan.namespace)
    found = await cluster.get(PERSISTENT_VOLUME_CLAIMS, plan.claim.name, plan.namespace)
    return str(found["metadata"].get("uid", ""))


async def _wait_for_job(
    cluster: PreloadCluster, plan: PreloadPlan, job: Manifest, *, within: float, poll: float
) -> None:
    name = job["metadata"]["name"]
    try:
        async with asyncio.timeout(within):
            while True:
                found = await cluster.get(JOBS, name, plan.namespace)
                if condition(found, "Complete"):
                    return
                if failed := condition(found, "Failed"):
                    raise PreloadFailedError(
                        f"Job/{name} failed: {failed.get('message') or failed.get('reason')}. "
                        f"{await _last_words(cluster, plan, name)}",
                        remedy="Correct the cause and run the same command again.",
                    )
                await asyncio.sleep(poll)
    except TimeoutError:
        pods = await _pods_of(cluster, plan, name)
        raise PreloadFailedError(
            f"Job/{name} is not complete after {within:.0f} s; it goes on.{_waiting(pods)}",
            remedy="Run the same command again to wait on.",
        ) from None


async def _wait_for_pod(
    cluster: PreloadCluster, plan: PreloadPlan, pod: Manifest, *, within: float, poll: float
) -> None:
    name, found = pod["metadata"]["name"], pod
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
            f"Pod/{name} does not run after {within:.0f} s.{_waiting([found])}",
            remedy=f"kubectl describe pod {name} -n {plan.namespace} says more.",
        ) from None


async def _last_words(cluster: PreloadCluster, plan: PreloadPlan, job: str) -> str:
    for pod in reversed(await _pods_of(cluster, plan, job)):
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


async def _pods_of(cluster: PreloadCluster, plan: PreloadPlan, job: str) -> list[Manifest]:
    selector = f"batch.kubernetes.io/job-name={job}"
    return await cluster.list(PODS, plan.namespace, label_selector=selector)


def _waiting(pods: Sequence[Manifest]) -> str:
    """Say what pods wait for, in the cluster's own words; empty where nothing is known."""
    for pod in pods:
        status = pod.get("status") or {}
        states = [each.get("state") or {} for each in status.get("containerStatuses") or []]
        reasons = [each["waiting"] for each in states if each.get("waiting")]
        reasons += [
            each
            for each in status.get("conditions") or []
            if each.get("type") == "PodScheduled" and each.get("status") == "False"
        ]
        for each in reasons:
            words = ": ".join(filter(None, (each.get("reason"), each.get("message"))))
            return f" It waits: {printable(words, 400)}."
    return ""
