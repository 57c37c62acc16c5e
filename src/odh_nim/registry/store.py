"""One registry as the air gap uses it: everything that can be read and written, in one place."""

from collections.abc import Iterator

from odh_nim.registry.blob_reader import BlobReader
from odh_nim.registry.distribution import Distribution
from odh_nim.registry.raw import RawManifest
from odh_nim.registry.tag_list import list_tags
from odh_nim.registry.upload import Read, Uploader


class RegistryStore:
    """Reads and writes images of one registry."""

    def __init__(self, registry: Distribution, *, uploader: Uploader | None = None) -> None:
        self.host = registry.host
        self._registry = registry
        self._reader = BlobReader(registry)
        self._uploader = uploader or Uploader(registry)

    def digest_of(self, repository: str, reference: str) -> str | None:
        """Ask which digest a tag has; None where there is none."""
        return self._registry.digest_of(repository, reference)

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """Fetch a manifest byte for byte; by digest it is checked."""
        return self._registry.manifest(repository, reference)

    def put_manifest(self, repository: str, reference: str, body: bytes, media_type: str) -> None:
        """Store a manifest under a tag or its digest."""
        self._registry.put_manifest(repository, reference, RawManifest(body, media_type))

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Delete a manifest with all its tags; False where it was gone already."""
        return self._registry.delete_manifest(repository, digest)

    def tags(self, repository: str) -> list[str]:
        """List all tags of a repository."""
        return list_tags(self._registry, repository)

    def has_blob(self, repository: str, digest: str, size: int | None = None) -> bool:
        """Say whether a repository has a blob; one of another size is none."""
        return self._registry.has_blob(repository, digest, size)

    def read_blob(
        self, repository: str, digest: str, size: int, offset: int = 0
    ) -> Iterator[bytes]:
        """Read a blob from an offset on."""
        return self._reader.read(repository, digest, size, offset)

    def upload_blob(self, repository: str, digest: str, size: int, read: Read) -> None:
        """Upload a blob; `read` gives its bytes from an offset on."""
        self._uploader.upload(repository, digest, size, read)

    def mount_blob(self, repository: str, digest: str, source: str) -> bool:
        """Link a blob that another repository has; False where it is refused."""
        return self._uploader.mount(repository, digest, source)

    def abort(self) -> None:
        """Break every connection, so that waiting threads end."""
        self._registry.abort()

    def close(self) -> None:
        """Close every connection."""
        self._registry.close()
