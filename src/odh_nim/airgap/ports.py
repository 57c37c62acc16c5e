"""What a transfer needs of its two ends: registries and bundles fit by shape."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from odh_nim.airgap.hashing import CheckedBlob
from odh_nim.airgap.oci import Blob, RawManifest
from odh_nim.airgap.plan import PlannedImage

Read = Callable[[int], Iterator[bytes]]


class Source(Protocol):
    """Where images come from."""

    def manifest(self, image: PlannedImage, digest: str) -> RawManifest:
        """Give a manifest byte for byte."""

    def read(self, image: PlannedImage, blob: Blob, offset: int) -> Iterator[bytes]:
        """Give the bytes of a blob from an offset on."""


class Destination(Protocol):
    """Where images go to."""

    def place(self, image: PlannedImage) -> str:
        """Name the place that an image's blobs must be in: a repository, or one for all."""

    def is_complete(self, image: PlannedImage) -> bool:
        """Whether the image is there already, with this digest under this tag."""

    def has(self, place: str, blob: Blob) -> bool:
        """Whether a blob is there already."""

    def store(self, place: str, blob: Blob, checked: CheckedBlob) -> None:
        """Write a blob."""

    def link(self, place: str, blob: Blob, home: str) -> bool:
        """Make a blob of one place known in another; False where that cannot be."""

    def finish(self, image: PlannedImage, manifests: Sequence[RawManifest]) -> None:
        """Write the manifests, children first, and the tag last."""
