"""The plan of a mirror: every image by digest, every blob with its size; no byte has moved yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from odh_nim.airgap.oci import Blob, ManifestRef
from odh_nim.domain.image import ImageReference


@dataclass(frozen=True)
class ModelFacts:
    """What the plan knows of a model beside its image."""

    key: str
    display_name: str = ""
    family: str = "other"
    eu_restricted: bool = False
    profiles: tuple[str, ...] = ()
    # A folder on this machine with the model's filled cache; only `pull` reads it.
    weights: str = ""


@dataclass(frozen=True)
class PlannedImage:
    """One tag that is mirrored.

    `manifest` is what the tag names at the destination; `children` are its manifests where that is
    an index; `source_digest` is what the tag named at the source.
    """

    reference: ImageReference
    manifest: ManifestRef
    blobs: tuple[Blob, ...]
    source_digest: str
    children: tuple[ManifestRef, ...] = ()
    download_protocol: str = ""
    model: ModelFacts | None = None

    @property
    def name(self) -> str:
        """How messages, bundles and journals call it."""
        return str(self.reference)

    @property
    def repository(self) -> str:
        """Its path at the source and below the prefix of a destination."""
        return self.reference.repository

    @property
    def target(self) -> str:
        """The tag at the destination; the digest where it has none."""
        return self.reference.tag or self.manifest.digest


@dataclass(frozen=True)
class Plan:
    """All images, sorted by name."""

    images: tuple[PlannedImage, ...]
    platform: str = "linux/amd64"

    @cached_property
    def blobs(self) -> Mapping[str, Blob]:
        """Every blob once, in the order in which images need them."""
        return {blob.digest: blob for image in self.images for blob in image.blobs}

    @cached_property
    def manifests(self) -> Mapping[str, ManifestRef]:
        """Every manifest once."""
        found: dict[str, ManifestRef] = {}
        for image in self.images:
            for manifest in (*image.children, image.manifest):
                found[manifest.digest] = manifest
        return found

    @cached_property
    def unique_bytes(self) -> int:
        """What moves."""
        return _sum(self.blobs.values()) + sum(each.size for each in self.manifests.values())

    @cached_property
    def naive_bytes(self) -> int:
        """What would move if every image came whole."""
        manifests = sum(
            each.size for image in self.images for each in (*image.children, image.manifest)
        )
        return sum(_sum(image.blobs) for image in self.images) + manifests


@dataclass(frozen=True)
class Totals:
    """The figures that are shown before anything moves."""

    images: int
    blobs: int
    unique_bytes: int
    naive_bytes: int
    disk_bytes: int
    weight_bytes: int = 0
    volumes: int = 0
    left_out_bytes: int = 0

    @property
    def saved_percent(self) -> int:
        """How much less than image by image."""
        if not self.naive_bytes:
            return 0
        return 100 - self.unique_bytes * 100 // self.naive_bytes


def without(plan: Plan, known: Iterable[str]) -> tuple[Blob, ...]:
    """Give the blobs that are not known already."""
    skip = set(known)
    return tuple(blob for blob in plan.blobs.values() if blob.digest not in skip)


def _sum(blobs: Iterable[Blob]) -> int:
    return sum(blob.size for blob in blobs)


@dataclass(frozen=True)
class Problem:
    """One reason why a plan cannot be made; `status` is the registry's, 0 where there is none."""

    subject: str
    code: str
    message: str
    remedy: str = ""
    status: int = field(default=0, compare=False)

    def __str__(self) -> str:
        text = f"{self.subject}: {self.message}"
        return f"{text} {self.remedy}" if self.remedy else text
