"""The claims of a project that a deployment could use, those with weights first."""

import asyncio
from dataclasses import dataclass
from typing import Any

from odh_nim.deployment.checks.claim import RuntimeVolumes
from odh_nim.deployment.listing import ListCluster
from odh_nim.deployment.structs import Metadata, Struct
from odh_nim.domain import names
from odh_nim.domain.errors import KindNotServedError, printable
from odh_nim.domain.resources import PERSISTENT_VOLUME_CLAIMS, SERVING_RUNTIMES


class _ClaimSpec(Struct, frozen=True):
    access_modes: tuple[str, ...] = ()
    storage_class_name: str | None = None


class _ClaimStatus(Struct, frozen=True):
    phase: str = ""
    capacity: dict[str, Any] | None = None


class _Claim(Struct, frozen=True):
    metadata: Metadata
    spec: _ClaimSpec = _ClaimSpec()
    status: _ClaimStatus = _ClaimStatus()


@dataclass(frozen=True)
class ClaimView:
    """One claim; `users` are the runtimes that mount it, of stopped deployments too.

    `for_nim` claims were made for weights, by us or the stock dashboard; `sub_path` is the folder
    they are in. `preloaded_image` names the image whose weights were put in beforehand.
    """

    name: str
    size: str
    access_modes: tuple[str, ...]
    storage_class: str
    phase: str
    for_nim: bool
    sub_path: str
    users: tuple[str, ...] = ()
    preloaded_image: str = ""


async def list_claims(cluster: ListCluster, namespace: str) -> list[ClaimView]:
    """List the claims of a project: preloaded first, then those for NIM; none that is going."""
    claims, runtimes = await asyncio.gather(
        cluster.list_as(PERSISTENT_VOLUME_CLAIMS, _Claim, namespace),
        _runtimes(cluster, namespace),
    )
    users: dict[str, list[str]] = {}
    for runtime in runtimes:
        for volume in runtime.spec.volumes:
            if source := volume.persistent_volume_claim:
                users.setdefault(source.claim_name, []).append(runtime.metadata.name)
    views = [
        _view(claim, tuple(users.get(claim.metadata.name, ())))
        for claim in claims
        if not claim.metadata.deletion_timestamp
    ]
    return sorted(views, key=lambda view: (not view.preloaded_image, not view.for_nim, view.name))


async def _runtimes(cluster: ListCluster, namespace: str) -> list[RuntimeVolumes]:
    try:
        return await cluster.list_as(SERVING_RUNTIMES, RuntimeVolumes, namespace)
    except KindNotServedError:
        return []


def _view(claim: _Claim, users: tuple[str, ...]) -> ClaimView:
    metadata = claim.metadata
    # The label is set last: without it the weights may be incomplete.
    preloaded = metadata.label(names.PRELOADED_LABEL) is not None
    image = metadata.annotation(names.PRELOAD_IMAGE) if preloaded else None
    folder = metadata.annotation(names.PRELOAD_SUBPATH) if preloaded else None
    return ClaimView(
        metadata.name,
        str((claim.status.capacity or {}).get("storage", "")),
        claim.spec.access_modes,
        claim.spec.storage_class_name or "",
        claim.status.phase,
        for_nim=metadata.annotation(names.NIM_PVC) == "true",
        sub_path=folder or metadata.annotation(names.NIM_SUBPATH) or "",
        users=users,
        preloaded_image=printable(image or "", 300),
    )
