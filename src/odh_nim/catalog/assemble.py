"""From NVIDIA's answers about one model to a Model, or to the reason why there is none."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from odh_nim.catalog.entry import KEY
from odh_nim.catalog.source import Details, Listed, Metadata, Profile
from odh_nim.catalog.tags import default_tag, sort_tags
from odh_nim.catalog.text import MAX_DESCRIPTION, MAX_NAME, clean_text
from odh_nim.domain.errors import InputError, OdhNimError, printable
from odh_nim.domain.image import ImageReference, is_tag
from odh_nim.domain.model import GpuNeed, Model
from odh_nim.manifests.families import classify, families, family_of

_WORD: Final = 40
_MOST_GPUS: Final = 1024
_MOST_PRODUCTS: Final = 20
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d([T ][0-9:.]+(Z|[+-]\d\d:?\d\d)?)?")


class ModelRejectedError(OdhNimError):
    """A model cannot be in a catalogue; the message is the reason."""


def check_listed(item: Listed) -> tuple[str, str, str]:
    """Give organisation, team and name of what is listed.

    Raises:
        ModelRejectedError: Its id cannot be the path of an image, or its name no key.

    """
    if item.path is None:
        raise ModelRejectedError("its id has not three parts")
    if not KEY.fullmatch(item.path[2]):
        raise ModelRejectedError("its name cannot be a key of a ConfigMap")
    try:
        ImageReference(item.resource_id, "latest")
    except InputError:
        raise ModelRejectedError("its id cannot be the path of an image") from None
    return item.path


def model_of_details(item: Listed, details: Details, metadata: Metadata | None = None) -> Model:
    """Make a model of all that NVIDIA tells.

    Raises:
        ModelRejectedError: Its tags cannot be used.

    """
    tags = _tags(details)
    variants = details.latest_architecture_variants or ()
    architectures = {clean_text(variant.architecture, _WORD) for variant in variants}
    model = Model(
        key=item.resource_id.rsplit("/", 1)[-1],
        name=item.resource_id.rsplit("/", 1)[-1],
        repository=item.resource_id,
        tags=tags,
        display_name=clean_text(details.display_name or item.display_name, MAX_NAME),
        short_description=clean_text(details.short_description or "", MAX_DESCRIPTION),
        latest_tag=_latest(item, details, tags),
        default_tag=default_tag(tags),
        updated_date=_date(details.updated_date) or _date(item.updated_date),
        publisher=clean_text(details.publisher or "", MAX_NAME),
        architectures=tuple(sorted(architectures - {""})),
        multinode=bool(details.is_multinode_enabled),
        size_bytes=_size(details.latest_image_size) or _size(item.size_bytes),
        gpu=gpu_need(metadata.profiles) if metadata else None,
    )
    return with_family(model, details.nim_type)


def model_of_listing(item: Listed) -> Model:
    """Make a model of the list alone: its details are not offered in this region.

    Raises:
        ModelRejectedError: Its tag cannot be used.

    """
    if not is_tag(item.latest_tag):
        raise ModelRejectedError(f"{printable(item.latest_tag)!r} is no image tag")
    return with_family(
        Model(
            key=item.resource_id.rsplit("/", 1)[-1],
            name=item.resource_id.rsplit("/", 1)[-1],
            repository=item.resource_id,
            tags=(item.latest_tag,),
            display_name=clean_text(item.display_name, MAX_NAME),
            short_description=clean_text(item.description, MAX_DESCRIPTION),
            latest_tag=item.latest_tag,
            default_tag=default_tag((item.latest_tag,)),
            updated_date=_date(item.updated_date),
            eu_restricted=True,
            size_bytes=_size(item.size_bytes),
        )
    )


def with_family(model: Model, nim_type: str | None = None) -> Model:
    """Add family and protocols: NVIDIA's word where it is one of our families, else by rule."""
    family = (nim_type or "").strip().lower().replace("_", "-")
    if family not in families():
        path = model.repository.partition("/")[2]
        family = classify(path, f"{model.display_name} {model.short_description}").family
    return replace(model, family=family, protocols=family_of(family).protocols)


def gpu_need(profiles: Sequence[Profile]) -> GpuNeed | None:
    """Sum up which GPUs the profiles of an image are made for; None where none says it."""
    counts: set[int] = set()
    products: set[str] = set()
    memory: set[int] = set()
    for profile in profiles:
        if tensor := profile.tensor_parallel_size:
            counts.add(tensor * (profile.pipeline_parallel_size or 1))
        named = profile.gpu or ()
        products |= {
            clean_text(name, _WORD) for name in ([named] if isinstance(named, str) else named)
        }
        if gigabytes := profile.min_vram_per_device_gb:
            memory.add(math.ceil(gigabytes))
    need = GpuNeed(
        counts=tuple(sorted(count for count in counts if 0 < count <= _MOST_GPUS)),
        products=tuple(sorted(products - {""})[:_MOST_PRODUCTS]),
        # The smallest card that any profile runs on.
        memory_gib=min((size for size in memory if size > 0), default=None),
    )
    return need if need != GpuNeed() else None


def _tags(details: Details) -> tuple[str, ...]:
    if not details.tags:
        raise ModelRejectedError("it has no tags: there is nothing to pull")
    for tag in details.tags:
        if not is_tag(tag):
            raise ModelRejectedError(f"{printable(tag)!r} is no image tag")
    return sort_tags(tuple(details.tags))


def _latest(item: Listed, details: Details, tags: tuple[str, ...]) -> str:
    latest = details.latest_tag or item.latest_tag
    if latest not in tags:
        raise ModelRejectedError(f"its latest tag {printable(latest)!r} is not one of its tags")
    return latest


def _date(text: str | None) -> str:
    return text if text and _DATE.fullmatch(text) else ""


def _size(size: int | None) -> int | None:
    return size if size and size > 0 else None
