import copy
import dataclasses
import json
import logging
import pickle
import pprint
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.api_key import ApiKey, PastedKey, clean_key
from odh_nim.domain.errors import InvalidKeyError, LegacyKeyError

TEXT = "nvapi-Canary_0123456789-abcdefGHIJ.~"
KEY = ApiKey(TEXT)


@dataclasses.dataclass(frozen=True)
class Holder:
    key: ApiKey


SHOWN: list[Callable[[], str]] = [
    lambda: str(KEY),
    lambda: repr(KEY),
    lambda: f"{KEY}",
    lambda: f"{KEY!r:>60}",
    lambda: f"{KEY:>60}",
    lambda: "%s %r" % (KEY, KEY),  # noqa: UP031 - an old way of printing is a way of printing
    lambda: "{0} {0!r} {0!s}".format(KEY),  # noqa: UP032 - same
    lambda: str([KEY, (KEY,), {"key": KEY}, {KEY: 1}]),
    lambda: str(Holder(KEY)),
    lambda: pprint.pformat({"deep": [Holder(KEY)]}),
    lambda: str(PastedKey(KEY, "removed")),
    lambda: str(ValueError(KEY)),
    lambda: repr(ValueError("bad key", KEY)),
    lambda: "".join(traceback.format_exception(ValueError(KEY))),
    lambda: json.dumps({"key": KEY}, default=str),
    lambda: json.dumps({"key": KEY}, default=repr),
    lambda: str(dir(KEY)),
    lambda: KEY.__doc__ or "",
]


@pytest.mark.parametrize("show", SHOWN)
def test_every_way_of_printing_shows_stars(show: Callable[[], str]) -> None:
    """R-KEY-01; S7."""
    text = show()

    assert TEXT not in text
    assert "Canary" not in text


def test_log_record_shows_stars(caplog: pytest.LogCaptureFixture) -> None:
    """R-KEY-01; S7."""
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").debug("with %s and %r", KEY, {"key": KEY})

    assert "Canary" not in caplog.text
    assert "****" in caplog.text


@pytest.mark.parametrize(
    "take",
    [
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda key: pickle.dumps(key, protocol=0),
        json.dumps,
        msgspec.json.encode,
        msgspec.to_builtins,
        vars,
        bytes,
        list,
        len,
        lambda key: key.value,
        lambda key: key._value,
        lambda key: "x" + key,
        lambda key: dataclasses.asdict(Holder(key)),
    ],
)
def test_key_cannot_be_taken_by_accident(take: Callable[[Any], object]) -> None:
    """R-KEY-01."""
    with pytest.raises((TypeError, AttributeError)) as refused:
        take(KEY)

    assert "Canary" not in str(refused.value)


def test_key_is_revealed_where_it_is_asked_for() -> None:
    assert KEY.reveal() == TEXT
    assert ApiKey(TEXT) == KEY
    assert len({KEY, ApiKey(TEXT), ApiKey(TEXT + "x")}) == 2
    assert KEY != TEXT
    assert TEXT != KEY


