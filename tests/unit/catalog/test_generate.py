from enum import StrEnum
from typing import Any

import pytest

from odh_nim.catalog import Catalog
from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.choose import Wanted
from odh_nim.catalog.generate import fetch_models
from odh_nim.catalog.source import Details
from odh_nim.domain.errors import (
    CatalogRefusedError,
    KeyRefusedError,
    ModelUnreadError,
    NgcUnavailableError,
    UnknownModelError,
)
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import GpuNeed, Model
from odh_nim.ngc import Listing, Metadata, Missing, ModelDetails, NimFacts, Profile, Resource


class FakeSource:
    """Answers as told; a model without an own answer has three tags."""

    def __init__(self, *ids: str, **answers: Details | StrEnum | Exception) -> None:
        self.ids = ids
        self.answers = answers
        self.calls = 0
        self.asked_metadata: list[str] = []
        self.published: Metadata | None = None

    async def listing(self) -> Listing:
        resources = (
            Resource(item, item, "Title", "A language model.", "1.0.0", 5, "2026-01-01T00:00:00Z")
            for item in self.ids
        )
        return Listing(tuple(resources), ("nim/meta/empty",))

    async def details(self, org: str, team: str, name: str) -> Details | StrEnum:
        self.calls += 1
        answer = self.answers.get(name, details(name))
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def metadata(self, repository: str, tag: str) -> Metadata | None:
        self.asked_metadata.append(f"{repository}:{tag}")
        return self.published


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
    """R-CAT-12; F28."""
    source = FakeSource("nim/meta/llama-3.2-90b", "nim/meta/llama-3x2-90b", "nim/x/llama-3.2-90b")

    fetched = await fetch_models(source, eu_restricted=["nim/meta/llama-3.2-90b"])

    assert [model.repository for model in fetched.models if model.eu_restricted] == [
        "nim/meta/llama-3.2-90b"
    ]


@pytest.mark.anyio
async def test_missing_model_fails_the_run_unless_allowed() -> None:
    """R-CAT-04."""
    source = FakeSource("nim/meta/llama", "nim/meta/gone", gone=Missing.GONE)

    with pytest.raises(CatalogRefusedError, match=r"1 of 2 models have no details: nim/meta/gone"):
        await fetch_models(source)

    fetched = await fetch_models(source, allow_missing=1)
    assert [str(each) for each in fetched.missing] == ["nim/meta/gone (gone)"]


@pytest.mark.anyio
async def test_model_that_fails_fails_the_run_and_is_named() -> None:
    """R-CAT-04."""
    error = NgcUnavailableError("api.ngc.nvidia.com", "it answered 503")
    source = FakeSource("nim/meta/llama", "nim/meta/busy", busy=error)

    with pytest.raises(ModelUnreadError, match="nim/meta/busy could not be read: it answered 503"):
        await fetch_models(source, allow_missing=2)


@pytest.mark.anyio
async def test_refused_key_is_told_before_any_other_failure() -> None:
    """R-CAT-02: half-way."""
    source = FakeSource(
        "nim/meta/a", "nim/meta/b", a=NgcUnavailableError("host", "503"), b=KeyRefusedError()
    )

    with pytest.raises(KeyRefusedError):
        await fetch_models(source)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tags": None}, "it has no tags"),
        ({"tags": ()}, "it has no tags"),
        ({"tags": ("a b",)}, "'a b' is no image tag"),
        ({"latest_tag": "9"}, "its latest tag '9' is not one of its tags"),
    ],
)
async def test_model_with_broken_tags_is_left_out_with_the_reason(
    changes: dict[str, object], reason: str
) -> None:
    """R-CAT-08."""
    source = FakeSource(*_many(60), "nim/meta/odd", odd=details("odd", **changes))

    fetched = await fetch_models(source)

    assert len(fetched.models) == 60
    assert str(fetched.rejected[0]).startswith(f"nim/meta/odd ({reason}")


@pytest.mark.anyio
async def test_latest_tag_of_the_list_counts_where_the_details_have_none() -> None:
    source = FakeSource("nim/meta/llama", llama=details("llama", latest_tag=None))

    assert (await fetch_models(source)).models[0].latest_tag == "1.0.0"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "resource_id",
    ["llama", "nim/meta/a/b", "nim//llama", "nim/a/Upper", "nim/a/\u202eb", "nim/a/b\n"],
)
async def test_id_that_cannot_be_an_image_is_left_out_and_not_asked_for(resource_id: str) -> None:
    """R-CAT-08; F33."""
    source = FakeSource(*_many(60), resource_id)

    fetched = await fetch_models(source)

    assert [each.resource_id for each in fetched.rejected] == [resource_id]
    assert source.calls == 60
    assert str(fetched.rejected[0]).isprintable()


