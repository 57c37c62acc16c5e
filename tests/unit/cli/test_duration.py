import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.cli.duration import Duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("45", 45), ("2h", 7200), ("1h1m1s", 3661)],
)
def test_duration_is_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "m", "1d", "-1s", "1.5h", "30m1h", "9999999"])
def test_other_texts_are_no_durations(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no duration"):
        parse_duration(text)


@given(st.text())
def test_any_text_is_a_duration_or_a_usage_error(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except click.BadParameter:
        return
    assert seconds >= 0


def test_number_is_a_duration_already() -> None:
    assert Duration().convert(5, None, None) == 5
