"""Finds out which models NVIDIA does not offer in the EU, asked from a place there.

A model is restricted where it answers 451, and free where it answers with its details. Nothing
else says anything, so anything else keeps the mark that was there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from odh_nim.catalog.assemble import ModelRejectedError, check_listed
from odh_nim.catalog.eu_list import EuEntry, EuList
from odh_nim.catalog.generate import LeftOut, ask_all
from odh_nim.catalog.source import Listed, ModelSource
from odh_nim.domain.errors import CatalogRefusedError

_REGION = "region"


@dataclass(frozen=True)
class EuProbe:
    """What the models answered: their ids."""

    restricted: frozenset[str]
    free: frozenset[str]
    silent: tuple[LeftOut, ...]


@dataclass(frozen=True)
class EuChange:
    """The new list, and what is new in it."""

    entries: tuple[EuEntry, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]


async def probe_region(source: ModelSource, progress: Callable[[int, int], None]) -> EuProbe:
    """Ask for every model whether it is offered to this caller.

    Raises:
        NgcError: The list or one of the models could not be read.

    """
    listing = await source.listing()
    items = sorted(filter(_is_path, listing.resources), key=lambda item: item.resource_id)
    answers = await ask_all(source, items, progress)
    told = list(zip((item.resource_id for item in items), answers, strict=True))
    return EuProbe(
        frozenset(name for name, answer in told if answer == _REGION),
        frozenset(name for name, answer in told if not isinstance(answer, StrEnum)),
        tuple(
            LeftOut(name, str(answer))
            for name, answer in told
            if isinstance(answer, StrEnum) and answer != _REGION
        ),
    )


def merge_probe(
    known: EuList,
    probe: EuProbe,
    *,
    day: date,
    evidence: str,
    allow_empty: bool = False,
    allow_missing: int = 0,
) -> EuChange:
    """Merge what was found into the list; only an answer with details takes a mark away.

    Raises:
        CatalogRefusedError: No model is restricted here, so this is no place in the EU; or a
            model gave no answer.

    """
    if not probe.restricted and known.entries and not allow_empty:
        raise CatalogRefusedError(
            f"No model answered 451, and the list has {len(known.entries)}: this is no place in "
            "the EU, or every restriction is gone.",
            remedy="The list is as it was; --allow-empty empties it.",
        )
    if len(probe.silent) > allow_missing:
        shown = ", ".join(map(str, probe.silent[:5]))
        raise CatalogRefusedError(
            f"{len(probe.silent)} models gave no answer that says anything: {shown}.",
            remedy="The list is as it was; --allow-missing N lets N keep the mark they have.",
        )
    found = {each: EuEntry.of(each, day, evidence) for each in probe.restricted}
    stay = {
        entry.resource_id: entry
        for entry in known.entries
        if entry.resource_id not in probe.free and entry.resource_id not in found
    }
    return EuChange(
        entries=tuple((stay | found)[each] for each in sorted(stay | found)),
        added=tuple(sorted(found.keys() - known.ids)),
        removed=tuple(sorted(known.ids & probe.free)),
        kept=tuple(sorted(stay)),
    )


def _is_path(item: Listed) -> bool:
    try:
        check_listed(item)
    except ModelRejectedError:
        return False
    return True
