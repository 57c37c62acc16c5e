"""Makes a bundle: the destination of `pull`."""

import hashlib
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from odh_nim.airgap.bundle.document import Document, render_document
from odh_nim.airgap.bundle.files import (
    BLOBS,
    BUNDLE_JSON,
    MODELS,
    PLAN_YAML,
    VOLUMES,
    blob_item,
    to_json,
    write_file,
    writing,
)
from odh_nim.airgap.bundle.layout import has_manifests, write_index, write_manifest
from odh_nim.airgap.bundle.payload import FolderPayload, Payload
from odh_nim.airgap.bundle.sums import write_sums
from odh_nim.airgap.bundle.volume_layout import Volume, lay_out
from odh_nim.airgap.bundle.volume_writer import VolumeWriter
from odh_nim.airgap.bundle.weights import WeightFile, WeightSet
from odh_nim.airgap.hashing import CheckedBlob
from odh_nim.airgap.oci import Blob, RawManifest
from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.domain.errors import DigestError

_PIECE = 1024 * 1024


class BundleWriter:
    """One bundle being made; every blob is in one place, whichever image it is of."""

    def __init__(
        self,
        folder: Path,
        plan: Plan,
        plan_text: str,
        document: Document,
        *,
        weights: Sequence[WeightSet] = (),
    ) -> None:
        """Open a folder, new or of a cut run.

        Raises:
            BundleError: It holds something else.
            DiskError: It cannot be written.

        """
        self._folder = folder
        self._plan = plan
        self._plan_text = plan_text
        self._document = document
        self._weights = weights
        self._lock = threading.Lock()
        self._whole: dict[str, PlannedImage] = {}
        self._volumes = volumes_of(plan, document, weights)
        self._payload: Payload = FolderPayload(folder)
        self._writer: VolumeWriter | None = None
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if self._volumes:
            document.volumes = len(self._volumes)
            with writing(folder / VOLUMES):
                self._writer = VolumeWriter(folder / VOLUMES, self._volumes, document.id)
            self._payload = self._writer

    # ── The destination of a transfer ───────────────────────────────────────────────────────────
    def place(self, image: PlannedImage) -> str:
        """Give the one place of all blobs."""
        del image
        return ""

    def is_complete(self, image: PlannedImage) -> bool:
        """Whether an image was whole after an earlier run."""
        whole = has_manifests(self._folder, image) and all(
            self.has("", blob) for blob in image.blobs
        )
        if whole:
            self._add(image)
        return whole

    def has(self, place: str, blob: Blob) -> bool:
        """Whether a blob is there, or need not be because an earlier bundle carried it."""
        del place
        if blob.digest in self._document.left_out:
            return True
        return self._payload.is_done(blob_item(blob.digest, blob.size))

    def store(self, place: str, blob: Blob, checked: CheckedBlob) -> None:
        """Write a blob; what a cut run left is hashed and taken up."""
        del place
        item = blob_item(blob.digest, blob.size)
        offset = self._payload.stored(item)
        if offset:
            hashed = hashlib.sha256()
            for piece in self._payload.read(item, 0, offset):
                hashed.update(piece)
            checked.known(offset, hashed)
        try:
            self._payload.write(item, checked.read(offset), offset)
        except DigestError:
            self._payload.drop(item)
            raise

    def link(self, place: str, blob: Blob, home: str) -> bool:
        """Say yes: there is one place only."""
        del place, blob, home
        return True

    def finish(self, image: PlannedImage, manifests: Sequence[RawManifest]) -> None:
        """Store the manifests and name the image in index.json."""
        for manifest in manifests:
            write_manifest(self._folder, manifest)
        self._add(image)

    def _add(self, image: PlannedImage) -> None:
        with self._lock:
            self._whole[image.name] = image
            write_index(self._folder, self._whole.values())

    # ── Weights and the end ─────────────────────────────────────────────────────────────────────
    def add_weights(self) -> None:
        """Copy every file of weights, hashing it on the way.

        Raises:
            DigestError: A file changed since it was scanned.

        """
        for weights in self._weights:
            for item, file in weights.items():
                if not self._payload.is_done(item):
                    self._payload.write(item, _checked_file(weights.root / file.path, file), 0)
            write_file(
                self._folder / MODELS / weights.id / "files.json", to_json(weights.document())
            )
            if self._writer is None:
                with writing(self._folder / MODELS / weights.id):
                    self._link_weights(weights)

    def _link_weights(self, weights: WeightSet) -> None:
        root = self._folder / MODELS / weights.id / "files"
        for file in weights.files:
            (root / file.path).chmod(file.mode)
        for path, target in weights.links:
            link = root / path
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(target)

    def seal(self) -> None:
        """Write what describes the bundle, and the sums last: with them it is complete."""
        if self._writer is not None:
            with writing(self._folder / VOLUMES):
                self._writer.finish()
        else:
            self._drop_strangers()
        write_file(self._folder / PLAN_YAML, self._plan_text.encode())
        models = [_described(weights) for weights in self._weights]
        write_file(self._folder / BUNDLE_JSON, render_document(self._document, self._plan, models))
        write_sums(self._folder)

    def close(self) -> None:
        """Close the files of volumes that were not finished."""
        if self._writer is not None:
            self._writer.close()

    def _drop_strangers(self) -> None:
        """Delete what an earlier plan brought, or the bundle would not be what its plan says."""
        wanted = {*self._plan.blobs, *self._plan.manifests} - set(self._document.left_out)
        names = {digest.removeprefix("sha256:") for digest in wanted}
        for path in (self._folder / BLOBS).glob("*"):
            if path.name not in names:
                path.unlink()
        folders = {weights.id for weights in self._weights}
        for path in (self._folder / MODELS).glob("*"):
            if path.name not in folders:
                shutil.rmtree(path)


def volumes_of(plan: Plan, document: Document, weights: Sequence[WeightSet]) -> list[Volume]:
    """Lay out the volumes of a bundle; none where it is not split."""
    if not document.volume_size:
        return []
    blobs = [blob for blob in plan.blobs.values() if blob.digest not in document.left_out]
    items = [blob_item(blob.digest, blob.size) for blob in blobs]
    items += [item for each in weights for item, _ in each.items()]
    return lay_out(items, document.volume_size, document.id)


def _checked_file(path: Path, file: WeightFile) -> Iterator[bytes]:
    hashed, held = hashlib.sha256(), b""
    with path.open("rb") as source:
        while piece := source.read(_PIECE):
            hashed.update(piece)
            if held:
                yield held
            held = piece
    if hashed.hexdigest() != file.sha256:
        raise DigestError(f"sha256:{file.sha256}", str(path), f"sha256:{hashed.hexdigest()}")
    if held:
        yield held


def _described(weights: WeightSet) -> Mapping[str, Any]:
    model = weights.image.model
    return {
        "images": [each.name for each in (weights.image, *weights.also)],
        "folder": f"{MODELS}/{weights.id}",
        "profiles": list(model.profiles) if model else [],
        "files": len(weights.files),
        "bytes": weights.total,
    }
