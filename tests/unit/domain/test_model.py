from dataclasses import replace

from odh_nim.domain.manifest import annotations, describe, labels
from odh_nim.domain.model import Model
from odh_nim.domain.resources import ALL, resource_of

MODEL = Model("llama", "llama", "nim/meta/llama", ("1.8.5", "1.8", "latest"))


def test_preselected_tag_is_the_default_then_the_latest_then_the_first() -> None:
    latest = replace(MODEL, latest_tag="latest")

    assert replace(latest, default_tag="1.8").preselected_tag == "1.8"
    assert latest.preselected_tag == "latest"
    assert MODEL.preselected_tag == "1.8.5"
    assert replace(MODEL, tags=()).preselected_tag is None


def test_image_is_pinned_only_where_the_digest_is_known() -> None:
    """R-DEP-18."""
    digest = f"sha256:{'a' * 64}"
    known = replace(MODEL, digests={"1.8": digest}, registry="mirror:5000")

    assert str(known.image("1.8", pin=True)) == f"mirror:5000/nim/meta/llama:1.8@{digest}"
    assert str(known.image("latest", pin=True)) == "mirror:5000/nim/meta/llama:latest"
    assert str(known.image("1.8")) == "mirror:5000/nim/meta/llama:1.8"


def test_people_read_the_display_name_or_the_images() -> None:
    assert MODEL.title == "llama"
    assert replace(MODEL, display_name="Llama 3").title == "Llama 3"
    assert MODEL.team == "meta"
    assert replace(MODEL, repository="llama").team == ""


def test_every_type_is_found_by_its_manifest() -> None:
    for resource in ALL:
        assert resource_of({"apiVersion": resource.api_version, "kind": resource.kind}) == resource
    assert len({resource.full_name for resource in ALL}) == len(ALL)


def test_objects_without_marks_have_empty_ones() -> None:
    for metadata in ({}, {"labels": None, "annotations": None}):
        assert labels({"metadata": metadata}) == annotations({"metadata": metadata}) == {}
    assert describe({"kind": "Pod", "metadata": {"name": "a"}}) == "Pod/a"
    assert describe({}) == "Object/?"
