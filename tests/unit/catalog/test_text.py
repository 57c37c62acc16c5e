import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from odh_nim.catalog.text import clean_text


def test_what_cannot_be_seen_is_removed() -> None:
    """R-CAT-20; F51."""
    assert clean_text("a\u202eb\u200bc\u2066d\ufeffe\x00f\x1b[31mg", 200) == "abcdef[31mg"


def test_line_breaks_and_blanks_are_folded() -> None:
    assert clean_text("  one\r\n two\u2028three\u00a0\tfour ", 200) == "one two three four"


def test_long_text_is_cut() -> None:
    assert clean_text("x" * 600, 500) == "x" * 499 + "…"


def test_letters_of_any_script_and_emoji_stay() -> None:
    """F51."""
    assert clean_text("Llama für 日本語 🦙 العربية", 200) == "Llama für 日本語 🦙 العربية"


@given(st.text(), st.integers(1, 50))
def test_cleaned_text_is_short_visible_and_stays_as_it_is(text: str, limit: int) -> None:
    """R-CAT-20."""
    cleaned = clean_text(text, limit)

    assert len(cleaned) <= limit
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cf", "Cs"}
    assert clean_text(cleaned, limit) == cleaned
