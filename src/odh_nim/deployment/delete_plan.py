"""Names everything that the deletion of a deployment removes, and what it leaves."""

from dataclasses import dataclass

import msgspec

from odh_nim.deployment.checks.claim import RuntimeVolumes
from odh_nim.deployment.deletable import Found, read_claim, read_deletable
from odh_nim.deployment.listing import ReadCluster, unknown_deployment
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.structs import PodUse
from odh_nim.deployment.structs_serving import Service
from odh_nim.domain import names
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.resources import INFERENCE_SERVICES, PODS, SECRETS, SERVING_RUNTIMES


@dataclass(frozen=True)
class Kept:
    """An object that stays, and why."""

    object: ObjectReference
    reason: str


@dataclass(frozen=True)
class DeletePlan:
    """What goes, in this order, and what stays.

    `claim_users` are the other deployments and pods that use the same claim.
    """

    name: str
    namespace: str
    deletes: tuple[ObjectReference, ...]
    keeps: tuple[Kept, ...]
    claim: ObjectReference | None
    claim_users: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


async def plan_delete(
    cluster: ReadCluster, name: str, namespace: str, *, with_claim: bool = False
) -> DeletePlan:
    """Name every object that a deletion removes; nothing is changed.

    What a killed run left without an InferenceService is a deployment here too; and where the
    claim is asked for, the claim that a deletion cut short has left. A claim that others use is
    kept, and an error says so where it was asked for.

    Raises:
        UnknownModelError: There is no such deployment.
        ClusterError: A read failed: then nothing may be deleted.

    """
    found = await read_deletable(cluster, name, namespace)
    claim = await read_claim(cluster, found)
    left_alone = with_claim and found.is_bare and claim is not None
    if not (found.is_deployment or left_alone):
        raise unknown_deployment(name, namespace)
    users = _claim_users(found, claim.name) if claim else ()
    mine, others = found.belonging()
    deletes = [ObjectReference.to(item, namespace) for item in mine]
    keeps = [Kept(ObjectReference.to(item, namespace), reason) for item, reason in others]
    findings = _findings(found)
    if claim is not None:
        if with_claim and not users:
            deletes.append(claim)
        elif with_claim:
            findings.append(_shared(claim, users))
        else:
            keeps.append(Kept(claim, "it holds the weights; it goes only when asked for"))
    keeps += _project_secrets(found)
    return DeletePlan(name, namespace, tuple(deletes), tuple(keeps), claim, users, tuple(findings))


def _claim_users(found: Found, claim: str) -> tuple[str, ...]:
    """Name who else uses the claim: runtimes of others, stopped ones too, and pods."""

    def uses(item: RuntimeVolumes | PodUse) -> bool:
        return any(
            volume.persistent_volume_claim and volume.persistent_volume_claim.claim_name == claim
            for volume in item.spec.volumes
        )

    own_runtime = found.runtime and found.runtime["metadata"]["name"]
    runtimes = [
        f"{SERVING_RUNTIMES.kind}/{one.metadata.name}"
        for one in found.runtimes
        if uses(one) and one.metadata.name != own_runtime
    ]
    pods = [
        f"{PODS.kind}/{one.metadata.name}"
        for one in found.pods
        if uses(one) and one.metadata.label(names.INFERENCE_SERVICE_LABEL) != found.name
    ]
    return (*runtimes, *pods)


def _findings(found: Found) -> list[Finding]:
    findings = []
    if found.service and msgspec.convert(found.service, Service).is_operators:
        findings.append(
            Finding(
                Severity.ERROR,
                "operators-own",
                f"{INFERENCE_SERVICES.kind}/{found.name}",
                "It belongs to a NIMService of NVIDIA's operator, which would make it again.",
                "Delete the NIMService.",
            )
        )
    if found.unseen:
        findings.append(
            Finding(
                Severity.NOTICE,
                "cannot-tell",
                ", ".join(sorted(found.unseen)),
                "You may not see whether these exist; what belongs to the deployment goes with it.",
            )
        )
    return findings


def _shared(claim: ObjectReference, users: tuple[str, ...]) -> Finding:
    return Finding(
        Severity.ERROR,
        "claim-used",
        str(claim),
        f"It is also used by {', '.join(users)}.",
        "Delete without the claim.",
    )


def _project_secrets(found: Found) -> list[Kept]:
    """Name the Secrets that the deployment refers to and that are not its own."""
    runtime = found.typed_runtime
    if runtime is None:
        return []
    own = (names.key_secret(found.name), names.pull_secret(found.name))
    container = runtime.container
    sources = [one.value_from for one in (container.env if container else ()) if one.value_from]
    referred = [one.secret_key_ref.name for one in sources if one.secret_key_ref]
    referred += [one.name for one in runtime.spec.image_pull_secrets]
    return [
        Kept(ObjectReference(SECRETS, secret, found.namespace), "other deployments may use it")
        for secret in dict.fromkeys(referred)
        if secret not in own
    ]
