"""What was found in a mirror: the record that `resources` builds on and that later bundles omit."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from odh_nim.airgap.bundle.files import safe_repositories, to_json
from odh_nim.domain.errors import BundleError, printable

VERSION = 1


@dataclass(frozen=True)
class FoundImage:
    """A tag that is in the mirror whole, with the digest that it has there."""

    image: str
    digest: str


@dataclass(frozen=True)
class Verified:
    """The result of `verify --registry`."""

    registry: str
    plan: str
    images: tuple[FoundImage, ...]
    problems: tuple[str, ...] = ()
    # Which repositories, below the mirror's prefix, have a blob: for later bundles.
    blobs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class _Image(msgspec.Struct, forbid_unknown_fields=True):
    image: str
    digest: str


class _Verified(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    registry: str
    plan: str
    images: tuple[_Image, ...]
    problems: tuple[str, ...]
    blobs: dict[str, tuple[str, ...]]


def render_verified(found: Verified) -> bytes:
    """Write the record; the same mirror gives the same bytes."""
    return to_json(
        {
            "version": VERSION,
            "registry": found.registry,
            "plan": found.plan,
            "images": [{"image": each.image, "digest": each.digest} for each in found.images],
            "problems": list(found.problems),
            "blobs": {digest: sorted(places) for digest, places in found.blobs.items()},
        }
    )


def read_verified(path: Path) -> Verified:
    """Read a record.

    Raises:
        BundleError: It is none.

    """
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Verified)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror}.") from None
    except msgspec.DecodeError as error:
        raise BundleError(
            f"{path} is no record of `airgap verify`: {printable(str(error))}."
        ) from None
    if found.version != VERSION:
        raise BundleError(f"{path} has version {found.version}; this odh-nim reads {VERSION}.")
    for places in found.blobs.values():
        safe_repositories(places, str(path))
    images = tuple(FoundImage(each.image, each.digest) for each in found.images)
    return Verified(found.registry, found.plan, images, found.problems, found.blobs)
