"""Over the gap: from registries into a bundle, and from a bundle into a registry."""

import os
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from odh_nim.airgap.bundle.document import VERSION, Document, LeftOut, bundle_id
from odh_nim.airgap.bundle.reader import Bundle, BundleSource, CarriedWeights, carried_weights
from odh_nim.airgap.bundle.weights import WeightSet, gather_weights
from odh_nim.airgap.bundle.writer import BundleWriter, volumes_of
from odh_nim.airgap.events import Sink
from odh_nim.airgap.outcome import DESTINATION_BIT, Outcome
from odh_nim.airgap.plan import Plan, Totals, without
from odh_nim.airgap.plan_file import plan_hash
from odh_nim.airgap.ports import Destination, Source
from odh_nim.airgap.transfer import Transfer
from odh_nim.airgap.verified import Verified
from odh_nim.domain.errors import DiskSpaceError, TransferError

# Beside the payload: manifests, sums, padding of volumes.
_SPARE_PERCENT: Final = 1
_SPARE: Final = 4 * 1024 * 1024


@dataclass(frozen=True)
class PullRequest:
    """What a bundle is to hold."""

    plan: Plan
    plan_text: str
    folder: Path
    volume_size: int = 0
    parents: tuple[str, ...] = ()
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)
    weights: tuple[WeightSet, ...] = ()

    def document(self) -> Document:
        """Begin bundle.json."""
        return Document(
            version=VERSION,
            id=bundle_id(self.plan_text, self.parents, self.volume_size),
            plan_sha256=plan_hash(self.plan_text),
            parents=self.parents,
            left_out=dict(sorted(self.left_out.items())),
            volume_size=self.volume_size,
        )


def known_from_bundle(bundle: Bundle) -> tuple[tuple[str, ...], dict[str, LeftOut]]:
    """Give what an earlier bundle carried: it and its parents, and every blob with its places."""
    known = dict(bundle.document.left_out)
    for image in bundle.plan.images:
        for blob in image.blobs:
            places = known.get(blob.digest, LeftOut(blob.size, ())).repositories
            known[blob.digest] = LeftOut(blob.size, tuple(sorted({*places, image.repository})))
    return (bundle.id, *bundle.document.parents), known


def known_from_mirror(found: Verified, plan: Plan) -> dict[str, LeftOut]:
    """Give the blobs of a plan that a mirror was seen to have."""
    return {
        digest: LeftOut(plan.blobs[digest].size, tuple(places))
        for digest, places in found.blobs.items()
        if digest in plan.blobs
    }


def request_pull(
    plan: Plan,
    plan_text: str,
    folder: Path,
    *,
    volume_size: int = 0,
    since: Sequence[Bundle] = (),
    baseline: Verified | None = None,
    list_folder: Path | None = None,
) -> PullRequest:
    """Prepare a bundle: what is left out, and the weights that go in.

    Raises:
        InputError: A folder of weights cannot be used.
        BundleError: An earlier bundle cannot be read.

    """
    parents: set[str] = set()
    known: dict[str, LeftOut] = {}
    for bundle in since:
        names, blobs = known_from_bundle(bundle)
        parents.update(names)
        known.update(blobs)
    if baseline is not None:
        known.update(known_from_mirror(baseline, plan))
    left_out = {digest: each for digest, each in known.items() if digest in plan.blobs}
    before = {_content(each) for bundle in since for each in carried_weights(bundle).values()}
    weights = tuple(
        each
        for each in gather_weights(plan.images, list_folder or Path())
        if _content(each) not in before
    )
    return PullRequest(
        plan, plan_text, folder, volume_size, tuple(sorted(parents)), left_out, weights
    )


def _content(weights: WeightSet | CarriedWeights) -> frozenset[tuple[str, str]]:
    """Say what weights are, whichever images they are for."""
    return frozenset((file.path, file.sha256) for file in weights.files)


