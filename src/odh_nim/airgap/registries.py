"""Registries as ends of a transfer."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from odh_nim.airgap.hashing import CheckedBlob
from odh_nim.airgap.oci import Blob, RawManifest
from odh_nim.airgap.plan import PlannedImage
from odh_nim.airgap.ports import Read


class SourceStore(Protocol):
    """What reading images needs of a registry."""

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """Give a manifest byte for byte."""

    def read_blob(
        self, repository: str, digest: str, size: int, offset: int = 0
    ) -> Iterator[bytes]:
        """Give the bytes of a blob."""


class MirrorStore(SourceStore, Protocol):
    """What writing images needs of a registry."""

    def digest_of(self, repository: str, reference: str) -> str | None:
        """Give the digest of a tag."""

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> None:
        """Store a manifest."""

    def has_blob(self, repository: str, digest: str, size: int | None = None) -> bool:
        """Say whether a repository has a blob."""

    def upload_blob(self, repository: str, digest: str, size: int, read: Read) -> None:
        """Upload a blob."""

    def mount_blob(self, repository: str, digest: str, source: str) -> bool:
        """Link a blob of another repository."""


class RegistrySource:
    """Reads every image from the registry that its reference names."""

    def __init__(self, open_registry: Callable[[str], SourceStore]) -> None:
        self._open = open_registry

    def manifest(self, image: PlannedImage, digest: str) -> RawManifest:
        """Give a manifest byte for byte."""
        return self._open(image.reference.registry).manifest(image.repository, digest)

    def read(self, image: PlannedImage, blob: Blob, offset: int) -> Iterator[bytes]:
        """Give the bytes of a blob from an offset on."""
        registry = self._open(image.reference.registry)
        return registry.read_blob(image.repository, blob.digest, blob.size, offset)


class RegistryDestination:
    """Writes every image into one registry, below a prefix, at its own path."""

    def __init__(self, registry: MirrorStore, prefix: str = "", *, recheck: bool = False) -> None:
        self._registry = registry
        self._prefix = f"{prefix}/" if prefix else ""
        self._recheck = recheck

    def place(self, image: PlannedImage) -> str:
        """Name the repository of an image."""
        return f"{self._prefix}{image.repository}"

    def is_complete(self, image: PlannedImage) -> bool:
        """Whether the tag names the planned digest; a registry keeps what a manifest needs."""
        if self._recheck:
            return False
        return self._registry.digest_of(self.place(image), image.target) == image.manifest.digest

    def has(self, place: str, blob: Blob) -> bool:
        """Whether a repository has a blob."""
        return self._registry.has_blob(place, blob.digest, blob.size)

    def store(self, place: str, blob: Blob, checked: CheckedBlob) -> None:
        """Upload a blob."""
        self._registry.upload_blob(place, blob.digest, blob.size, checked.read)

    def link(self, place: str, blob: Blob, home: str) -> bool:
        """Mount a blob of one repository in another."""
        return self._registry.mount_blob(place, blob.digest, home)

    def finish(self, image: PlannedImage, manifests: Sequence[RawManifest]) -> None:
        """Write the manifests, the tag last."""
        *children, top = manifests
        for child in children:
            self._registry.put_manifest(
                self.place(image), child.digest, child.body, child.media_type
            )
        self._registry.put_manifest(self.place(image), image.target, top.body, top.media_type)
