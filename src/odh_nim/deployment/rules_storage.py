"""What can be said about the storage of a specification without asking anybody; pure."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from odh_nim.domain.deployment_spec import DeploymentSpec, ExistingClaim, NewClaim
from odh_nim.domain.errors import InputError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.model import Model
from odh_nim.domain.quantity import gibibytes, parse_quantity, positive

# Of Kubernetes: a DNS subdomain, dots included.
_CLAIM_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_MAX_CLAIM_NAME: Final = 253
# Room for a second profile's differences and for the engine's own files.
_SPARE: Final = Decimal("1.3")
_DEFAULT_SIZE: Final = "50Gi"
_SINGLE_NODE: Final = "ReadWriteOnce"
_SINGLE_POD: Final = "ReadWriteOncePod"
ACCESS_MODES: Final = (_SINGLE_NODE, "ReadWriteMany", _SINGLE_POD)


def default_claim_size(model: Model) -> str:
    """Propose the size of a new claim: the weights and a third more, or 50Gi where unknown."""
    return gibibytes(model.weights_bytes * _SPARE) if model.weights_bytes else _DEFAULT_SIZE


def storage_findings(spec: DeploymentSpec) -> Iterator[Finding]:
    """Check the claim that is asked for."""
    if isinstance(spec.storage, ExistingClaim):
        yield from _existing(spec.storage)
    else:
        yield from _new(spec, spec.storage)


def access_mode_findings(modes: list[str], claim: str, replicas: int) -> Iterator[Finding]:
    """Say what an access mode means for several replicas."""
    if replicas <= 1 or not modes or any(mode.endswith("Many") for mode in modes):
        return
    single_pod = _SINGLE_POD in modes
    yield Finding(
        Severity.ERROR if single_pod else Severity.WARNING,
        "claim-access-mode",
        claim,
        f"{replicas} replicas share a {modes[0]} claim: "
        + ("only one pod can mount it." if single_pod else "all must run on one node."),
        "Use a claim with ReadWriteMany, or one replica.",
    )


def size_finding(size: Decimal, claim: str, model: Model) -> Iterator[Finding]:
    """Say that a claim is smaller than the weights."""
    if model.weights_bytes and size < model.weights_bytes:
        yield Finding(
            Severity.WARNING,
            "claim-small",
            claim,
            f"The weights of {model.title} need {gibibytes(model.weights_bytes)}, the claim has "
            f"{gibibytes(size)}.",
            f"Use {default_claim_size(model)} or more.",
        )


def _new(spec: DeploymentSpec, claim: NewClaim) -> Iterator[Finding]:
    try:
        size = parse_quantity(positive(claim.size, "size"), "size")
    except InputError as error:
        yield Finding(Severity.ERROR, "quantity-invalid", "storage", error.message, error.remedy)
    else:
        yield from size_finding(size, "storage", spec.model)
    if claim.access_mode not in ACCESS_MODES:
        yield Finding(
            Severity.ERROR,
            "access-mode-invalid",
            "storage",
            f"{printable(claim.access_mode, 40)!r} is no access mode that weights can be "
            "written with.",
            f"Use one of {', '.join(ACCESS_MODES)}.",
        )
        return
    yield from access_mode_findings([claim.access_mode], "storage", spec.replicas)


def _existing(claim: ExistingClaim) -> Iterator[Finding]:
    if not _CLAIM_NAME.fullmatch(claim.name) or len(claim.name) > _MAX_CLAIM_NAME:
        yield Finding(
            Severity.ERROR,
            "claim-name",
            "storage",
            f"{printable(claim.name, 80)!r} cannot be the name of a PersistentVolumeClaim.",
            "See `kubectl get pvc`.",
        )
    path = claim.sub_path
    if path and (path.startswith("/") or any(part in ("", "..") for part in path.split("/"))):
        yield Finding(
            Severity.ERROR,
            "sub-path",
            "storage",
            f"{printable(path, 80)!r} is no folder of a claim: no leading slash, no `..`, no "
            "empty part.",
        )
