"""bundle.json: what a bundle holds, for us and for other tools."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from odh_nim import __version__
from odh_nim.airgap.bundle.files import BUNDLE_JSON, safe_repositories, to_json
from odh_nim.airgap.oci import is_digest
from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.domain.errors import BundleError, printable

VERSION: Final = 1


class LeftOut(msgspec.Struct, forbid_unknown_fields=True):
    """A blob that an earlier bundle carried, and where it is in the mirror."""

    size: int
    repositories: tuple[str, ...]


class Document(msgspec.Struct, rename="camel"):
    """The part of bundle.json that we read back."""

    version: int
    id: str
    plan_sha256: str
    parents: tuple[str, ...] = ()
    left_out: dict[str, LeftOut] = {}
    volumes: int = 0
    volume_size: int = 0


def bundle_id(plan_text: str, parents: Iterable[str], volume_size: int) -> str:
    """Name a bundle by what it holds: the same plan gives the same name."""
    words = "\n".join([plan_text, *sorted(parents), str(volume_size)])
    return hashlib.sha256(words.encode()).hexdigest()[:16]


def render_document(
    document: Document, plan: Plan, models: Iterable[Mapping[str, Any]] = ()
) -> bytes:
    """Write bundle.json; no date, so that the same bundle has the same bytes."""
    content = {
        **msgspec.to_builtins(document),
        "tool": f"odh-nim {__version__}",
        "images": [_image(image) for image in plan.images],
        "models": list(models),
        "totals": {
            "images": len(plan.images),
            "blobs": len(plan.blobs),
            "uniqueBytes": plan.unique_bytes,
            "naiveBytes": plan.naive_bytes,
        },
    }
    return to_json(content)


def read_document(folder: Path) -> Document:
    """Read bundle.json.

    Raises:
        BundleError: The folder is no bundle, or one of a newer version.

    """
    path = folder / BUNDLE_JSON
    try:
        document = msgspec.json.decode(path.read_bytes(), type=Document)
    except OSError:
        raise BundleError(f"{folder} is no bundle: it has no {BUNDLE_JSON}.") from None
    except msgspec.DecodeError as error:
        raise BundleError(f"{path} cannot be used: {printable(str(error))}.") from None
    if document.version != VERSION:
        raise BundleError(
            f"{folder} has version {document.version}; this odh-nim reads {VERSION}.",
            remedy="Use the odh-nim that made it, or a newer one.",
        )
    for digest, each in document.left_out.items():
        if not is_digest(digest) or each.size < 0:
            raise BundleError(f"{path} cannot be used: {printable(digest)} is no blob.")
        safe_repositories(each.repositories, str(path))
    return document


def _image(image: PlannedImage) -> dict[str, Any]:
    return {
        "ref": image.name,
        "tag": image.reference.tag or "",
        "manifestDigest": image.manifest.digest,
        "mediaType": image.manifest.media_type,
        "platform": image.manifest.platform,
        "downloadProtocol": image.download_protocol,
        "blobs": [blob.digest for blob in image.blobs],
    }
