"""Any text in any field of NVIDIA's answers: what is written reads back, with unique keys."""

import dataclasses
import json
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from odh_nim.catalog import parse_catalog
from odh_nim.catalog.build import build_config_map
from odh_nim.catalog.check import check_text
from odh_nim.catalog.lines import doubled_keys
from odh_nim.catalog.store import render_manifest
from odh_nim.domain.finding import Severity
from odh_nim.ngc import ModelDetails, Resource
from support.any_answers import answers, any_text, fetch, resources

GOOD = ModelDetails("m", "n", tags=("1.0.0",), latest_tag="1.0.0")


@settings(max_examples=150)
@given(answers)
def test_any_text_in_any_field_reads_back_equal_with_unique_keys(drawn: list[Any]) -> None:
    """R-CAT-20; F51, S14."""
    fetched = fetch(drawn)
    assert len(fetched.models) == len({resource.resource_id for resource, *_ in drawn})
    manifest = build_config_map(fetched.models, date=fetched.newest_date)
    text = render_manifest(manifest)

    assert yaml.safe_load(text) == manifest
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    assert root is not None
    assert list(doubled_keys(root)) == []
    for value in manifest["data"].values():
        pairs = json.loads(value, object_pairs_hook=list)
        assert len({field for field, _ in pairs}) == len(pairs)
    catalog = parse_catalog(yaml.safe_load(text))
    assert catalog.broken == ()
    assert {model.repository for model in catalog.models} == {
        model.repository for model in fetched.models
    }
    faults = [each for each in check_text(text, "f") if each.severity is not Severity.NOTICE]
    assert faults == []


@given(answers)
def test_same_answers_give_the_same_bytes_in_any_order(drawn: list[Any]) -> None:
    """R-CAT-07."""
    unique = list({resource.resource_id: (resource, *rest) for resource, *rest in drawn}.values())
    one, two = fetch(unique), fetch(unique[::-1])

    assert one == two
    assert render_manifest(build_config_map(one.models, date="d")) == render_manifest(
        build_config_map(two.models[::-1], date="d")
    )


@given(st.lists(st.tuples(resources, any_text, any_text), min_size=1, max_size=4))
def test_ids_and_tags_of_any_text_are_rejected_or_kept_byte_for_byte(
    drawn: list[tuple[Resource, str, str]],
) -> None:
    """R-CAT-08."""
    odd = [
        (
            dataclasses.replace(resource, resource_id=f"nim/{odd_id}" if number % 2 else odd_id),
            ModelDetails("m", "n", tags=(tag, "1.0.0"), latest_tag="1.0.0"),
            None,
        )
        for number, (resource, odd_id, tag) in enumerate(drawn)
    ]
    good = (dataclasses.replace(drawn[0][0], resource_id="nim/a/good"), GOOD, None)

    fetched = fetch([*odd, good])

    text = render_manifest(build_config_map(fetched.models, date="d"))
    catalog = parse_catalog(yaml.safe_load(text))
    assert catalog.broken == ()
    assert "nim/a/good" in {model.repository for model in catalog.models}
    for model in catalog.models:
        assert set(model.tags) <= {"1.0.0", *(tag for _, _, tag in drawn)}
