import datetime as dt
import json
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.catalog.eu import EuProbe, merge_probe, probe_region
from odh_nim.catalog.eu_list import EuEntry, EuList, parse_eu_list, read_eu_list, render_eu_list
from odh_nim.catalog.generate import LeftOut
from odh_nim.domain.errors import CatalogError, CatalogRefusedError
from odh_nim.ngc import Listing, Missing, ModelDetails, Resource

TODAY = dt.date(2026, 11, 25)
LLAMA, GEMMA, QWEN = "nim/meta/llama", "nim/google/gemma", "nim/qwen/qwen3"


def entry(resource_id: str, day: str = "2026-02-19") -> EuEntry:
    return EuEntry.of(resource_id, dt.date.fromisoformat(day), "seen")


def merge(known: list[str], **answers: Any) -> Any:
    options = {key: answers.pop(key) for key in ("allow_empty", "allow_missing") if key in answers}
    probe = EuProbe(
        frozenset(answers.get("restricted", ())),
        frozenset(answers.get("free", ())),
        tuple(LeftOut(each, "no-right") for each in answers.get("silent", ())),
    )
    old = EuList(tuple(entry(each) for each in known))
    return merge_probe(old, probe, day=TODAY, evidence="HTTP 451 in X", **options)


def test_new_hits_are_added_and_old_ones_confirmed() -> None:
    """R-CAT-11."""
    change = merge([LLAMA], restricted=[LLAMA, GEMMA])

    assert (change.added, change.removed, change.kept) == ((GEMMA,), (), ())
    assert [(each.resource_id, each.date, each.evidence) for each in change.entries] == [
        (GEMMA, "2026-11-25", "HTTP 451 in X"),
        (LLAMA, "2026-11-25", "HTTP 451 in X"),
    ]


def test_only_an_answer_takes_a_mark_away() -> None:
    """R-CAT-11: a model that is listed no more keeps its mark."""
    change = merge([LLAMA, GEMMA, QWEN], restricted=[LLAMA], free=[GEMMA])

    assert (change.removed, change.kept) == ((GEMMA,), (QWEN,))
    assert [each.resource_id for each in change.entries] == [LLAMA, QWEN]


def test_no_hit_leaves_the_list_unless_that_is_wanted() -> None:
    """R-CAT-11."""
    with pytest.raises(CatalogRefusedError, match="the list has 1: this is no place in the EU"):
        merge([LLAMA], free=[LLAMA])

    assert merge([LLAMA], free=[LLAMA], allow_empty=True).entries == ()
    assert merge([], free=[LLAMA]).entries == ()


def test_model_without_a_clear_answer_keeps_its_mark_and_fails_the_run() -> None:
    """R-CAT-11."""
    with pytest.raises(CatalogRefusedError, match=r"nim/google/gemma \(no-right\)"):
        merge([GEMMA], restricted=[LLAMA], silent=[GEMMA])

    change = merge([GEMMA], restricted=[LLAMA], silent=[GEMMA], allow_missing=1)
    assert [each.resource_id for each in change.entries] == [GEMMA, LLAMA]


@pytest.mark.anyio
async def test_every_model_that_can_be_asked_for_is_asked_for() -> None:
    """R-CAT-11."""

    class Source:
        async def listing(self) -> Listing:
            ids = ("nim/a/free", "nim/a/shut", "nim/a/gone", "odd")
            return Listing(tuple(Resource(each, "", "", "", "1", None, "") for each in ids), ())

        async def details(self, org: str, team: str, name: str) -> ModelDetails | StrEnum:
            answers = {"shut": Missing.REGION, "gone": Missing.GONE}
            return answers.get(name, ModelDetails(name, f"{org}/{team}"))

        async def metadata(self, repository: str, tag: str) -> None:
            return None

    probe = await probe_region(Source(), lambda _done, _total: None)

    assert probe.restricted == {"nim/a/shut"}
    assert probe.free == {"nim/a/free"}
    assert [str(each) for each in probe.silent] == ["nim/a/gone (gone)"]


def test_list_survives_writing_and_reading() -> None:
    text = render_eu_list([entry(LLAMA), entry(GEMMA)])

    assert parse_eu_list(text, "x").ids == {LLAMA, GEMMA}
    assert list(json.loads(text)[0]) == ["name", "resourceId", "org", "team", "date", "evidence"]
    assert [each["resourceId"] for each in json.loads(text)] == [GEMMA, LLAMA]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resourceId": "nim/other/llama"}, "nim/other/llama does not fit its own parts"),
        ({"date": "yesterday"}, "has no date"),
        ({"date": None}, "Expected `str`"),
        ({"why": "x"}, "unknown field `why`"),
    ],
)
def test_broken_list_is_an_error(change: dict[str, object], message: str) -> None:
    data = json.loads(render_eu_list([entry(LLAMA)]))
    data[0] |= change

    with pytest.raises(CatalogError, match=message):
        parse_eu_list(json.dumps(data), "list")


def test_doubled_entry_is_an_error() -> None:
    with pytest.raises(CatalogError, match="nim/meta/llama is there twice"):
        parse_eu_list(render_eu_list([entry(LLAMA), entry(LLAMA)]), "list")


def test_missing_list_is_an_error_that_names_the_way_without(tmp_path: Path) -> None:
    """R-CAT-12."""
    with pytest.raises(CatalogError) as error:
        read_eu_list(tmp_path / "none.json")

    assert "--no-eu-list" in error.value.remedy


def test_old_entries_warn() -> None:
    """R-CAT-12."""
    listed = EuList((entry(LLAMA, "2026-01-01"), entry(GEMMA, "2026-11-01")))

    (warning,) = listed.age_findings(TODAY)

    assert warning.message == "1 entry is older than 180 days, the oldest of 2026-01-01."
    assert listed.age_findings(dt.date(2026, 6, 30)) == []


@given(st.text(max_size=40))
def test_text_that_is_no_list_is_an_error(text: str) -> None:
    try:
        parse_eu_list(text, "list")
    except CatalogError:
        return
    assert json.loads(text) == []