@pytest.mark.parametrize(
    ("pasted", "notice"),
    [
        (TEXT, None),
        # The line break that every file ends with.
        (f"{TEXT}\n", None),
        (f"{TEXT}\r\n", None),
        (f" {TEXT}", "white space"),
        (f"{TEXT} \n", "white space"),
        (f"\t{TEXT}\n\n", "white space"),
        (f"\n{TEXT}", "white space"),
        (f"\u00a0{TEXT}\u00a0", "white space"),
        (f"\ufeff{TEXT}", "white space"),
        (f"\u200b{TEXT}\u2060", "white space"),
        (f'"{TEXT}"', "quotes"),
        (f"'{TEXT}'\n", "quotes"),
        (f"`{TEXT}`", "quotes"),
        (f"\u201c{TEXT}\u201d", "quotes"),
        (f"\u2018{TEXT}\u2019", "quotes"),
        (f'" {TEXT} "', "quotes"),
        (f"Bearer {TEXT}", "Bearer"),
        (f"bearer  {TEXT}", "Bearer"),
        (f"BEARER\t{TEXT}\n", "Bearer"),
        (f'"Bearer {TEXT}"', "quotes, the word Bearer"),
        (f'Bearer "{TEXT}"', "the word Bearer"),
        (f' "Bearer {TEXT}" \n', "white space around it, quotes, the word Bearer"),
    ],
)
def test_pasted_key_is_cleaned_and_says_what_was_taken_away(
    pasted: str, notice: str | None
) -> None:
    """R-KEY-02; F52; UI-07."""
    found = clean_key(pasted)

    assert found.key.reveal() == TEXT
    if notice is None:
        assert found.notice is None
    else:
        assert found.notice is not None
        assert notice in found.notice
        assert "Canary" not in found.notice


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ('""', "empty"),
        ("nvapi-", "6 characters"),
        ("nvapi-canary", "12 characters"),
        (f"nvapi-{'a' * 995}", "1001 characters"),
        ("nvapi-canary 0123456789 abcdef", "white space"),
        ("nvapi-canary\n0123456789abcdef", "white space"),
        ("nvapi-canary\u00a00123456789", "white space"),
        (f"{TEXT}\n{TEXT}", "white space"),
        ("nvapi-canary/0123456789abcdef", "no key has"),
        ("nvapi-canary+0123456789abcdef", "no key has"),
        ("nvapi-canary=0123456789abcdef", "no key has"),
        ("nvapi-canary\u200b0123456789abcdef", "no key has"),
        ("nvapi-canary\u0430-0123456789abcdef", "no key has"),
        ("nvapi-canary%0a0123456789abcdef", "no key has"),
        ('nvapi-canary"0123456789abcdef', "no key has"),
        ("nvapi-canary\x000123456789abcdef", "no key has"),
        ("NVAPI-canary-0123456789abcdef", "does not start with nvapi-"),
        ("canary", "does not start with nvapi-"),
        ("hf_canary-0123456789abcdef", "does not start with nvapi-"),
        ("Bearer", "does not start with nvapi-"),
    ],
)
def test_what_is_no_key_is_refused_with_the_reason_and_without_an_echo(
    pasted: str, reason: str
) -> None:
    """R-KEY-02; F52."""
    with pytest.raises(InvalidKeyError, match=reason) as refused:
        clean_key(pasted)

    assert not isinstance(refused.value, LegacyKeyError)
    assert "canary" not in str(refused.value)
    assert refused.value.remedy
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("pasted", ["A" * 40, "QUJDREVGR0hJSktMTU5PUFFSU1RVVg==", "a1" * 42])
def test_key_of_the_old_kind_is_told_apart(pasted: str) -> None:
    """R-KEY-03."""
    with pytest.raises(LegacyKeyError, match="legacy organisation key") as refused:
        clean_key(pasted)

    assert "personal key" in refused.value.remedy
    assert pasted not in str(refused.value)


@pytest.mark.parametrize("filling", ["x", " ", "\n", '"', "nvapi-", "Bearer ", "A"])
def test_pasted_file_is_refused_at_once(filling: str) -> None:
    """R-KEY-02; F52: 100 KB."""
    pasted = filling * (100_000 // len(filling))

    with pytest.raises(InvalidKeyError) as refused:
        clean_key(pasted)

    assert len(str(refused.value)) < 300


BODY = st.text("abcXYZ0189._~-", min_size=14, max_size=994)
AROUND = st.text(" \t\r\n\u00a0\u200b\ufeff", max_size=5)


@given(BODY, AROUND, AROUND, st.sampled_from(["", '"', "'"]), st.sampled_from(["", "Bearer "]))
def test_any_key_in_any_wrapping_comes_out_as_it_is(
    body: str, before: str, after: str, quote: str, scheme: str
) -> None:
    """R-KEY-02."""
    pasted = f"{before}{quote}{scheme}nvapi-{body}{quote}{after}"

    assert clean_key(pasted).key.reveal() == f"nvapi-{body}"


@given(st.text())
def test_any_paste_is_a_key_or_an_error_that_does_not_repeat_it(pasted: str) -> None:
    """R-KEY-02."""
    try:
        text = clean_key(pasted).key.reveal()
    except InvalidKeyError as refused:
        text = str(refused)
        assert not any(word in text for word in pasted.split() if len(word) > 6)
    else:
        assert text in pasted
        assert text.isascii()