@pytest.mark.anyio
async def test_list_that_shrinks_by_more_than_two_percent_is_refused() -> None:
    """R-CAT-04."""
    baseline = Catalog(
        tuple(Model(f"m{n}", f"m{n}", f"nim/a/m{n}", ("1.0.0",)) for n in range(100)), source="old"
    )

    fetched = await fetch_models(FakeSource(*_many(98)), baseline=baseline)
    assert len(fetched.models) == 98

    with pytest.raises(CatalogRefusedError, match="Only 97 models can be used: old has 100"):
        await fetch_models(FakeSource(*_many(97)), baseline=baseline)
    allowed = await fetch_models(FakeSource(*_many(97)), baseline=baseline, allow_missing=1)
    assert len(allowed.models) == 97
    part = Wanted(("model-1*",))
    restricted = await fetch_models(FakeSource(*_many(97)), baseline=baseline, wanted=part)
    assert len(restricted.models) == 11


@pytest.mark.anyio
async def test_many_broken_models_are_refused_without_a_baseline_too() -> None:
    """F33."""
    source = FakeSource("nim/meta/a", "nim/meta/b", b=details("b", tags=()))

    with pytest.raises(CatalogRefusedError, match=r"left out: nim/meta/b \(it has no tags"):
        await fetch_models(source)


@pytest.mark.anyio
async def test_model_not_offered_here_keeps_what_the_baseline_knows() -> None:
    """R-CAT-10."""
    known = Model("llama", "llama", "nim/meta/llama", ("1.5.0", "1.4.0"), family="llm")
    source = FakeSource("nim/meta/llama", llama=Missing.REGION)

    fetched = await fetch_models(source, baseline=Catalog((known,)))

    assert fetched.models[0].tags == ("1.5.0", "1.4.0")
    assert fetched.models[0].eu_restricted is True


@pytest.mark.anyio
async def test_marks_that_fit_nothing_are_told() -> None:
    """R-CAT-12."""
    fetched = await fetch_models(FakeSource("nim/meta/llama"), eu_restricted=["nim/meta/gone"])

    assert fetched.unlisted == ("nim/meta/gone",)
    assert fetched.without_tag == ("nim/meta/empty",)


@pytest.mark.anyio
async def test_patterns_and_lists_restrict_what_is_asked() -> None:
    """R-CAT-21."""
    source = FakeSource("nim/meta/llama-8b", "nim/meta/llama-70b", "nim/nvidia/riva")
    wanted = Wanted(("riva",), (ModelReference.parse("meta/llama-8b:1.0.0"),))

    fetched = await fetch_models(source, wanted=wanted)

    assert [model.repository for model in fetched.models] == [
        "nim/meta/llama-8b",
        "nim/nvidia/riva",
    ]
    assert fetched.models[0].tags == ("1.0.0",)
    assert fetched.models[0].latest_tag == "1.0.0"
    assert source.calls == 2


@pytest.mark.anyio
async def test_everything_that_fits_nothing_is_named() -> None:
    """R-CAT-21."""
    wanted = Wanted(("mistral*",), (ModelReference.parse("meta/lama"),))

    with pytest.raises(UnknownModelError, match=r"no model for mistral\*, meta/lama\."):
        await fetch_models(FakeSource("nim/meta/llama"), wanted=wanted)


@pytest.mark.anyio
async def test_published_metadata_says_which_gpus_a_model_needs() -> None:
    source = FakeSource("nim/meta/llama")
    source.published = Metadata(
        (
            Profile("H100", 79.5, 2, 2),
            Profile(("A100", "L40S"), 40.0, 1, None),
            Profile(None, None, None, 2),
        )
    )

    fetched = await fetch_models(source)

    assert fetched.models[0].gpu == GpuNeed(
        required=True, counts=(1, 4), products=("A100", "H100", "L40S"), memory_gib=40
    )
    assert source.asked_metadata == ["nim/meta/llama:1.2.0"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("nim_type", "family"), [("VLM", "vlm"), ("retriever_embed", "retriever-embed"), ("x", "llm")]
)
async def test_family_that_nvidia_names_comes_before_the_rules(nim_type: str, family: str) -> None:
    """R-CAT-19."""
    told = details("llama-8b-instruct", nim=NimFacts(nim_type))
    source = FakeSource("nim/meta/llama-8b-instruct", **{"llama-8b-instruct": told})

    assert (await fetch_models(source)).models[0].family == family


@pytest.mark.anyio
async def test_progress_counts_to_the_end() -> None:
    seen: list[tuple[int, int]] = []

    await fetch_models(
        FakeSource(*_many(3)), progress=lambda done, total: seen.append((done, total))
    )

    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]


def _many(count: int) -> list[str]:
    return [f"nim/meta/model-{number}" for number in range(count)]
