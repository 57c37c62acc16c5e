from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.catalog import Catalog
from odh_nim.catalog.diff import compare, diff_data
from odh_nim.catalog.diff_text import render_markdown, render_text
from odh_nim.domain.model import Model


def model(name: str, *tags: str, team: str = "meta") -> Model:
    return Model(
        key=name,
        name=name,
        repository=f"nim/{team}/{name}",
        tags=tags or ("1.0.0", "latest"),
        latest_tag="latest" if not tags else tags[0],
        updated_date="2026-01-01T00:00:00Z",
    )


BEFORE = Catalog((model("gone"), model("llama", "1.0.0"), model("same"), model("shut")))
AFTER = Catalog(
    (
        replace(model("llama", "2.0.0"), display_name="Llama", size_bytes=5),
        model("new", "3.0.0"),
        replace(model("same"), updated_date="2026-02-02T00:00:00Z"),
        replace(model("shut"), eu_restricted=True, tags=("1.0.0", "latest", "1.1.0")),
    )
)


def test_difference_names_models_tags_latest_and_marks(
    expect_data: Callable[[str, str], None],
) -> None:
    """R-CAT-16."""
    diff = compare(BEFORE, AFTER)

    expect_data(render_text(diff) + "\n", "catalog/diff.txt")
    expect_data(render_markdown(diff), "catalog/diff.md")
    assert diff_data(diff) == {
        "added": [
            {
                "repository": "nim/meta/new",
                "tags": ["3.0.0"],
                "latestTag": "3.0.0",
                "euRestricted": False,
            }
        ],
        "removed": [
            {
                "repository": "nim/meta/gone",
                "tags": ["1.0.0", "latest"],
                "latestTag": "latest",
                "euRestricted": False,
            }
        ],
        "changed": [
            {
                "repository": "nim/meta/llama",
                "addedTags": ["2.0.0"],
                "removedTags": ["1.0.0"],
                "latestTag": {"before": "1.0.0", "after": "2.0.0"},
                "fields": ["displayName", "sizeBytes"],
            },
            {
                "repository": "nim/meta/shut",
                "addedTags": ["1.1.0"],
                "euRestricted": {"before": False, "after": True},
            },
        ],
    }


def test_new_date_alone_is_no_difference() -> None:
    """R-CAT-16."""
    diff = compare(Catalog((model("same"),)), Catalog((AFTER.models[2],)))

    assert diff.is_empty
    assert render_text(diff) == "no difference."


def test_order_of_tags_is_no_difference() -> None:
    one = Catalog((model("a", "1", "2"),))
    two = Catalog((replace(model("a", "2", "1"), latest_tag="1"),))

    assert compare(one, two).is_empty


names = st.sampled_from(["a", "b", "c"])
models = st.builds(
    lambda name, tags, eu: replace(model(name, *tags), eu_restricted=eu),
    names,
    st.lists(st.sampled_from(["1.0.0", "1.1.0", "2.0.0"]), min_size=1, unique=True),
    st.booleans(),
)
catalogs = st.lists(models, unique_by=lambda each: each.name).map(
    lambda found: Catalog(tuple(found))
)


@given(catalogs, catalogs)
def test_difference_is_empty_only_between_equals_and_mirrors_itself(
    one: Catalog, two: Catalog
) -> None:
    forth, back = compare(one, two), compare(two, one)

    assert compare(one, one).is_empty
    assert forth.is_empty == back.is_empty
    assert forth.added == back.removed
    assert {each.repository for each in forth.changed} == {each.repository for each in back.changed}
    assert [each.added_tags for each in forth.changed] == [
        each.removed_tags for each in back.changed
    ]


@pytest.mark.parametrize("render", [render_text, render_markdown])
def test_pull_request_and_terminal_say_the_same_summary(render: Callable[..., str]) -> None:
    summary = "1 model added, 1 removed, 2 changed, 1 EU mark changed"

    assert summary in render(compare(BEFORE, AFTER))