def totals_of(request: PullRequest) -> Totals:
    """Count what a bundle will take, before a byte moves."""
    plan = request.plan
    moving = sum(blob.size for blob in without(plan, request.left_out))
    weights = sum(each.total for each in request.weights)
    volumes = volumes_of(plan, request.document(), request.weights)
    disk = sum(volume.size for volume in volumes) if volumes else moving + weights
    disk += sum(each.size for each in plan.manifests.values())
    return Totals(
        images=len(plan.images),
        blobs=len(plan.blobs) - len(request.left_out),
        unique_bytes=plan.unique_bytes,
        naive_bytes=plan.naive_bytes,
        disk_bytes=disk + disk * _SPARE_PERCENT // 100 + _SPARE,
        weight_bytes=weights,
        volumes=len(volumes),
        left_out_bytes=sum(each.size for each in request.left_out.values()),
    )


def check_space(folder: Path, needed: int) -> None:
    """Refuse at once where the disk is too small; what is there already counts.

    Raises:
        DiskSpaceError: It is.

    """
    there = folder
    while not there.exists():
        there = there.parent
    free = shutil.disk_usage(there).free
    missing = needed - _used(folder)
    if missing > free:
        raise DiskSpaceError(str(folder), missing, free)


def _used(folder: Path) -> int:
    """Count the blocks in use: files of volumes have holes until their bytes arrive."""
    total = 0
    for here, _, names in os.walk(folder):
        total += sum((Path(here) / name).lstat().st_blocks * 512 for name in names)
    return total


def pull(
    request: PullRequest,
    source: Source,
    *,
    workers: int = 4,
    sink: Sink = lambda _event: None,
    stop: threading.Event | None = None,
    keep_going: bool = True,
) -> Outcome:
    """Make a bundle; it is complete, with its sums, once every image is in it.

    Raises:
        DiskSpaceError: The disk is too small; nothing was downloaded.

    """
    check_space(request.folder, totals_of(request).disk_bytes)
    writer = BundleWriter(
        request.folder,
        request.plan,
        request.plan_text,
        request.document(),
        weights=request.weights,
    )
    transfer = Transfer(
        source, writer, workers=workers, sink=sink, stop=stop, keep_going=keep_going
    )
    sealed = False
    try:
        outcome = transfer.run(request.plan)
        if outcome.exit_code == 0:
            writer.add_weights()
            writer.seal()
            sealed = True
    finally:
        if not sealed:
            writer.close()
    return outcome


def push(
    bundle: Bundle,
    destination: Destination,
    *,
    prefix: str = "",
    workers: int = 4,
    sink: Sink = lambda _event: None,
    stop: threading.Event | None = None,
    keep_going: bool = True,
) -> Outcome:
    """Write a bundle into a registry.

    Raises:
        TransferError: The bundle builds on an earlier one that the registry does not have; nothing
            was uploaded.

    """
    homes = {
        digest: [f"{prefix}/{place}" if prefix else place for place in each.repositories]
        for digest, each in bundle.document.left_out.items()
    }
    check_parents(bundle, destination, homes)
    transfer = Transfer(
        BundleSource(bundle),
        destination,
        workers=workers,
        sink=sink,
        stop=stop,
        keep_going=keep_going,
        left_out=frozenset(homes),
        homes=homes,
        # One volume at a time: what is there goes up, also for images that cannot be whole yet.
        move_all=bundle.volumes is not None,
    )
    return transfer.run(bundle.plan)


def check_parents(
    bundle: Bundle, destination: Destination, homes: Mapping[str, Iterable[str]]
) -> None:
    """Make sure that a mirror has everything that this bundle leaves out.

    Raises:
        TransferError: It has not; the first missing ones are named.

    """
    missing: list[str] = []
    needed = {
        blob.digest: (blob, image)
        for image in bundle.plan.images
        for blob in image.blobs
        if blob.digest in homes
    }
    for digest, (blob, image) in needed.items():
        places = dict.fromkeys([destination.place(image), *homes[digest]])
        if not any(destination.has(place, blob) for place in places):
            missing.append(digest)
    if missing:
        shown = ", ".join(missing[:5]) + (" …" if len(missing) > 5 else "")  # noqa: PLR2004
        raise TransferError(
            f"The registry does not have {len(missing)} blobs that an earlier bundle carried: "
            f"{shown}. Nothing was uploaded.",
            bits=DESTINATION_BIT,
            remedy=f"Push these bundles first: {', '.join(bundle.document.parents) or 'a full one'}"
            ".",
        )
