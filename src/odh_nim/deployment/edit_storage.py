"""Lets a deployment's claim grow; Kubernetes lets none shrink. Pure."""

import copy

from odh_nim.deployment.extract import DeploymentObjects
from odh_nim.domain.errors import InputError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.quantity import parse_quantity, positive


def claim_change(objects: DeploymentObjects, size: str) -> tuple[Manifest | None, list[Finding]]:
    """Give the claim with its new size; None where nothing changes or nothing can."""
    claim = objects.claim
    if claim is None:
        return None, [
            Finding(
                Severity.ERROR,
                "claim-missing",
                "storage",
                "The deployment has no claim that could grow.",
            )
        ]
    try:
        wanted = parse_quantity(positive(size, "size"), "size")
    except InputError as error:
        return None, [
            Finding(Severity.ERROR, "quantity-invalid", "storage", error.message, error.remedy)
        ]
    now = str(((claim["spec"].get("resources") or {}).get("requests") or {}).get("storage") or "0")
    if wanted < parse_quantity(now):
        return None, [
            Finding(
                Severity.ERROR,
                "claim-shrink",
                describe(claim),
                f"It has {now}; a claim can grow, but never shrink.",
                "Deploy again with a smaller claim, if the weights fit.",
            )
        ]
    if wanted == parse_quantity(now):
        return None, []
    grown = copy.deepcopy(claim)
    grown["spec"].setdefault("resources", {}).setdefault("requests", {})["storage"] = size.strip()
    return grown, []
