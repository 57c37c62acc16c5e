"""Whether a claim can be filled: there, large enough, free, and not full of something else."""

from odh_nim.airgap.preload.plan import ROOM_PERCENT, PreloadCluster, PreloadPlan, room_for
from odh_nim.domain.errors import NotFoundError, PreflightError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.preloaded import read_preloaded
from odh_nim.domain.quantity import parse_quantity
from odh_nim.domain.resources import PERSISTENT_VOLUME_CLAIMS, PODS


async def check_claim(cluster: PreloadCluster, plan: PreloadPlan) -> None:
    """Find every reason at once.

    Raises:
        PreflightError: There is one; nothing was written.

    """
    findings: list[Finding] = []
    subject = f"PersistentVolumeClaim/{plan.claim.name}"

    def stop(code: str, message: str, remedy: str) -> None:
        findings.append(Finding(Severity.ERROR, code, subject, message, remedy))

    try:
        claim = await cluster.get(PERSISTENT_VOLUME_CLAIMS, plan.claim.name, plan.namespace)
    except NotFoundError:
        if plan.claim.size is None:
            stop("claim-missing", "It does not exist.", "Give --size, and it is made.")
        elif parse_quantity(plan.claim.size) < plan.needed_bytes:
            stop("claim-small", f"{plan.claim.size} is too small.", _room_words(plan))
    else:
        size = ((claim.get("status") or {}).get("capacity") or {}).get("storage") or (
            claim["spec"]["resources"]["requests"]["storage"]
        )
        if parse_quantity(size) < plan.needed_bytes:
            stop("claim-small", f"{size} is too small.", _room_words(plan))
        filled = read_preloaded(claim)
        if filled is not None and filled.digest != plan.marks.digest:
            stop("claim-filled", f"It holds the weights of {filled.image}.", "Use another claim.")
        if users := await _users(cluster, plan):
            stop("claim-busy", f"{', '.join(users)} uses it.", "Stop the deployment first.")
    if findings:
        raise PreflightError(f"The preload of {plan.marks.image}", findings)


def _room_words(plan: PreloadPlan) -> str:
    return f"The weights need {room_for(plan.needed_bytes * 100 // ROOM_PERCENT)}."


async def _users(cluster: PreloadCluster, plan: PreloadPlan) -> list[str]:
    """Find pods that run with the claim: one node at a time may have it."""
    ours = {manifest["metadata"]["name"] for manifest in plan.objects}
    found = []
    for pod in await cluster.list(PODS, plan.namespace):
        owners = {each.get("name") for each in pod["metadata"].get("ownerReferences") or []}
        ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
        claims = {
            (volume.get("persistentVolumeClaim") or {}).get("claimName")
            for volume in pod["spec"].get("volumes") or []
        }
        name = pod["metadata"]["name"]
        if plan.claim.name in claims and not ended and not ours & {name, *owners}:
            found.append(f"Pod/{name}")
    return found
