"""One entry of the catalogue: from the JSON of a ConfigMap key to a Model.

Everything here was written by somebody else: by our generator, by an older one, or by hand for an
air gap. An entry that cannot be used says why; the others stay usable.
"""

import re
from typing import Final

import msgspec

from odh_nim.catalog.text import MAX_DESCRIPTION, MAX_NAME, clean_text
from odh_nim.domain.errors import InputError, OdhNimError, printable
from odh_nim.domain.image import ImageReference, is_tag
from odh_nim.domain.model import GpuNeed, Model
from odh_nim.domain.names import REGISTRY
from odh_nim.domain.protocol import Protocol

# What the API server accepts as a key of a ConfigMap.
KEY: Final = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_DATE_LENGTH: Final = 40
_FAMILY: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DIGEST: Final = re.compile(r"sha256:[a-f0-9]{64}")


class EntryRejectedError(OdhNimError):
    """An entry cannot be used; the message is the reason."""


class _Gpu(msgspec.Struct, rename="camel"):
    required: bool = True
    count: tuple[int, ...] = ()
    products: tuple[str, ...] = ()
    memory_gi_b: int | None = msgspec.field(default=None, name="memoryGiB")


class EntryStruct(msgspec.Struct, rename="camel"):
    """The fields of an entry, as they stand in its JSON."""

    tags: tuple[str, ...]
    name: str | None = None
    display_name: str | None = None
    short_description: str | None = None
    namespace: str | None = None
    latest_tag: str | None = None
    updated_date: str | None = None
    eu_restricted: bool | None = None
    default_tag: str | None = None
    family: str | None = None
    protocols: tuple[Protocol, ...] | None = None
    publisher: str | None = None
    architectures: tuple[str, ...] | None = None
    multinode: bool | None = None
    size_bytes: int | None = None
    weights_bytes: int | None = None
    gpu: _Gpu | None = None
    key_required: bool | None = None
    digests: dict[str, str] | None = None
    registry: str | None = None
    model_profiles: dict[str, tuple[str, ...]] | None = None
    repository: str | None = None


_DECODER: Final = msgspec.json.Decoder(EntryStruct)


def parse_entry(key: str, text: object, *, custom: bool = False) -> Model:
    """Read one entry; a custom catalogue may also name a registry of its own.

    Raises:
        EntryRejectedError: It cannot be used; the message is the reason.

    """
    if not KEY.fullmatch(key):
        raise EntryRejectedError("the key is no key of a ConfigMap")
    if not isinstance(text, str):
        raise EntryRejectedError("the value is no text")
    try:
        entry = _DECODER.decode(text)
    except msgspec.ValidationError as error:
        raise EntryRejectedError(printable(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise EntryRejectedError("the value is no JSON object") from None
    return _model(key, entry, custom=custom)


def _model(key: str, entry: EntryStruct, *, custom: bool) -> Model:
    repository = _repository(key, entry)
    registry = entry.registry or REGISTRY
    if registry != REGISTRY and not custom:
        raise EntryRejectedError("only a custom catalogue may name a registry")
    tags = _tags(entry)
    try:
        ImageReference(repository, tags[0], registry=registry)
    except InputError as error:
        raise EntryRejectedError(error.message.rstrip(".")) from None
    return Model(
        key=key,
        name=repository.rsplit("/", 1)[-1],
        repository=repository,
        tags=tags,
        display_name=clean_text(entry.display_name or "", MAX_NAME),
        short_description=clean_text(entry.short_description or "", MAX_DESCRIPTION),
        latest_tag=_listed(entry.latest_tag, tags),
        default_tag=_listed(entry.default_tag, tags),
        updated_date=clean_text(entry.updated_date or "", _DATE_LENGTH),
        eu_restricted=bool(entry.eu_restricted),
        family=_family(entry, repository),
        protocols=entry.protocols or (Protocol.HTTP,),
        publisher=clean_text(entry.publisher or "", MAX_NAME),
        architectures=tuple(clean_text(item, MAX_NAME) for item in entry.architectures or ()),
        multinode=bool(entry.multinode),
        size_bytes=_size(entry.size_bytes, "sizeBytes"),
        weights_bytes=_size(entry.weights_bytes, "weightsBytes"),
        gpu=_gpu(entry.gpu),
        key_required=entry.key_required is not False,
        digests=_digests(entry),
        registry=registry,
        model_profiles=entry.model_profiles or {},
    )


def _repository(key: str, entry: EntryStruct) -> str:
    if entry.repository is not None:
        return entry.repository
    if not entry.namespace:
        raise EntryRejectedError("it has neither `namespace` nor `repository`")
    # An empty string is as good as no name: older files have none.
    return f"{entry.namespace}/{entry.name or key}"


def _tags(entry: EntryStruct) -> tuple[str, ...]:
    if not entry.tags:
        raise EntryRejectedError("it has no tags: there is nothing to pull")
    for tag in entry.tags:
        if not is_tag(tag):
            raise EntryRejectedError(f"{printable(tag)!r} is no image tag")
    return tuple(dict.fromkeys(entry.tags))


def _listed(tag: str | None, tags: tuple[str, ...]) -> str | None:
    return tag if tag in tags else None


def _size(size: int | None, field: str) -> int | None:
    if size is not None and size < 0:
        raise EntryRejectedError(f"`{field}` is negative")
    return size


def _family(entry: EntryStruct, repository: str) -> str:
    if entry.family:
        if not _FAMILY.fullmatch(entry.family):
            raise EntryRejectedError(f"{printable(entry.family)!r} is no family")
        return entry.family
    from odh_nim.manifests.families import classify  # noqa: PLC0415 - older files only

    path = repository.removeprefix("nim/")
    return classify(path, f"{entry.display_name or ''} {entry.short_description or ''}").family


def _gpu(gpu: _Gpu | None) -> GpuNeed | None:
    if gpu is None:
        return None
    products = tuple(clean_text(product, MAX_NAME) for product in gpu.products)
    return GpuNeed(gpu.required, gpu.count, products, gpu.memory_gi_b)


def _digests(entry: EntryStruct) -> dict[str, str]:
    digests = entry.digests or {}
    for digest in digests.values():
        if not _DIGEST.fullmatch(digest):
            raise EntryRejectedError(f"{printable(digest)!r} is no sha256 digest")
    return digests
