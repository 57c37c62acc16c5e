"""Makes the models of a catalogue from NVIDIA's answers.

Only what could be read is listed: a model that fails for another reason than being gone, or not
being offered in this region, fails the whole run.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from odh_nim.catalog.assemble import (
    ModelRejectedError,
    check_listed,
    model_of_details,
    model_of_listing,
)
from odh_nim.catalog.catalog import Catalog
from odh_nim.catalog.choose import Wanted
from odh_nim.catalog.source import Details, Listed, Metadata, ModelSource
from odh_nim.catalog.tags import default_tag
from odh_nim.domain.errors import (
    CatalogRefusedError,
    KeyRefusedError,
    ModelUnreadError,
    NgcError,
    printable,
)
from odh_nim.domain.image import is_tag
from odh_nim.domain.model import Model

_DAY: Final = 10
_REGION: Final = "region"
# A list that shrinks by more than this is a fault of the list, not news about models.
_SHRINK_PERCENT: Final = 2
_SHOWN: Final = 5


@dataclass(frozen=True)
class LeftOut:
    """A model that is not in the catalogue, and why."""

    resource_id: str
    reason: str

    def __str__(self) -> str:
        return f"{printable(self.resource_id, 300)} ({self.reason})"


@dataclass(frozen=True)
class Fetched:
    """What a run found.

    `missing` NVIDIA lists but does not tell about; `rejected` cannot be in a catalogue;
    `without_tag` have nothing to pull; `unlisted` are EU marks that fit no listed model.
    """

    models: tuple[Model, ...]
    missing: tuple[LeftOut, ...] = ()
    rejected: tuple[LeftOut, ...] = ()
    without_tag: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()

    @property
    def newest_date(self) -> str:
        """The day of the newest change: a date that depends on the answers alone."""
        return max((model.updated_date[:_DAY] for model in self.models), default="")


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


async def fetch_models(
    source: ModelSource,
    *,
    wanted: Wanted = Wanted(),  # noqa: B008 - frozen, and it means everything
    eu_restricted: Collection[str] = (),
    baseline: Catalog | None = None,
    allow_missing: int = 0,
    progress: Callable[[int, int], None] = _silent,
) -> Fetched:
    """Read every wanted model.

    `eu_restricted` are the ids known to be restricted. A model that answers "not in this region"
    is kept and marked as well, as the baseline has it or else as the list shows it.

    Raises:
        NgcError: The list or one of the models could not be read.
        UnknownModelError: A wanted model is not listed.
        CatalogRefusedError: More models are missing than allowed, or too many than were there.

    """
    listing = await source.listing()
    chosen = wanted.choose(item.resource_id for item in listing.resources)
    listed = sorted(
        (item for item in listing.resources if item.resource_id in chosen),
        key=lambda item: item.resource_id,
    )
    usable, rejected = _usable(listed)
    answers = await ask_all(source, usable, progress)
    known = {model.repository: model for model in baseline.models} if baseline else {}
    models: list[Model] = []
    missing: list[LeftOut] = []
    for item, answer in zip(usable, answers, strict=True):
        if isinstance(answer, StrEnum) and answer != _REGION:
            missing.append(LeftOut(item.resource_id, str(answer)))
            continue
        try:
            model = _model(item, answer, known)
        except ModelRejectedError as error:
            rejected.append(LeftOut(item.resource_id, error.message))
        else:
            marked = model.eu_restricted or item.resource_id in eu_restricted
            models.append(wanted.narrow(replace(model, eu_restricted=marked)))
    fetched = Fetched(
        tuple(models),
        tuple(missing),
        tuple(sorted(rejected, key=lambda each: each.resource_id)),
        tuple(sorted(listing.without_tag)),
        _unlisted(eu_restricted, listing.resources) if wanted.everything else (),
    )
    _check(fetched, len(listed), baseline if wanted.everything else None, allow_missing)
    return fetched


@dataclass(frozen=True)
class Told:
    """What a model told."""

    details: Details
    metadata: Metadata | None


def _usable(listed: Sequence[Listed]) -> tuple[list[Listed], list[LeftOut]]:
    usable: list[Listed] = []
    rejected: list[LeftOut] = []
    for item in listed:
        try:
            check_listed(item)
        except ModelRejectedError as error:
            rejected.append(LeftOut(item.resource_id, error.message))
        else:
            usable.append(item)
    return usable, rejected


def _model(item: Listed, answer: Told | StrEnum, known: Mapping[str, Model]) -> Model:
    if isinstance(answer, Told):
        return model_of_details(item, answer.details, answer.metadata)
    return replace(known.get(item.resource_id) or model_of_listing(item), eu_restricted=True)


async def ask_all(
    source: ModelSource, items: Sequence[Listed], progress: Callable[[int, int], None]
) -> list[Told | StrEnum]:
    """Ask for all at once; how many really run at once is the source's business.

    Raises:
        NgcError: The first failure that lasts; it ends all others.

    """
    done = 0

    async def ask(item: Listed) -> Told | StrEnum:
        nonlocal done
        try:
            answer = await _ask(source, item)
        except KeyRefusedError:
            raise
        except NgcError as error:
            raise ModelUnreadError(item.resource_id, error) from error
        done += 1
        progress(done, len(items))
        return answer

    progress(0, len(items))
    try:
        # The first failure ends the others: they would only be thrown away.
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ask(item)) for item in items]
    except* NgcError as failures:
        raise _worst(failures) from None
    return [task.result() for task in tasks]


def _worst(failures: BaseExceptionGroup[NgcError]) -> NgcError:
    """Choose the failure to report: a refused key explains all others."""
    flat = [error for error in failures.exceptions if isinstance(error, NgcError)]
    return next((error for error in flat if isinstance(error, KeyRefusedError)), flat[0])


async def _ask(source: ModelSource, item: Listed) -> Told | StrEnum:
    org, team, name = check_listed(item)
    details = await source.details(org, team, name)
    if isinstance(details, StrEnum):
        return details
    tags = tuple(tag for tag in details.tags or () if is_tag(tag))
    tag = default_tag(tags) or item.latest_tag
    return Told(details, await source.metadata(item.resource_id, tag))


def _unlisted(eu_restricted: Collection[str], resources: Sequence[Listed]) -> tuple[str, ...]:
    return tuple(sorted(set(eu_restricted) - {item.resource_id for item in resources}))


def _check(fetched: Fetched, listed: int, baseline: Catalog | None, allow_missing: int) -> None:
    if (count := len(fetched.missing)) > allow_missing:
        raise CatalogRefusedError(
            f"{count} of {listed} models have no details: {_shown(fetched.missing)}.",
            remedy="Nothing was written; --allow-missing N lets N be missing.",
        )
    if not fetched.models:
        why = f": {_shown(fetched.rejected)}" if fetched.rejected else ""
        raise CatalogRefusedError(
            f"NVIDIA lists {listed} models, and none can be used{why}.",
            remedy="Nothing was written.",
        )
    expected = max(listed, len(baseline.models) if baseline else 0)
    found = len(fetched.models) + allow_missing
    if found * 100 < expected * (100 - _SHRINK_PERCENT):
        before = f"{baseline.source} has {len(baseline.models)}, " if baseline else ""
        why = f"; left out: {_shown(fetched.rejected)}" if fetched.rejected else ""
        raise CatalogRefusedError(
            f"Only {len(fetched.models)} models can be used: {before}NVIDIA lists {listed}{why}.",
            remedy=f"A list that shrinks by more than {_SHRINK_PERCENT} % is not written; "
            "--allow-missing N allows N fewer.",
        )


def _shown(left_out: Sequence[LeftOut]) -> str:
    more = f" and {len(left_out) - _SHOWN} more" if len(left_out) > _SHOWN else ""
    return ", ".join(map(str, left_out[:_SHOWN])) + more
