"""The OCI image layout inside a bundle, as skopeo, crane and regctl read it."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from odh_nim.airgap.bundle.files import BLOBS, OCI, to_json, write_file
from odh_nim.airgap.oci import RawManifest
from odh_nim.airgap.plan import PlannedImage
from odh_nim.domain.errors import BundleError, DigestError

_REF_NAME: Final = "org.opencontainers.image.ref.name"


class StoredManifest:
    """A manifest out of a bundle."""

    def __init__(self, body: bytes, media_type: str, digest: str) -> None:
        self.body = body
        self.media_type = media_type
        self.digest = digest


def write_manifest(bundle: Path, manifest: RawManifest) -> None:
    """Store a manifest, byte for byte."""
    path = bundle / BLOBS / manifest.digest.removeprefix("sha256:")
    if not path.exists():
        write_file(path, manifest.body)


def read_manifest(bundle: Path, digest: str, media_type: str) -> StoredManifest:
    """Read a manifest back and check its bytes.

    Raises:
        BundleError: It is missing.
        DigestError: It was changed.

    """
    import hashlib  # noqa: PLC0415 - only here

    path = bundle / BLOBS / digest.removeprefix("sha256:")
    try:
        body = path.read_bytes()
    except OSError:
        raise BundleError(f"The manifest {digest} is missing in {bundle}.") from None
    found = f"sha256:{hashlib.sha256(body).hexdigest()}"
    if found != digest:
        raise DigestError(digest, str(path), found)
    return StoredManifest(body, media_type, digest)


def has_manifests(bundle: Path, image: PlannedImage) -> bool:
    """Whether all manifests of an image are there."""
    digests = [image.manifest.digest, *(child.digest for child in image.children)]
    return all((bundle / BLOBS / digest.removeprefix("sha256:")).exists() for digest in digests)


def write_index(bundle: Path, images: Iterable[PlannedImage]) -> None:
    """Replace index.json: all images that are whole, sorted."""
    document = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [_entry(image) for image in sorted(images, key=lambda each: each.name)],
    }
    write_file(bundle / OCI / "oci-layout", b'{"imageLayoutVersion":"1.0.0"}\n')
    write_file(bundle / OCI / "index.json", to_json(document))


def _entry(image: PlannedImage) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "mediaType": image.manifest.media_type,
        "digest": image.manifest.digest,
        "size": image.manifest.size,
        "annotations": {_REF_NAME: image.name},
    }
    system, slash, architecture = image.manifest.platform.partition("/")
    if slash:
        entry["platform"] = {"os": system, "architecture": architecture.partition("/")[0]}
    return entry
