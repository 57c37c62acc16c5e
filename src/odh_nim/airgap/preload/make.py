"""Makes the plan of a preload: by download with a key, or out of a bundle without one."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from odh_nim.airgap.bundle.reader import CarriedWeights
from odh_nim.airgap.oci import NATIVE_V1
from odh_nim.airgap.preload.lists import lists_config_map
from odh_nim.airgap.preload.plan import ROOM_PERCENT, ClaimWish, PreloadPlan
from odh_nim.airgap.preload.pods import JobOptions, download_job, loader_job, loader_pod
from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.preloaded import Preloaded

_LONGEST: Final = 63


@dataclass(frozen=True)
class BundleClaim:
    """A claim that holds a bundle, and the folder of the bundle in it."""

    name: str
    path: str = ""


def plan_download(
    runtime: Manifest,
    claim: ClaimWish,
    *,
    digest: str,
    sub_path: str,
    profiles: Sequence[str],
    native: bool,
    weights_bytes: int | None = None,
    options: JobOptions | None = None,
) -> PreloadPlan:
    """Plan the Job that downloads with the project's key.

    Raises:
        InputError: No profile is named.

    """
    container = next(
        each for each in runtime["spec"]["containers"] if each["name"] == names.KSERVE_CONTAINER
    )
    job = download_job(_name(claim), runtime, profiles=profiles, native=native, options=options)
    marks = Preloaded(
        claim.name,
        container["image"],
        digest,
        () if native else tuple(profiles),
        weights_bytes or 0,
        sub_path=sub_path,
    )
    needed = (weights_bytes or 0) * ROOM_PERCENT // 100
    return PreloadPlan(runtime["metadata"]["namespace"], claim, marks, (job,), needed_bytes=needed)


def plan_from_bundle(
    weights: CarriedWeights,
    model_folder: str,
    claim: ClaimWish,
    namespace: str,
    *,
    image: str,
    sub_path: str = "",
    source: BundleClaim | None = None,
    options: JobOptions | None = None,
) -> PreloadPlan:
    """Plan the loader: a Job beside the bundle's claim, or a pod that files are sent to.

    Raises:
        BundleError: The list of files is too long, or has names that cannot be loaded.

    """
    name = _name(claim)
    lists = lists_config_map(name, namespace, weights)
    target = target_path(weights.download_protocol, sub_path)
    if source is not None:
        loader = loader_job(
            name,
            namespace,
            claim=claim.name,
            sub_path=target,
            image=image,
            lists=name,
            bundle_claim=source.name,
            bundle_path=source.path,
            model_folder=model_folder,
            options=options,
        )
    else:
        loader = loader_pod(
            name,
            namespace,
            claim=claim.name,
            sub_path=target,
            image=image,
            lists=name,
            options=options,
        )
    marks = Preloaded(
        claim.name,
        weights.image,
        weights.manifest_digest,
        weights.profiles,
        weights.total,
        sub_path=sub_path,
    )
    return PreloadPlan(
        namespace,
        claim,
        marks,
        (lists, loader),
        cleanup=(loader, lists),
        needed_bytes=weights.total * ROOM_PERCENT // 100,
    )


def target_path(download_protocol: str, sub_path: str) -> str:
    """Say where in the claim the weights stand: `native-v1` images read `/model`, a folder of it.

    The runtime mounts that folder at `/model`; others read the root at `NIM_CACHE_PATH`.
    """
    if download_protocol != NATIVE_V1:
        return sub_path
    folder = next(each for each, path in names.NATIVE_CACHE_MOUNTS.items() if path == "/model")
    return "/".join(part for part in (sub_path, folder) if part)


def _name(claim: ClaimWish) -> str:
    name = f"{names.PRELOAD_COMPONENT}-{claim.name}".replace(".", "-")
    if len(name) <= _LONGEST:
        return name
    # A Job's name becomes a label of its pods.
    mark = hashlib.sha256(claim.name.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST - 9].rstrip('-')}-{mark}"
