from hypothesis import given
from hypothesis import strategies as st

from odh_nim.catalog.tags import default_tag, sort_tags


def test_newest_version_is_first_and_moving_tags_are_last() -> None:
    tags = ("latest", "1", "1.8", "1.8.5", "1.10.0", "1.10.0-rtx", "2.0.1", "1.14.0-pb5.10",
            "1.14.0-pb5.9")  # fmt: skip

    assert sort_tags(tags) == (
        "2.0.1",
        "1.14.0-pb5.10",
        "1.14.0-pb5.9",
        "1.10.0",
        "1.10.0-rtx",
        "1.8.5",
        "1.8",
        "1",
        "latest",
    )


def test_version_without_suffix_is_preselected() -> None:
    assert default_tag(("1.9.0-rtx", "1.8.5", "1.8", "latest")) == "1.8.5"


def test_version_with_suffix_is_preselected_where_there_is_no_other() -> None:
    assert default_tag(("1.7.0-variant", "1.6.0-variant", "1")) == "1.7.0-variant"


def test_nothing_is_preselected_where_all_tags_move() -> None:
    assert default_tag(("latest", "1", "1.8")) is None


@given(st.lists(st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)))
def test_sorting_keeps_every_tag_and_does_not_depend_on_the_order(tags: list[str]) -> None:
    """R-CAT-07."""
    ordered = sort_tags(tuple(tags))

    assert set(ordered) == set(tags)
    assert sort_tags(tuple(reversed(tags))) == ordered
