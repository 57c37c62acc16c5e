"""What stands in manifests and image configurations, as far as the air gap needs it.

Foreign bytes: everything is checked before it becomes a file name or a request.
"""

import re
from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from odh_nim.domain.errors import UnusableManifestError, printable

INDEX_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
IMAGE_TYPES: Final = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# In the configuration, so it can be read without a network.
DOWNLOAD_PROTOCOL_LABEL: Final = "com.nvidia.nim.model_download_protocol"
NATIVE_V1: Final = "native-v1"
_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}")
_TYPE: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9!#$&^_.+/-]{0,126}")
# More than any real image: a manifest that claims more is a mistake or an attack.
_MOST_BYTES: Final = 2**44


class RawManifest(Protocol):
    """A manifest as it travels."""

    @property
    def body(self) -> bytes:
        """The bytes whose hash is the name."""

    @property
    def media_type(self) -> str:
        """The type it was sent with."""

    @property
    def digest(self) -> str:
        """The hash."""


@dataclass(frozen=True, order=True)
class Blob:
    """A layer or a configuration."""

    digest: str
    size: int


@dataclass(frozen=True)
class ManifestRef:
    """A manifest by digest; `platform` is `linux/amd64` where an index says so."""

    digest: str
    size: int
    media_type: str
    platform: str = ""


@dataclass(frozen=True)
class ImageManifest:
    """One image: its configuration and its layers."""

    config: Blob
    layers: tuple[Blob, ...]

    @property
    def blobs(self) -> tuple[Blob, ...]:
        """Everything that must be there before the manifest; doubles go."""
        return tuple(dict.fromkeys((self.config, *self.layers)))


@dataclass(frozen=True)
class ImageIndex:
    """The images of one tag, by platform."""

    manifests: tuple[ManifestRef, ...]


@dataclass(frozen=True)
class ImageConfig:
    """What the configuration of an image says."""

    architecture: str = ""
    os: str = ""
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> str:
        """`linux/amd64`."""
        return f"{self.os}/{self.architecture}" if self.os and self.architecture else ""


class _Platform(msgspec.Struct):
    architecture: str = ""
    os: str = ""
    variant: str = ""


class _Descriptor(msgspec.Struct, rename="camel"):
    media_type: str
    digest: str
    size: int
    platform: _Platform | None = None
    urls: tuple[str, ...] | None = None


class _Manifest(msgspec.Struct, rename="camel"):
    schema_version: int
    config: _Descriptor | None = None
    layers: tuple[_Descriptor, ...] | None = None
    manifests: tuple[_Descriptor, ...] | None = None


class _Config(msgspec.Struct):
    config: dict[str, object] | None = None
    architecture: str = ""
    os: str = ""


def parse_manifest(raw: RawManifest) -> ImageManifest | ImageIndex:
    """Read a manifest or an index.

    Raises:
        UnusableManifestError: It is broken, of the old schema 1, or has layers kept elsewhere.

    """
    try:
        found = msgspec.json.decode(raw.body, type=_Manifest)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise UnusableManifestError("its manifest is no manifest of an image") from None
    if found.schema_version != 2:  # noqa: PLR2004 - the only one in use
        raise UnusableManifestError("its manifest is of schema 1, which is no longer supported")
    if found.manifests is not None and raw.media_type not in IMAGE_TYPES:
        return ImageIndex(tuple(map(_reference, found.manifests)))
    if found.config is None or found.layers is None:
        raise UnusableManifestError("its manifest names no layers")
    if any(layer.urls or "foreign" in layer.media_type for layer in found.layers):
        raise UnusableManifestError("it has foreign layers, which other servers keep")
    return ImageManifest(_blob(found.config), tuple(map(_blob, found.layers)))


def parse_config(content: bytes) -> ImageConfig:
    """Read the configuration of an image; what cannot be read is left out."""
    try:
        found = msgspec.json.decode(content, type=_Config)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ImageConfig()
    labels = (found.config or {}).get("Labels")
    labels = labels if isinstance(labels, dict) else {}
    texts = {key: value for key, value in labels.items() if isinstance(value, str)}
    return ImageConfig(printable(found.architecture, 40), printable(found.os, 40), texts)


def is_digest(text: str) -> bool:
    """Say whether a text is a sha256 digest."""
    return _DIGEST.fullmatch(text) is not None


def _reference(descriptor: _Descriptor) -> ManifestRef:
    blob = _blob(descriptor)
    place = descriptor.platform
    name = f"{place.os}/{place.architecture}" if place else ""
    if place and place.variant:
        name += f"/{place.variant}"
    return ManifestRef(blob.digest, blob.size, descriptor.media_type, printable(name, 60))


def _blob(descriptor: _Descriptor) -> Blob:
    if not is_digest(descriptor.digest):
        raise UnusableManifestError(f"{printable(descriptor.digest)!r} is no sha256 digest")
    if not 0 <= descriptor.size <= _MOST_BYTES or not _TYPE.fullmatch(descriptor.media_type):
        raise UnusableManifestError(f"{descriptor.digest} has an impossible size or type")
    return Blob(descriptor.digest, descriptor.size)
