"""Synthetic images with NIM's labels and shared layers."""

import gzip
import hashlib
import io
import json
import random
import tarfile
from dataclasses import dataclass
from typing import Any

OCI = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER = "application/vnd.docker.distribution.manifest.v2+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def noise(size: int, seed: str) -> bytes:
    """Give bytes that do not compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)  # noqa: S311 - no secret


@dataclass(frozen=True)
class MadeImage:
    """An image: its manifest as bytes and every blob."""

    body: bytes
    media_type: str
    blobs: dict[str, bytes]

    @property
    def digest(self) -> str:
        return digest_of(self.body)


def layer(size: int, seed: str) -> bytes:
    """Make a layer: a real compressed archive with one file."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        info = tarfile.TarInfo(f"opt/{seed}")
        info.size = size
        archive.addfile(info, io.BytesIO(noise(size, seed)))
    return gzip.compress(stream.getvalue(), 1, mtime=0)


def image(
    layers: list[bytes],
    *,
    labels: dict[str, str] | None = None,
    docker: bool = False,
    indent: int | None = None,
    architecture: str = "amd64",
) -> MadeImage:
    config: dict[str, Any] = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": labels or {}},
        "rootfs": {
            "type": "layers",
            "diff_ids": [digest_of(gzip.decompress(each)) for each in layers],
        },
    }
    blob = json.dumps(config).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": DOCKER if docker else OCI,
        "config": {
            "mediaType": DOCKER_CONFIG if docker else OCI_CONFIG,
            "digest": digest_of(blob),
            "size": len(blob),
        },
        "layers": [
            {
                "mediaType": DOCKER_LAYER if docker else OCI_LAYER,
                "digest": digest_of(each),
                "size": len(each),
            }
            for each in layers
        ],
    }
    blobs = {digest_of(each): each for each in [blob, *layers]}
    return MadeImage(json.dumps(manifest, indent=indent).encode(), DOCKER if docker else OCI, blobs)


def index(*images: tuple[MadeImage, str]) -> MadeImage:
    """Make an index over images, each with its architecture."""
    body = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [
            {
                "mediaType": each.media_type,
                "digest": each.digest,
                "size": len(each.body),
                "platform": {"architecture": architecture, "os": "linux"},
            }
            for each, architecture in images
        ],
    }
    return MadeImage(json.dumps(body, indent=3).encode(), OCI_INDEX, {})
