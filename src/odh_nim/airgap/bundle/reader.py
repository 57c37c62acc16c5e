"""Opens a bundle: the source of `push`, and what `verify` and `preload` look into."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from odh_nim.airgap.bundle.document import Document, read_document
from odh_nim.airgap.bundle.files import MODELS, PLAN_YAML, VOLUMES, Item, blob_item, safe_path
from odh_nim.airgap.bundle.layout import read_manifest
from odh_nim.airgap.bundle.payload import FolderPayload, Payload
from odh_nim.airgap.bundle.volume_reader import VolumeReader
from odh_nim.airgap.oci import Blob, RawManifest
from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.airgap.plan_file import plan_hash, read_plan
from odh_nim.domain.errors import BundleError, printable


class CarriedFile(msgspec.Struct):
    """A file of weights in a bundle."""

    path: str
    size: int
    sha256: str
    mode: str


class CarriedLink(msgspec.Struct):
    """A symlink of weights in a bundle."""

    path: str
    target: str


class CarriedFor(msgspec.Struct, rename="camel"):
    """Another image that the same weights are for."""

    image: str
    manifest_digest: str


class CarriedWeights(msgspec.Struct, rename="camel"):
    """The weights of one model: files.json."""

    version: int
    image: str
    manifest_digest: str
    total: int
    files: tuple[CarriedFile, ...]
    links: tuple[CarriedLink, ...] = ()
    profiles: tuple[str, ...] = ()
    download_protocol: str = ""
    also: tuple[CarriedFor, ...] = ()

    def every(self) -> "Iterator[CarriedWeights]":
        """Give the same weights once for each image that they are for."""
        yield self
        for each in self.also:
            yield msgspec.structs.replace(
                self, image=each.image, manifest_digest=each.manifest_digest
            )


@dataclass(frozen=True)
class Bundle:
    """A bundle that was opened."""

    folder: Path
    document: Document
    plan: Plan
    plan_text: str
    payload: Payload
    volumes: VolumeReader | None = None

    @property
    def id(self) -> str:
        """Its name."""
        return self.document.id


def open_bundle(folder: Path, *, volumes: Sequence[Path] = (), spool: Path | None = None) -> Bundle:
    """Open a bundle; its volumes may stand in other folders too.

    Raises:
        BundleError: It is none, or its plan was changed.

    """
    document = read_document(folder)
    plan, text = read_plan(folder / PLAN_YAML)
    if plan_hash(text) != document.plan_sha256:
        raise BundleError(f"{folder / PLAN_YAML} is not the plan of this bundle.")
    if not document.volumes:
        return Bundle(folder, document, plan, text, FolderPayload(folder))
    reader = VolumeReader([folder / VOLUMES, *volumes], document.id, document.volumes, spool=spool)
    return Bundle(folder, document, plan, text, reader, reader)


class BundleSource:
    """Reads images out of a bundle, in place."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def manifest(self, image: PlannedImage, digest: str) -> RawManifest:
        """Give a manifest byte for byte."""
        known = {each.digest: each for each in (*image.children, image.manifest)}
        return read_manifest(self._bundle.folder, digest, known[digest].media_type)

    def read(self, image: PlannedImage, blob: Blob, offset: int) -> Iterator[bytes]:
        """Give the bytes of a blob."""
        del image
        return self._bundle.payload.read(blob_item(blob.digest, blob.size), offset, blob.size)


def carried_weights(bundle: Bundle) -> dict[str, CarriedWeights]:
    """Read which weights a bundle carries, by the folder they stand in.

    Raises:
        BundleError: A list of files cannot be used.

    """
    found: dict[str, CarriedWeights] = {}
    for path in sorted((bundle.folder / MODELS).glob("*/files.json")):
        try:
            weights = msgspec.json.decode(path.read_bytes(), type=CarriedWeights)
        except msgspec.DecodeError as error:
            raise BundleError(f"{path} cannot be used: {printable(str(error))}.") from None
        for file in weights.files:
            safe_path(file.path)
        for link in weights.links:
            _check_link(link)
        found[path.parent.name] = weights
    return found


def read_weights(bundle: Bundle, model: str, file: CarriedFile) -> Iterator[bytes]:
    """Give the bytes of a file of weights."""
    item = Item(f"{MODELS}/{model}/files/{file.path}", file.size)
    return bundle.payload.read(item, 0, file.size)


def _check_link(link: CarriedLink) -> None:
    depth = len(Path(safe_path(link.path)).parts) - 1
    for part in Path(link.target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or Path(link.target).is_absolute():
            raise BundleError(f"The symlink {printable(link.path)} leads out of its folder.")
