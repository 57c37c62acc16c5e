"""Makes the models of a catalogue from NVIDIA's answers.

Only what could be read is listed: a model that fails for another reason than being gone, or not
being offered in this region, fails the whole run.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Protocol

from odh_nim.catalog.tags import default_tag, sort_tags
from odh_nim.catalog.text import MAX_DESCRIPTION, MAX_NAME, clean_text
from odh_nim.domain.errors import CatalogError, InputError, printable
from odh_nim.domain.image import ImageReference, is_tag
from odh_nim.domain.model import Model
from odh_nim.manifests.families import classify, family_of

_AT_ONCE: Final = 16
_DATE: Final = 10
_REGION: Final = "region"


class Listed(Protocol):
    """One container as the list shows it."""

    @property
    def resource_id(self) -> str:
        """`nim/meta/llama-3.1-8b-instruct`."""

    @property
    def path(self) -> tuple[str, str, str] | None:
        """Organisation, team and name; None where the id has not three parts."""

    @property
    def display_name(self) -> str:
        """What a person reads."""

    @property
    def description(self) -> str:
        """One sentence."""

    @property
    def latest_tag(self) -> str:
        """The newest tag, never empty."""

    @property
    def size_bytes(self) -> int | None:
        """The compressed size of its image."""

    @property
    def updated_date(self) -> str:
        """When it was pushed."""


class Variant(Protocol):
    """One platform of an image."""

    @property
    def architecture(self) -> str:
        """`amd64`, `arm64`."""


class Details(Protocol):
    """One model as its own page tells it."""

    @property
    def display_name(self) -> str:
        """What a person reads."""

    @property
    def short_description(self) -> str:
        """One sentence."""

    @property
    def tags(self) -> Sequence[str] | None:
        """Every tag, in no order."""

    @property
    def latest_tag(self) -> str | None:
        """One of the tags."""

    @property
    def updated_date(self) -> str:
        """RFC 3339."""

    @property
    def publisher(self) -> str | None:
        """Who made the model."""

    @property
    def latest_image_size(self) -> int | None:
        """The compressed size of the latest tag."""

    @property
    def latest_architecture_variants(self) -> Sequence[Variant] | None:
        """The platforms of the latest tag."""

    @property
    def is_multinode_enabled(self) -> bool | None:
        """Whether it may run on several nodes."""


class ModelSource(Protocol):
    """NVIDIA's API, with the key already in hand."""

    async def listing(self) -> Sequence[Listed]:
        """List every container that has something to pull."""

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        """Give the details of one, or `gone`, `no-right`, `region` for why there are none."""


@dataclass(frozen=True)
class Fetched:
    """What a run found; `missing` are the ids without details, with the reason."""

    models: tuple[Model, ...]
    missing: tuple[tuple[str, str], ...]

    @property
    def newest_date(self) -> str:
        """The day of the newest change: a date that depends on the answers alone."""
        return max((model.updated_date[:_DATE] for model in self.models), default="")


async def fetch_models(
    source: ModelSource, *, eu_restricted: Collection[str] = (), allow_missing: int = 0
) -> Fetched:
    """Read every model, several at once.

    `eu_restricted` are the ids known to be restricted; a model that answers "not in this region"
    is kept and marked as well.

    Raises:
        CatalogError: More models are missing than allowed, or one cannot be used.

    """
    listed = sorted(await source.listing(), key=lambda item: item.resource_id)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def fetch(item: Listed) -> Details | StrEnum:
        if item.path is None:
            raise CatalogError(f"{printable(item.resource_id)} is no model: it has not three parts")
        async with gate:
            return await source.details(*item.path)

    answers = await _all_or_first_error([fetch(item) for item in listed])
    models, missing = [], []
    for item, answer in zip(listed, answers, strict=True):
        if not isinstance(answer, StrEnum):
            models.append(_model(item, answer, eu_restricted=item.resource_id in eu_restricted))
        elif answer == _REGION:
            models.append(_model_of_listing(item))
        else:
            missing.append((item.resource_id, str(answer)))
    if len(missing) > allow_missing:
        shown = ", ".join(f"{printable(name)} ({reason})" for name, reason in missing[:5])
        raise CatalogError(
            f"{len(missing)} of {len(listed)} models have no details: {shown}.",
            remedy="Nothing was written; --allow-missing N lets N be missing.",
        )
    return Fetched(tuple(models), tuple(missing))


async def _all_or_first_error(calls: Sequence[Any]) -> list[Details | StrEnum]:
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()


def _model(item: Listed, details: Details, *, eu_restricted: bool) -> Model:
    tags = sort_tags(tuple(details.tags or ()))
    latest = details.latest_tag
    if not tags or not all(map(is_tag, tags)) or latest not in tags:
        raise CatalogError(f"{printable(item.resource_id)} has no tags, or a broken one.")
    variants = details.latest_architecture_variants or ()
    return _classified(
        Model(
            key=item.resource_id.rsplit("/", 1)[-1],
            name=item.resource_id.rsplit("/", 1)[-1],
            repository=item.resource_id,
            tags=tags,
            display_name=clean_text(details.display_name, MAX_NAME),
            short_description=clean_text(details.short_description, MAX_DESCRIPTION),
            latest_tag=latest,
            default_tag=default_tag(tags),
            updated_date=details.updated_date or item.updated_date,
            eu_restricted=eu_restricted,
            publisher=clean_text(details.publisher or "", MAX_NAME),
            architectures=tuple(sorted({variant.architecture for variant in variants} - {""})),
            multinode=bool(details.is_multinode_enabled),
            size_bytes=details.latest_image_size or item.size_bytes,
        )
    )


def _model_of_listing(item: Listed) -> Model:
    """Make a model of the list alone: its details are not offered in this region."""
    return _classified(
        Model(
            key=item.resource_id.rsplit("/", 1)[-1],
            name=item.resource_id.rsplit("/", 1)[-1],
            repository=item.resource_id,
            tags=(item.latest_tag,),
            display_name=clean_text(item.display_name, MAX_NAME),
            short_description=clean_text(item.description, MAX_DESCRIPTION),
            latest_tag=item.latest_tag,
            default_tag=default_tag((item.latest_tag,)),
            updated_date=item.updated_date,
            eu_restricted=True,
            size_bytes=item.size_bytes,
        )
    )


def _classified(model: Model) -> Model:
    try:
        ImageReference(model.repository, model.tags[0])
    except InputError as error:
        raise CatalogError(error.message) from None
    path = model.repository.partition("/")[2]
    found = classify(path, f"{model.display_name} {model.short_description}")
    return replace(model, family=found.family, protocols=family_of(found.family).protocols)
