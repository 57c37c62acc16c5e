import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.check import check_manifest, check_text
from odh_nim.catalog.check_entry import stock_tag
from odh_nim.catalog.store import render_manifest
from odh_nim.domain.finding import Severity
from odh_nim.domain.model import Model
from odh_nim.manifests.yaml import dump_yaml
from support.catalogs import LLAMA, config_map, entry

SHIPPED = Path(__file__).parents[3] / "config" / "catalog" / "nvidia-nim-models-data.yaml"
NAME = "llama-3.1-8b-instruct"


def faults(data: dict[str, object], name: str = NAME) -> list[tuple[str, str]]:
    """Give severity and code of what is wrong with one entry."""
    found = check_manifest(config_map({name: json.dumps(data)}), "cm")
    return [(each.severity.value, each.code) for each in found]


def test_shipped_catalogue_has_no_fault() -> None:
    """R-CAT-17."""
    found = check_text(SHIPPED.read_text(), "shipped")

    assert [each for each in found if each.severity is not Severity.NOTICE] == []
    assert {each.code for each in found} <= {"stock-rewrites"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"tags": []}, "no-tags"),
        ({"tags": None}, "type"),
        ({"tags": "1.0.0"}, "type"),
        ({"tags": [1, 2]}, "type"),
        ({"tags": ["a b"], "latestTag": "a b"}, "tag"),
        ({"latestTag": "9.9.9"}, "dangling-tag"),
        ({"defaultTag": "9.9.9"}, "dangling-tag"),
        ({"digests": {"9.9.9": "sha256:" + "a" * 64}}, "dangling-tag"),
        ({"digests": {"1.8.5": "sha256:1"}}, "rejected"),
        ({"namespace": None}, "stock-skips"),
        ({"namespace": ""}, "stock-skips"),
        ({"name": "llama"}, "stock-image"),
        ({"repository": "nim/meta/llama"}, "stock-image"),
        ({"euRestricted": "yes"}, "type"),
        ({"protocols": ["smtp"]}, "type"),
        ({"sizeBytes": -1}, "rejected"),
        ({"family": "Big Models"}, "rejected"),
        ({"registry": "mirror.example"}, "rejected"),
        ({"gpu": {"count": "two"}}, "type"),
    ],
)
def test_fault_of_a_field_is_an_error(change: dict[str, object], code: str) -> None:
    """R-CAT-17."""
    assert ("error", code) in faults(LLAMA | change)


@pytest.mark.parametrize(
    ("change", "severity", "code"),
    [
        ({"displayNam": "x"}, "notice", "unknown-field"),
        ({"displayName": "a\nb"}, "warning", "text"),
        ({"shortDescription": "x" * 501}, "warning", "text"),
        ({"family": "unheard-of"}, "warning", "family"),
        ({"tags": ["1.8.5", "1.8.5", "latest"]}, "warning", "doubled-tag"),
        ({"tags": ["1.8", "latest"]}, "notice", "stock-rewrites"),
        ({"namespace": None, "repository": "nim/meta/llama"}, "notice", "stock-skips"),
    ],
)
def test_what_readers_repair_is_no_error(
    change: dict[str, object], severity: str, code: str
) -> None:
    """R-CAT-17."""
    fields = {name: value for name, value in (LLAMA | change).items() if value is not None}
    found = faults(fields)

    assert (severity, code) in found
    assert "error" not in {each[0] for each in found}


@pytest.mark.parametrize(
    ("tag", "stock"),
    [
        ("1.3", "1.3.0"),
        ("1", "1.0.0"),
        ("24.08", "24.8.0"),
        ("1.08.5", "1.8.5"),
        ("1.3.0", "1.3.0"),
        ("latest", "latest"),
        ("1.3-pb", "1.3-pb"),
        ("1.2.3.4", "1.2.3.4"),
    ],
)
def test_stock_dashboard_pads_numbers_and_reads_them_anew(tag: str, stock: str) -> None:
    assert stock_tag(tag) == stock


