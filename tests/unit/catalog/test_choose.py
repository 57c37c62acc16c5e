from pathlib import Path

import pytest

from odh_nim.catalog.choose import Wanted, read_models_file
from odh_nim.domain.errors import InputError, UnknownModelError
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model

IDS = ("nim/meta/llama-8b", "nim/meta/llama-70b", "nim/nvidia/llama-8b", "nim/nvidia/riva")


@pytest.mark.parametrize(
    ("patterns", "chosen"),
    [
        (("riva",), {"nim/nvidia/riva"}),
        (("meta/*",), {"nim/meta/llama-8b", "nim/meta/llama-70b"}),
        (("llama-8b",), {"nim/meta/llama-8b", "nim/nvidia/llama-8b"}),
        (("*-70b", "nim/nvidia/r*"), {"nim/meta/llama-70b", "nim/nvidia/riva"}),
        ((), set(IDS)),
    ],
)
def test_patterns_fit_name_or_team_and_name(patterns: tuple[str, ...], chosen: set[str]) -> None:
    """R-CAT-21."""
    assert Wanted(patterns).choose(IDS) == chosen


def test_file_names_a_model_a_line(tmp_path: Path) -> None:
    """R-CAT-21."""
    file = tmp_path / "models.txt"
    file.write_text("# ours\n\nmeta/llama-8b:1.8.5  # pinned\nriva\nnvcr.io/nim/meta/llama-70b\n")

    references = read_models_file(file)

    assert [str(each) for each in references] == ["meta/llama-8b:1.8.5", "riva", "meta/llama-70b"]
    assert Wanted((), references).choose(IDS) == set(IDS) - {"nim/nvidia/llama-8b"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# nothing\n", "names none"),
        ("riva\na/b/c/d\n", r"models\.txt:2: 'a/b/c/d' is no model"),
        ("riva:\n", r"models\.txt:1"),
    ],
)
def test_file_with_a_fault_is_an_error_with_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "models.txt"
    file.write_text(text)

    with pytest.raises(InputError, match=message):
        read_models_file(file)


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_models_file(tmp_path / "none")


def test_named_tags_are_all_that_stays() -> None:
    """R-CAT-21."""
    model = Model(
        "llama-8b",
        "llama-8b",
        "nim/meta/llama-8b",
        ("1.8.5", "1.8.4", "latest"),
        latest_tag="latest",
        default_tag="1.8.5",
        digests={"1.8.5": "sha256:" + "a" * 64},
    )
    wanted = Wanted((), (ModelReference.parse("meta/llama-8b:1.8.4"),))

    narrow = wanted.narrow(model)

    assert (narrow.tags, narrow.latest_tag, narrow.default_tag) == (("1.8.4",), "1.8.4", "1.8.4")
    assert narrow.digests == {}
    whole = Wanted((), (ModelReference.parse("llama-8b:1.8.4"), ModelReference.parse("llama-8b")))
    assert whole.narrow(model) == model


def test_tag_that_the_model_has_not_is_an_error() -> None:
    model = Model("m", "m", "nim/meta/m", ("1.8.5",))
    wanted = Wanted((), (ModelReference.parse("m:1.8.6"),))

    with pytest.raises(UnknownModelError, match=r"m has no tag 1\.8\.6"):
        wanted.narrow(model)
