"""The plan as a file: the same plan gives the same bytes, and what is read back is checked."""

import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec

from odh_nim.airgap.oci import Blob, ManifestRef, is_digest
from odh_nim.airgap.plan import ModelFacts, Plan, PlannedImage
from odh_nim.domain.errors import InputError, MirrorPlanError, OdhNimError, printable
from odh_nim.domain.image import ImageReference
from odh_nim.manifests.yaml import dump_yaml, load_yaml

VERSION: Final = 1
_HEADER: Final = "# Made by `odh-nim airgap plan`: every tag as a digest. Do not edit.\n"


class _Blob(msgspec.Struct, forbid_unknown_fields=True):
    digest: str
    size: int


class _Manifest(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    digest: str
    size: int
    media_type: str
    platform: str = ""


class _Model(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    key: str
    display_name: str = ""
    family: str = "other"
    eu_restricted: bool = False
    profiles: tuple[str, ...] = ()
    weights: str = ""


class _Image(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    image: str
    manifest: _Manifest
    source_digest: str
    blobs: tuple[str, ...]
    children: tuple[_Manifest, ...] = ()
    download_protocol: str = ""
    model: _Model | None = None


class _Plan(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    version: int
    platform: str
    images: tuple[_Image, ...]
    blobs: tuple[_Blob, ...]


def render_plan(plan: Plan) -> str:
    """Write a plan as YAML; it holds no date, no host of ours and no secret."""
    document = {
        "version": VERSION,
        "platform": plan.platform,
        "images": [_image(image) for image in plan.images],
        "blobs": [
            {"digest": blob.digest, "size": blob.size}
            for blob in sorted(plan.blobs.values(), key=lambda blob: blob.digest)
        ],
    }
    return _HEADER + dump_yaml(document)


def plan_hash(text: str) -> str:
    """Give the hash that names a plan in bundles, journals and objects."""
    return hashlib.sha256(text.encode()).hexdigest()


def read_plan(path: Path) -> tuple[Plan, str]:
    """Read a plan file: the plan, and its text.

    Raises:
        MirrorPlanError: It is no plan, or was changed into one that cannot be.

    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise MirrorPlanError(str(path), [f"It cannot be read: {error}."]) from None
    return parse_plan(text, name=str(path)), text


def parse_plan(text: str, *, name: str = "The plan") -> Plan:
    """Read a plan.

    Raises:
        MirrorPlanError: As `read_plan`.

    """
    try:
        found = msgspec.convert(load_yaml(text), _Plan)
    except (InputError, msgspec.ValidationError) as error:
        raise MirrorPlanError(name, [printable(str(error), 300)]) from None
    if found.version != VERSION:
        raise MirrorPlanError(name, [f"version {found.version} is not known."])
    sizes = {blob.digest: blob.size for blob in found.blobs}
    problems = [f"{digest} is no digest." for digest in sizes if not is_digest(digest)]
    problems += [f"{digest} has a negative size." for digest, size in sizes.items() if size < 0]
    images = [_planned(image, sizes, problems) for image in found.images]
    if problems:
        raise MirrorPlanError(name, problems)
    return Plan(tuple(image for image in images if image), found.platform)


def _image(image: PlannedImage) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "image": image.name,
        "manifest": _manifest(image.manifest),
        "sourceDigest": image.source_digest,
        "blobs": [blob.digest for blob in image.blobs],
        "children": [_manifest(each) for each in image.children],
        "downloadProtocol": image.download_protocol,
        "model": _model(image.model) if image.model else None,
    }
    return {key: value for key, value in fields.items() if value not in ("", None, [])}


def _manifest(reference: ManifestRef) -> dict[str, Any]:
    fields = {
        "digest": reference.digest,
        "size": reference.size,
        "mediaType": reference.media_type,
        "platform": reference.platform,
    }
    return {key: value for key, value in fields.items() if value != ""}


def _model(model: ModelFacts) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "key": model.key,
        "displayName": model.display_name,
        "family": model.family,
        "euRestricted": model.eu_restricted,
        "profiles": list(model.profiles),
        "weights": model.weights,
    }
    return {key: value for key, value in fields.items() if value not in ("", [], False)}


def _planned(image: _Image, sizes: dict[str, int], problems: list[str]) -> PlannedImage | None:
    before = len(problems)
    manifests = (*image.children, image.manifest)
    digests = [image.source_digest, *(each.digest for each in manifests)]
    problems += [
        f"{printable(digest)} is no digest." for digest in digests if not is_digest(digest)
    ]
    problems += [
        f"{digest} of {printable(image.image)} is not under `blobs`."
        for digest in image.blobs
        if digest not in sizes
    ]
    try:
        reference = ImageReference.parse(image.image)
    except OdhNimError as error:
        problems.append(error.message)
        return None
    if len(problems) > before:
        return None
    return PlannedImage(
        reference=reference,
        manifest=_reference(image.manifest),
        blobs=tuple(Blob(digest, sizes[digest]) for digest in image.blobs),
        source_digest=image.source_digest,
        children=tuple(map(_reference, image.children)),
        download_protocol=image.download_protocol,
        model=ModelFacts(**msgspec.structs.asdict(image.model)) if image.model else None,
    )


def _reference(manifest: _Manifest) -> ManifestRef:
    return ManifestRef(**msgspec.structs.asdict(manifest))
