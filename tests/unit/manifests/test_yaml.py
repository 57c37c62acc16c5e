"""What we write is read as it was meant, by YAML 1.1, by YAML 1.2 and by Kubernetes."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.errors import InputError
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.yaml import dump_all, dump_yaml, load_all, load_yaml

NASTY = [
    # Booleans and nothing, of YAML 1.1 and 1.2.
    "y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "NO", "on", "On", "ON", "off", "Off",
    "OFF", "true", "True", "TRUE", "false", "False", "null", "Null", "NULL", "~", "",
    # Numbers in every base, form and language.
    "0", "1", "-1", "+1", "007", "0o17", "0x1F", "0b101", "1_000", "1e3", "1E3", "1.5e-7", "12e03",
    ".5", "5.", "1.", "-.inf", ".inf", ".Inf", ".nan", ".NaN", "NaN", "Infinity", "1.10", "1.8",
    "685230.15", "123456789012345678901234567890", "0.", "+.inf", "1,000",
    # Base 60, times, dates.
    "12:30", "12:30:45", "190:20:30", "2026-01-09", "2026-01-09T19:00:37Z", "2026-1-9", "1:1",
    # What starts, ends or separates something.
    "-", "- a", "?", "? a", ":", ": a", "a: b", "a:", "a :b", "#", "# a", "a #b", "a#b", "&a", "*a",
    "!a", "!!str", "|", ">", "%a", "@a", "`a`", "{", "}", "{}", "[", "]", "[]", ",", "a, b", "'",
    '"', "'a'", '"a"', "\\", "\\n", "<<", "=", "---", "...", "--- a", "--a", "- - a", "&", "*",
    # White space and line breaks.
    " ", "  a", "a  ", " a ", "\t", "a\tb", "\n", "\n\n", "a\n", "a\n\n", "\na", "a\nb", "a\n b",
    " a\nb", "a \nb", "a\n\nb\n", "a\r\nb", "\r", "a\rb", "a\n\tb", "a\n---\nb", "a\n...\nb\n",
    "a\n# b", "a\n  \nb", "\n \n", "a b  c", "key: |\n  text\n",
    # Beyond ASCII and beyond printing.
    "é", "ü\nß\n", "日本語", "😀", "😀\nb", "a\x00b", "\x07", "\x1b[31m", "\x7f", "\x85", "a\x85b",
    "\u00a0", "\u00ad", "\u200b", "\u2028", "a\u2029b", "\ufeff", "\ufeffa", "\ufffe", "\U0010ffff",
    "\u202eabc", "a\u2028\nb",
]  # fmt: skip


def meanings(text: str) -> list[Any]:
    return [yaml.safe_load(text), yaml.load(text, Loader=yaml.CSafeLoader), load_yaml(text)]


def test_there_are_enough_nasty_values() -> None:
    assert len(set(NASTY)) == len(NASTY) >= 63


@pytest.mark.parametrize("value", NASTY, ids=ascii)
def test_nasty_text_stays_text_as_value_key_and_item(value: str) -> None:
    data = {"value": value, "items": [value, [value]], "keys": {value: value}}

    text = dump_yaml(data)

    assert meanings(text) == [data] * 3
    assert meanings(dump_yaml(value)) == [value] * 3


@given(st.text() | st.text("0123456789+-_.:eExoaAbBnNyY~ \n#'\"|>&*!%@`{}[],?\t\r\\", max_size=12))
def test_any_text_stays_what_it_is(value: str) -> None:
    data = {"value": value, value: [value]}

    assert meanings(dump_yaml(data)) == [data] * 3


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()


@given(
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_any_data_comes_back(data: Any) -> None:
    assert load_yaml(dump_yaml(data)) == data


@pytest.mark.parametrize("value", NASTY, ids=ascii)
def test_text_without_quotes_is_a_word_that_no_parser_knows(value: str) -> None:
    line = dump_yaml({"a": value}).removeprefix("a: ").rstrip("\n")

    if line and line[0] not in "\"'|":
        assert re.fullmatch(r"[A-Za-z/][^\s\"']*( [A-Za-z/][^\s\"']*)*", line), line
        assert line.lower() not in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
        assert ": " not in line
        assert " #" not in line


def test_kubectl_reads_what_we_write(tmp_path: Path) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed: PyYAML and our own reader alone have judged")
    data = {f"k{number}": value for number, value in enumerate(NASTY)}
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}
    file = tmp_path / "nasty.yaml"
    file.write_text(dump_yaml(config_map), encoding="utf-8")

    found = subprocess.run(
        ["kubectl", "label", "--local", "-f", file, "read=yes", "-o", "json"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert json.loads(found.stdout)["data"] == data


def test_clean_lines_are_written_as_a_block_and_long_ones_not_folded() -> None:
    long = "word " * 500 + "end"

    text = dump_yaml({"block": "one\ntwo\n", "open": "one\ntwo", "long": long})

    assert text == f"block: |\n  one\n  two\nopen: |-\n  one\n  two\nlong: {long}\n"


def test_order_stays_and_shared_parts_are_written_out() -> None:
    shared = {"z": "1", "a": "2"}

    text = dump_yaml({"second": shared, "first": shared, "protocol": Protocol.GRPC, "pair": ("a",)})

    assert text == (
        'second:\n  z: "1"\n  a: "2"\nfirst:\n  z: "1"\n  a: "2"\nprotocol: grpc\npair:\n- a\n'
    )


def test_several_documents_are_set_apart() -> None:
    text = dump_all([{"kind": "A"}, {"kind": "B"}])

    assert text == "---\nkind: A\n---\nkind: B\n"
    assert load_all(f"{text}---\n") == [{"kind": "A"}, {"kind": "B"}]
    assert dump_all([{"kind": "A"}]) == "kind: A\n"
    assert dump_all([]) == ""
    assert load_all("") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12:30", "12:30"),
        ("2026-01-09", "2026-01-09"),
        ("2026-01-09T10:00:00Z", "2026-01-09T10:00:00Z"),
        ("1_000", "1_000"),
        ("0o17", 15),
        ("017", 15),
        ("0x1F", 31),
        ("0b11", 3),
        ("-7", -7),
        ("+7", 7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("null", None),
        ("", None),
        ("=", "="),
    ],
)
def test_plain_values_are_read_as_kubernetes_reads_them(text: str, value: Any) -> None:
    found = load_yaml(text)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\na: 2\n", "line 2, column 1"),
        ("a:\n  b: 1\n  'b': 2\n", "line 3, column 3"),
        ("- {a: 1, a: 2}\n", "line 1, column 10"),
        ("a: [1, 2\n", "line 2, column 1"),
        ("\ta: 1\n", "line 1, column 1"),
        ("a: !!python/object/apply:os.system [x]\n", "line 1, column 4"),
        ("? [a]\n: b\n", "line 1, column 3"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1"),
    ],
)
def test_what_is_no_usable_yaml_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(InputError, match=re.escape(place)):
        load_yaml(text)


def test_refusal_does_not_repeat_the_text() -> None:
    with pytest.raises(InputError) as refused:
        load_yaml("key: nvapi-canary: x\n")

    assert "nvapi" not in str(refused.value)


def test_documents_that_are_no_mapping_are_refused() -> None:
    with pytest.raises(InputError, match="is a list"):
        load_all("a: 1\n---\n- b\n")


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_any_input_is_read_or_refused(text: str) -> None:
    try:
        load_all(text)
        load_yaml(text)
    except InputError:
        pass