HOSTILE = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: own
  name: other
data:
  first: |
    {
      "name": "first",
      "namespace": "nim/a",
      "tags": ["1.0.0", "a b"],
      "latestTag": "2.0.0",
      "latestTag": "2.0.0"
    }
  second: |
    {
      "name": "second",
      "namespace" 5
    }
  third: 7
  fourth/x: '{"namespace": "nim/a", "tags": ["1"]}'
  third: "[]"
  fifth: '{"namespace": "nim/a", "name": "same", "tags": ["1"]}'
  sixth: '{"repository": "nim/a/same", "tags": ["1"]}'
"""


def test_every_fault_is_named_at_once_with_its_line() -> None:
    """R-CAT-17."""
    found = check_text(HOSTILE, "f.yaml")

    assert [(each.subject, each.code) for each in found if each.severity is Severity.ERROR] == [
        ("f.yaml:5", "doubled-key"),
        ("f.yaml:22", "doubled-key"),
        ("f.yaml:12", "doubled-field"),
        ("f.yaml:11", "tag"),
        ("f.yaml:12", "dangling-tag"),
        ("f.yaml:18", "json"),
        ("f.yaml:20", "text"),
        ("f.yaml:21", "key"),
        ("f.yaml:22", "json"),
        ("f.yaml:23", "stock-image"),
        ("f.yaml:24", "doubled-image"),
    ]


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("", "yaml", "f"),
        ("a: [", "yaml", "f:2"),
        ("a: b\n\tc: d\n", "yaml", "f:2"),
        ("[" * 100_000, "yaml", "f:1"),
        ("a: \x00", "yaml", "f"),
        ("a: b", "kind", "f:1"),
        ("- a", "kind", "f:1"),
        ("kind: Secret", "kind", "f:1"),
        ("kind: ConfigMap", "name", "f"),
        ("kind: ConfigMap\nmetadata: {name: a}\ndata: [a]", "data", "f"),
        ("kind: ConfigMap\nmetadata: {name: a}\ndata: {}", "empty", "f"),
        ("a: 1\n---\nb: 2\n", "yaml", "f:2"),
    ],
)
def test_file_that_is_no_catalogue_is_told_with_its_line(text: str, code: str, place: str) -> None:
    """R-CAT-17."""
    found = [each for each in check_text(text, "f") if each.severity is Severity.ERROR]

    assert (found[0].code, found[0].subject) == (code, place)


def test_size_beyond_the_limit_is_an_error_with_the_rule() -> None:
    """R-CAT-13, R-CAT-17."""
    tags = [f"1.0.{number}-{'x' * 100}" for number in range(3000)]
    manifest = config_map({NAME: entry(tags=tags, latestTag=tags[0])})

    (large,) = [each for each in check_manifest(manifest, "cm") if each.code == "catalog-too-large"]

    assert "larger than 262,144 bytes" in large.message
    assert "--max-tags" in large.remedy


def test_edited_catalogue_is_told() -> None:
    """R-CAT-15."""
    model = Model("m", "m", "nim/meta/m", ("1.0.0",))
    text = render_manifest(build_config_map([model], date="d"))

    assert check_text(text, "f") == []
    assert [each.code for each in check_text(text.replace("1.0.0", "1.0.1"), "f")] == [
        "catalog-edited"
    ]


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=60), max_size=4))
def test_no_data_crashes_the_check(data: dict[str, str]) -> None:
    manifest = config_map(dict(data))

    found = check_manifest(manifest, "cm")

    assert all(each.message.isprintable() for each in found)
    assert {each.code for each in check_text(dump_yaml(manifest), "f")} == {
        each.code for each in found
    }


@given(st.text(max_size=200))
@example("!0 {kind: ConfigMap}")
def test_no_text_crashes_the_check(text: str) -> None:
    assert check_text(text, "f")
