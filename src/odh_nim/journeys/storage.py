"""Where weights can go: storage classes, and claims that are there."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from odh_nim.deployment import ClaimView, list_claims
from odh_nim.deployment.checks.cluster import cannot_tell
from odh_nim.deployment.listing import ListCluster
from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.finding import Finding
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import STORAGE_CLASSES, ApiResource

_DEFAULT: Final = "storageclass.kubernetes.io/is-default-class"
_BOUND: Final = "Bound"


class StorageCluster(ListCluster, Protocol):
    """The calls that looking at storage needs."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""


@dataclass(frozen=True)
class StorageClass:
    """One storage class."""

    name: str
    default: bool
    expandable: bool
    provisioner: str
    waits: bool


@dataclass(frozen=True)
class Claim:
    """A claim, and why it cannot be used as it is; None where it can."""

    view: ClaimView
    problem: str | None


@dataclass(frozen=True)
class Storage:
    """What may be seen."""

    classes: tuple[StorageClass, ...]
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]


async def read_storage(cluster: StorageCluster, namespace: str) -> Storage:
    """Read classes and claims."""
    classes, claims = await asyncio.gather(_classes(cluster), list_claims(cluster, namespace))
    known = classes if isinstance(classes, tuple) else ()
    findings = (classes,) if isinstance(classes, Finding) else ()
    waiting = {one.name for one in known if one.waits}
    return Storage(known, tuple(Claim(one, _problem(one, waiting)) for one in claims), findings)


async def _classes(cluster: StorageCluster) -> tuple[StorageClass, ...] | Finding:
    try:
        found = await cluster.list(STORAGE_CLASSES)
    except ForbiddenError as error:
        return cannot_tell("storage", "Which storage classes there are", error)
    classes = [
        StorageClass(
            one["metadata"]["name"],
            annotations(one).get(_DEFAULT) == "true",
            one.get("allowVolumeExpansion") is True,
            str(one.get("provisioner", "")),
            one.get("volumeBindingMode") == "WaitForFirstConsumer",
        )
        for one in found
    ]
    return tuple(sorted(classes, key=lambda one: (not one.default, one.name)))


def _problem(claim: ClaimView, waiting: set[str]) -> str | None:
    if claim.phase == "Lost":
        return "Its volume is lost."
    if claim.phase != _BOUND and claim.storage_class not in waiting:
        return "It is not bound to a volume yet."
    single = claim.access_modes and not any(mode.endswith("Many") for mode in claim.access_modes)
    if claim.users and single:
        return f"{', '.join(claim.users)} uses it, and only one node can mount it."
    return None
