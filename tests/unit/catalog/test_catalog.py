import json
from typing import Any

import pytest

from odh_nim.catalog import Catalog, parse_catalog
from odh_nim.catalog.build import build_config_map
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from support.catalogs import LLAMA, config_map, entry


def parse(data: dict[str, Any], **options: Any) -> Catalog:
    return parse_catalog(config_map(data), **options)


def only_model(**changes: Any) -> Model:
    catalog = parse({"llama-3.1-8b-instruct": entry(**changes)})
    assert catalog.broken == ()
    return catalog.models[0]


def reason(key: str = "llama", **changes: Any) -> str:
    catalog = parse({key: entry(**changes), "good": entry(name="good")})
    assert [model.key for model in catalog.models] == ["good"]
    assert catalog.broken[0].key == key
    return catalog.broken[0].reason


def test_form_with_seven_fields_is_read() -> None:
    model = only_model(euRestricted=None, family=None)

    assert str(model.image("1.8.5")) == "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
    assert model.eu_restricted is False
    assert model.protocols == (Protocol.HTTP,)
    assert model.family == "llm"


def test_order_and_unknown_fields_do_not_matter() -> None:
    text = json.dumps(dict(reversed(list((LLAMA | {"rating": {"stars": 5}}).items()))))

    assert parse({"llama": text}).models == parse({"llama": entry()}).models


def test_tags_are_kept_byte_for_byte() -> None:
    assert only_model(tags=["1.3", "24.08", "1.3.0"], latestTag="1.3").tags[0] == "1.3"


def test_every_broken_entry_is_reported_by_key_and_reason_and_the_rest_is_used() -> None:
    """R-CAT-22; F36; UI-04."""
    catalog = parse({"a": "{", "b": "[]", "c": '{"tags": []}', "good": entry()})

    assert [model.key for model in catalog.models] == ["good"]
    assert [broken.key for broken in catalog.broken] == ["a", "b", "c"]
    assert "3 entries cannot be used: a: the value is no JSON" in catalog.findings[0].message


@pytest.mark.parametrize("key", ["odd/slash", "with space", "ünïcode", "k" * 254, ""])
def test_name_that_cannot_be_a_key_is_rejected(key: str) -> None:
    """R-CAT-08; F34."""
    assert reason(key) == "the key is no key of a ConfigMap"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"namespace": "../../evil"}, "is no image repository"),
        ({"namespace": "nim/META"}, "is no image repository"),
        ({"namespace": "", "name": ""}, "neither `namespace` nor `repository`"),
        ({"repository": "nim/meta/x@sha256:abc"}, "is no image repository"),
        ({"name": "llama:latest"}, "is no image repository"),
        ({"tags": []}, "nothing to pull"),
        ({"tags": ["1.0", "a b"]}, "'a b' is no image tag"),
        ({"tags": "1.0"}, "Expected `array`, got `str` - at `$.tags`"),
        ({"tags": [1.3]}, "Expected `str`, got `float`"),
        ({"registry": "evil.example"}, "only a custom catalogue may name a registry"),
        ({"sizeBytes": -1}, "`sizeBytes` is negative"),
        ({"protocols": ["ftp"]}, "Invalid enum value 'ftp'"),
        ({"digests": {"1.8": "md5:1"}}, "is no sha256 digest"),
        ({"family": "../x"}, "is no family"),
        ({"euRestricted": "no"}, "Expected `bool | null`, got `str`"),
    ],
)
def test_hostile_entry_is_rejected_with_its_reason(changes: dict[str, Any], expected: str) -> None:
    """R-CAT-22; S19."""
    assert expected in reason(**changes)


def test_registry_of_a_custom_catalogue_is_used() -> None:
    catalog = parse({"llama": entry(registry="mirror.example:5000")}, custom=True)

    image = catalog.models[0].image("1.8.5")

    assert str(image) == "mirror.example:5000/nim/meta/llama-3.1-8b-instruct:1.8.5"


def test_latest_tag_that_is_no_tag_is_not_preselected() -> None:
    model = only_model(latestTag="9.9.9", defaultTag="8.8.8")

    assert model.preselected_tag == "1.8.5"


def test_texts_are_cleaned() -> None:
    """R-CAT-20."""
    model = only_model(displayName="\u202eLlama\n3", shortDescription="x" * 600)

    assert model.display_name == "Llama 3"
    assert len(model.short_description) == 500


def test_two_teams_with_one_name_keep_their_own_images() -> None:
    """R-CAT-09; F34: stock readers skip the entry without a namespace."""
    models = [
        Model("m", "m", f"nim/{team}/m", ("1.0.0",), latest_tag="1.0.0") for team in ("b", "a")
    ]

    manifest = build_config_map(models, date="2026-01-01")

    assert list(manifest["data"]) == ["m", "m--b"]
    assert json.loads(manifest["data"]["m"])["namespace"] == "nim/a"
    assert "namespace" not in json.loads(manifest["data"]["m--b"])
    read = parse_catalog(manifest)
    assert [model.repository for model in read.models] == ["nim/a/m", "nim/b/m"]
    assert [model.name for model in read.models] == ["m", "m"]


def test_catalogue_that_was_changed_by_hand_says_so_and_is_used() -> None:
    """R-CAT-15; F36."""
    manifest = build_config_map(parse({"llama": entry()}).models, date="2026-01-01")
    manifest["data"]["second"] = entry(name="second")

    catalog = parse_catalog(manifest)

    assert catalog.edited is True
    assert catalog.findings[0].code == "catalog-edited"
    assert len(catalog.models) == 2


def test_catalogue_as_shipped_is_not_edited() -> None:
    """R-CAT-15."""
    manifest = build_config_map(parse({"llama": entry()}).models, date="2026-01-01")

    catalog = parse_catalog(manifest)

    assert (catalog.edited, catalog.date, catalog.findings) == (False, "2026-01-01", ())


@pytest.mark.parametrize("manifest", [{}, {"data": None}, {"data": []}, {"metadata": None}])
def test_anything_without_data_is_an_empty_catalogue(manifest: dict[str, Any]) -> None:
    assert parse_catalog(manifest).models == ()
