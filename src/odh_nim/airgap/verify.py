"""Compares a bundle or a mirror with what its plan says."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from odh_nim.airgap.bundle.files import blob_item
from odh_nim.airgap.bundle.layout import has_manifests, read_manifest
from odh_nim.airgap.bundle.reader import Bundle, carried_weights
from odh_nim.airgap.bundle.sums import check_sums
from odh_nim.airgap.oci import Blob, RawManifest
from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.airgap.verified import FoundImage, Verified
from odh_nim.airgap.workers import for_each
from odh_nim.domain.errors import AirGapError, OdhNimError, TransferStoppedError


class VerifiedStore(Protocol):
    """What verifying reads of a registry."""

    def digest_of(self, repository: str, reference: str) -> str | None:
        """Give the digest of a tag."""

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """Give a manifest; by digest its bytes are checked."""

    def has_blob(self, repository: str, digest: str, size: int | None = None) -> bool:
        """Say whether a repository has a blob; one of another size is none."""

    def read_blob(
        self, repository: str, digest: str, size: int, offset: int = 0
    ) -> Iterator[bytes]:
        """Give the bytes of a blob."""


def verify_bundle(bundle: Bundle) -> list[str]:
    """Hash every byte of a bundle; gives a sentence for each thing that is wrong.

    Damaged volumes are named with the images they hit.
    """
    problems = list(check_sums(bundle.folder)) if bundle.volumes is None else []
    if bundle.volumes is not None:
        problems += _volume_problems(bundle)
    for image in bundle.plan.images:
        problems += _image_problems(bundle, image)
    try:
        carried_weights(bundle)
    except AirGapError as error:
        problems.append(error.message)
    return list(dict.fromkeys(problems))


def _volume_problems(bundle: Bundle) -> Iterator[str]:
    assert bundle.volumes is not None
    yield from (f"{name} is not there." for name in bundle.volumes.missing)
    yield from bundle.volumes.problems
    for sentence in bundle.volumes.check():
        digest = sentence.rpartition("/")[2].partition(" ")[0]
        hit = [image.name for image in bundle.plan.images if _uses(image, f"sha256:{digest}")]
        yield f"{sentence} It hits {', '.join(hit)}." if hit else sentence


def _uses(image: PlannedImage, digest: str) -> bool:
    return any(blob.digest == digest for blob in image.blobs)


def _image_problems(bundle: Bundle, image: PlannedImage) -> Iterator[str]:
    if not has_manifests(bundle.folder, image):
        yield f"{image.name}: its manifest is missing."
        return
    for manifest in (*image.children, image.manifest):
        try:
            read_manifest(bundle.folder, manifest.digest, manifest.media_type)
        except OdhNimError as error:
            yield f"{image.name}: {error.message}"
    missing = [
        blob.digest
        for blob in image.blobs
        if blob.digest not in bundle.document.left_out
        and not bundle.payload.is_done(blob_item(blob.digest, blob.size))
    ]
    if missing:
        yield f"{image.name}: {len(missing)} blobs are missing, first {missing[0]}."


def verify_registry(
    plan: Plan,
    plan_sha256: str,
    registry: VerifiedStore,
    *,
    name: str,
    prefix: str = "",
    deep: bool = False,
    at_once: int = 8,
    on_bytes: Callable[[int], None] = lambda _count: None,
) -> Verified:
    """Look for every image of a plan in a mirror; deep reads and hashes every byte."""
    check = _Check(registry, f"{prefix}/" if prefix else "", on_bytes)
    for_each(plan.images, check.image, at_once=at_once)
    if deep:
        # Every blob once: the registry keeps one copy for all repositories.
        for_each(check.to_hash(plan), check.hash_blob, at_once=at_once)
    bad = check.bad
    images = [
        FoundImage(image.name, image.manifest.digest)
        for image in plan.images
        if image.name in check.whole and not any(blob.digest in bad for blob in image.blobs)
    ]
    blobs = {digest: tuple(sorted(places)) for digest, places in check.places.items()}
    return Verified(
        name, plan_sha256, tuple(images), tuple(sorted(check.problems)), dict(sorted(blobs.items()))
    )


class _Check:
    def __init__(
        self, registry: VerifiedStore, prefix: str, on_bytes: Callable[[int], None]
    ) -> None:
        self._registry = registry
        self._prefix = prefix
        self._on_bytes = on_bytes
        self._lock = threading.Lock()
        self.whole: set[str] = set()
        self.bad: set[str] = set()
        self.problems: list[str] = []
        self.places: dict[str, set[str]] = {}

    def image(self, image: PlannedImage) -> None:
        """Compare one image."""
        try:
            problem = self._compare(image)
        except TransferStoppedError:
            # Not "missing": whoever stopped the run gets no record.
            raise
        except OdhNimError as error:
            problem = error.message
        with self._lock:
            if problem:
                self.problems.append(f"{image.name}: {problem}")
            else:
                self.whole.add(image.name)

    def _compare(self, image: PlannedImage) -> str:
        repository = self._prefix + image.repository
        found = self._registry.digest_of(repository, image.target)
        if found is None:
            return "it is not there."
        if found != image.manifest.digest:
            return f"its tag names {found} instead of {image.manifest.digest}."
        for manifest in (*image.children, image.manifest):
            self._registry.manifest(repository, manifest.digest)
        missing = []
        for blob in image.blobs:
            if self._registry.has_blob(repository, blob.digest, blob.size):
                with self._lock:
                    self.places.setdefault(blob.digest, set()).add(image.repository)
            else:
                missing.append(blob.digest)
        return f"{len(missing)} blobs are missing, first {missing[0]}." if missing else ""

    def to_hash(self, plan: Plan) -> list[Blob]:
        """Give every blob that is there, once."""
        return [blob for digest, blob in plan.blobs.items() if digest in self.places]

    def hash_blob(self, blob: Blob) -> None:
        """Read a blob and compare its hash with its name."""
        repository = self._prefix + min(self.places[blob.digest])
        hashed = hashlib.sha256()
        try:
            for piece in self._registry.read_blob(repository, blob.digest, blob.size):
                hashed.update(piece)
                self._on_bytes(len(piece))
        except TransferStoppedError:
            raise
        except OdhNimError as error:
            self._damaged(blob, error.message)
            return
        if f"sha256:{hashed.hexdigest()}" != blob.digest:
            self._damaged(blob, f"{blob.digest} in {repository} is damaged.")

    def _damaged(self, blob: Blob, message: str) -> None:
        with self._lock:
            self.bad.add(blob.digest)
            self.problems.append(message)
