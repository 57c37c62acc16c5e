import json
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.catalog import parse_catalog
from odh_nim.catalog.build import build_config_map, render_entry
from odh_nim.catalog.limits import keep_newest_tags, measure, size_findings
from odh_nim.catalog.text import clean_text
from odh_nim.domain.errors import CatalogRefusedError
from odh_nim.domain.model import GpuNeed, Model
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.yaml import dump_yaml, load_yaml

MODEL = Model(
    key="llama",
    name="llama",
    repository="nim/meta/llama",
    tags=("1.8.5", "latest"),
    display_name="Llama",
    short_description="A language model.",
    latest_tag="latest",
    default_tag="1.8.5",
    updated_date="2026-01-09T19:00:37.264Z",
    eu_restricted=True,
    family="llm",
    protocols=(Protocol.HTTP,),
    publisher="Meta",
    architectures=("amd64", "arm64"),
    size_bytes=12_000_000_000,
)


def test_entry_has_a_field_a_line_in_the_documented_order() -> None:
    assert render_entry(MODEL) == (
        "{\n"
        '  "name": "llama",\n'
        '  "displayName": "Llama",\n'
        '  "shortDescription": "A language model.",\n'
        '  "namespace": "nim/meta",\n'
        '  "tags": ["1.8.5", "latest"],\n'
        '  "latestTag": "latest",\n'
        '  "updatedDate": "2026-01-09T19:00:37.264Z",\n'
        '  "euRestricted": true,\n'
        '  "defaultTag": "1.8.5",\n'
        '  "family": "llm",\n'
        '  "protocols": ["http"],\n'
        '  "publisher": "Meta",\n'
        '  "architectures": ["amd64", "arm64"],\n'
        '  "sizeBytes": 12000000000\n'
        "}\n"
    )


def test_config_map_is_immutable_and_argo_cd_may_replace_it() -> None:
    """R-CAT-14."""
    manifest = build_config_map([MODEL], date="2026-01-09")

    assert manifest["immutable"] is True
    assert manifest["metadata"]["labels"]["opendatahub.io/managed"] == "true"
    annotations = manifest["metadata"]["annotations"]
    assert annotations["argocd.argoproj.io/sync-options"] == "Force=true,Replace=true"
    assert annotations["nim.opendatahub.io/catalog-date"] == "2026-01-09"


def test_every_field_survives_writing_and_reading() -> None:
    model = replace(
        MODEL,
        multinode=True,
        weights_bytes=1,
        gpu=GpuNeed(required=True, counts=(1, 2), products=("H100",), memory_gib=80),
        key_required=False,
        digests={"1.8.5": "sha256:" + "a" * 64},
        model_profiles={"1.8.5": ("profile",)},
        registry="mirror.example",
    )

    assert parse_catalog(build_config_map([model], date="d", name="own")).models == (model,)


def test_same_models_in_any_order_give_the_same_bytes() -> None:
    """R-CAT-07."""
    other = replace(MODEL, key="z", name="z", repository="nim/a/z")

    first = dump_yaml(build_config_map([MODEL, other], date="d"))

    assert dump_yaml(build_config_map([other, MODEL], date="d")) == first


def test_values_are_literal_blocks() -> None:
    assert '  llama: |\n    {\n      "name": "llama",\n' in dump_yaml(
        build_config_map([MODEL], date="d")
    )


@given(st.text(), st.text())
def test_any_text_survives_yaml_and_json(name: str, description: str) -> None:
    """R-CAT-20."""
    model = replace(
        MODEL,
        display_name=clean_text(name, 200),
        short_description=clean_text(description, 500),
    )

    text = dump_yaml(build_config_map([model], date="d"))

    assert load_yaml(text) == yaml.safe_load(text)
    assert parse_catalog(load_yaml(text)).models == (model,)


def test_name_that_cannot_be_a_key_stops_the_build() -> None:
    """R-CAT-08."""
    model = replace(MODEL, name="odd/slash")

    with pytest.raises(CatalogRefusedError, match="cannot be a key"):
        build_config_map([model], date="d")


def _with_tags(count: int, suffix: str = "x" * 100) -> Model:
    """Give a model with many tags, in the generator's order: the newest first."""
    tags = tuple(f"1.0.{number}-{suffix}" for number in reversed(range(count)))
    return replace(MODEL, tags=(*tags, "latest"), default_tag=tags[0])


def test_model_with_3000_tags_fits_and_warns() -> None:
    """R-CAT-13; F35."""
    manifest = build_config_map([_with_tags(3000, "x" * 50)], date="d")

    (warning,) = size_findings(manifest)
    assert "% of what client-side apply takes (262,144)" in warning.message
    assert "--max-tags" in warning.remedy
    assert size_findings(build_config_map([MODEL], date="d")) == []


def test_catalogue_that_cannot_be_applied_is_refused_with_the_rule_that_shrinks_it() -> None:
    """R-CAT-13; F35: the rule that is named works, and one tag more does not."""
    models = [_with_tags(3000), replace(MODEL, key="z", name="z", repository="nim/a/z")]

    with pytest.raises(CatalogRefusedError, match="too large") as refusal:
        build_config_map(models, date="d")

    most = int(refusal.value.remedy.split()[1])
    assert measure(build_config_map(models, date="d", max_tags=most)).fits
    with pytest.raises(CatalogRefusedError):
        build_config_map(models, date="d", max_tags=most + 1)


def test_too_many_models_have_no_rule_about_tags() -> None:
    """R-CAT-13."""
    models = [
        replace(MODEL, name=f"m{number}", repository=f"nim/a/m{number}", tags=("1.0.0",))
        for number in range(1200)
    ]

    with pytest.raises(CatalogRefusedError, match="leave out models"):
        build_config_map(models, date="d")


def test_fewer_tags_keep_the_newest_and_those_a_model_is_known_by() -> None:
    model = replace(
        MODEL,
        tags=("1.8.5", "1.8.4", "1.8.3", "1.7.0", "1.8", "1", "latest"),
        digests={"1.8.4": "sha256:" + "a" * 64, "1.7.0": "sha256:" + "b" * 64},
    )

    shorter = keep_newest_tags(model, 3)

    assert shorter.tags == ("1.8.5", "1.8.4", "latest")
    assert list(shorter.digests) == ["1.8.4"]
    assert keep_newest_tags(model, 7) == model


def test_entry_is_json() -> None:
    assert json.loads(render_entry(MODEL))["tags"] == ["1.8.5", "latest"]
