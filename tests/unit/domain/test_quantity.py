from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.errors import InvalidQuantityError
from odh_nim.domain.quantity import gibibytes, parse_quantity, positive


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"),
        ("2", "2"),
        ("+2", "2"),
        ("-2", "-2"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("500m", "0.5"),
        ("1500u", "0.0015"),
        ("5n", "5e-9"),
        ("1k", "1000"),
        ("1M", "1e6"),
        ("1G", "1e9"),
        ("1T", "1e12"),
        ("1P", "1e15"),
        ("1E", "1e18"),
        ("1Ki", "1024"),
        ("1Mi", "1048576"),
        ("8Gi", "8589934592"),
        ("1.5Gi", "1610612736"),
        ("1Ti", "1099511627776"),
        ("1Pi", "1125899906842624"),
        ("1Ei", "1152921504606846976"),
        ("1e3", "1000"),
        ("1E3", "1000"),
        ("1e-3", "0.001"),
        ("12E+2", "1200"),
        (" 8Gi ", "8589934592"),
    ],
)
def test_quantities_are_read_as_kubernetes_reads_them(text: str, number: str) -> None:
    assert parse_quantity(text) == Decimal(number)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Gi", "m", ".", "+", "-", "8 Gi", "8GiB", "8GB", "8gi", "8K", "8ki", "8g", "1e",
        "1e+", "1e1000", "0x10", "1_000", "1,5", "1.2.3", "--1", "1Gi2", "NaN", "inf", "\u0668Gi",
        "\uff18Gi", "8Gi\n8", "1" * 31, "eight",
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuantityError, match="is no memory size"):
        parse_quantity(text, "memory size")


@given(st.decimals(0, 10**9, places=3), st.sampled_from(["", "m", "k", "Mi", "Gi", "Ti"]))
def test_a_number_with_a_unit_is_that_many_units(number: Decimal, unit: str) -> None:
    assert parse_quantity(f"{number:f}{unit}") == number * parse_quantity(f"1{unit}")


@given(st.text(max_size=30) | st.text("0123456789.+-eEKMGTPimnuk", max_size=10))
def test_any_text_is_a_number_or_an_error(text: str) -> None:
    try:
        assert parse_quantity(text).is_finite()
    except InvalidQuantityError as refused:
        assert refused.exit_code == 2  # noqa: PT017 - some texts are quantities


@pytest.mark.parametrize("text", ["0", "0Gi", "-1", "-500m", "0.0"])
def test_amounts_of_nothing_are_refused(text: str) -> None:
    with pytest.raises(InvalidQuantityError, match="above zero"):
        positive(text, "size")


def test_positive_amounts_are_given_back_as_written() -> None:
    assert positive(" 1.5Gi ", "size") == "1.5Gi"


@given(st.integers(0, 10**15))
def test_gibibytes_hold_what_is_asked_for_and_no_whole_one_more(size: int) -> None:
    held = parse_quantity(gibibytes(size))

    assert held >= size
    assert held - size < 1024**3 or held == 1024**3
