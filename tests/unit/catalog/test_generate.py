from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import pytest

from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.generate import Details, Listed, fetch_models
from odh_nim.domain.errors import CatalogError, NgcUnavailableError
from odh_nim.ngc import Missing, ModelDetails, Resource


class FakeSource:
    """Answers as told; a model without an own answer has three tags."""

    def __init__(self, *ids: str, **answers: Details | StrEnum | Exception) -> None:
        self.ids = ids
        self.answers = answers
        self.calls = 0

    async def listing(self) -> Sequence[Listed]:
        return [
            Resource(item, item, "Title", "A language model.", "1.0.0", 5, "2026-01-01T00:00:00Z")
            for item in self.ids
        ]

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        self.calls += 1
        answer = self.answers.get(name, details(name))
        if isinstance(answer, Exception):
            raise answer
        return answer


def details(name: str, **changes: Any) -> ModelDetails:
    fields: dict[str, Any] = {
        "name": name,
        "namespace": "nim/meta",
        "display_name": "Title\u200b",
        "tags": ("1.0.0", "latest", "1.2.0"),
        "latest_tag": "latest",
        "updated_date": "2026-02-03T00:00:00Z",
    }
    return ModelDetails(**(fields | changes))


@pytest.mark.anyio
async def test_answers_become_models() -> None:
    """R-CAT-01, R-CAT-03: one call a model."""
    source = FakeSource("nim/meta/llama", "nim/nvidia/riva-asr")

    fetched = await fetch_models(source)

    llama, riva = fetched.models
    assert (llama.tags, llama.default_tag) == (("1.2.0", "1.0.0", "latest"), "1.2.0")
    assert (llama.display_name, llama.size_bytes) == ("Title", 5)
    assert (riva.family, riva.protocols) == ("speech", ("http", "grpc"))
    assert fetched.newest_date == "2026-02-03"
    assert source.calls == 2


@pytest.mark.anyio
async def test_order_of_the_answers_does_not_matter() -> None:
    """R-CAT-07."""
    one = await fetch_models(FakeSource("nim/a/x", "nim/b/y"))
    two = await fetch_models(FakeSource("nim/b/y", "nim/a/x"))

    assert build_config_map(one.models, date="d") == build_config_map(two.models, date="d")


@pytest.mark.anyio
async def test_model_not_offered_in_this_region_is_kept_and_marked() -> None:
    """R-CAT-10."""
    fetched = await fetch_models(FakeSource("nim/meta/llama", llama=Missing.REGION))

    assert fetched.models[0].eu_restricted is True
    assert fetched.models[0].tags == ("1.0.0",)


@pytest.mark.anyio
async def test_mark_matches_the_whole_id() -> None:
    """R-CAT-12."""
    source = FakeSource("nim/meta/llama-3.2-90b", "nim/meta/llama-3x2-90b", "nim/x/llama-3.2-90b")

    fetched = await fetch_models(source, eu_restricted=["nim/meta/llama-3.2-90b"])

    assert [model.repository for model in fetched.models if model.eu_restricted] == [
        "nim/meta/llama-3.2-90b"
    ]


@pytest.mark.anyio
async def test_missing_model_fails_the_run_unless_allowed() -> None:
    """R-CAT-04."""
    source = FakeSource("nim/meta/llama", "nim/meta/gone", gone=Missing.GONE)

    with pytest.raises(CatalogError, match=r"1 of 2 models have no details: nim/meta/gone"):
        await fetch_models(source)

    fetched = await fetch_models(source, allow_missing=1)
    assert fetched.missing == (("nim/meta/gone", "gone"),)


@pytest.mark.anyio
async def test_model_that_fails_fails_the_run() -> None:
    """R-CAT-04."""
    error = NgcUnavailableError("api.ngc.nvidia.com", "503")
    source = FakeSource("nim/meta/llama", "nim/meta/busy", busy=error)

    with pytest.raises(NgcUnavailableError):
        await fetch_models(source, allow_missing=2)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "changes", [{"tags": None}, {"tags": ("a b",)}, {"latest_tag": "9"}, {"latest_tag": None}]
)
async def test_model_with_broken_tags_fails_the_run(changes: dict[str, object]) -> None:
    source = FakeSource("nim/meta/llama", llama=details("llama", **changes))

    with pytest.raises(CatalogError, match="no tags, or a broken one"):
        await fetch_models(source)


@pytest.mark.anyio
@pytest.mark.parametrize("resource_id", ["llama", "nim/meta/a/b", "nim//llama"])
async def test_id_that_is_not_in_three_parts_fails_the_run(resource_id: str) -> None:
    """R-CAT-08."""
    with pytest.raises(CatalogError, match="not three parts"):
        await fetch_models(FakeSource(resource_id))
