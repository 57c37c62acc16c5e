"""Bringing one difference into an object that others changed too."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from odh_nim.deployment.edit_merge import merge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text("ab", max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc", min_size=1, max_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)
MAPPINGS = st.dictionaries(st.text("abc", min_size=1, max_size=1), VALUES, max_size=3)


def named(*names: str, **values: Any) -> list[dict[str, Any]]:
    return [{"name": name, "value": values.get(name, 1)} for name in names]


@given(MAPPINGS, MAPPINGS)
def test_no_difference_changes_nothing(current: dict[str, Any], built: dict[str, Any]) -> None:
    """R-DEP-24: extract and apply are the identity."""
    assert merge(current, built, copy.deepcopy(built)) == current


@given(MAPPINGS, MAPPINGS)
def test_object_nobody_else_changed_becomes_the_target(
    base: dict[str, Any], target: dict[str, Any]
) -> None:
    assert merge(base, base, target) == target


@given(MAPPINGS, MAPPINGS, MAPPINGS)
def test_inputs_stay_as_they_are(
    current: dict[str, Any], base: dict[str, Any], target: dict[str, Any]
) -> None:
    before = copy.deepcopy((current, base, target))

    merge(current, base, target)

    assert (current, base, target) == before


@given(st.lists(st.sampled_from("xyz"), unique=True, max_size=3))
def test_foreign_fields_and_variables_survive_any_change(foreign: list[str]) -> None:
    """R-DEP-24: unknown fields are kept."""
    base = {"env": named("a", "b"), "cpu": "1"}
    target = {"env": named("a", "c", a=2), "cpu": "2"}
    current = {"env": [*named(*foreign), *named("a", "b")], "cpu": "1", "unknown": {"deep": [1]}}

    merged = merge(current, base, target)

    names = [item["name"] for item in merged["env"]]
    assert [name for name in names if name in foreign] == foreign
    assert set(names) == {*foreign, "a", "c"}
    assert merged["unknown"] == {"deep": [1]}
    assert merged["cpu"] == "2"


def test_new_first_item_goes_first() -> None:
    """R-PROTO-04: the Service's port 80 is made from the first port."""
    base, target = named("http"), named("h2c", "http")

    merged = merge(named("http", "metrics"), base, target)

    assert [item["name"] for item in merged] == ["h2c", "http", "metrics"]


def test_change_and_its_opposite_give_back_the_first_object_in_its_order() -> None:
    """R-PROTO-05."""
    http, grpc = named("cache", "key"), named("cache", "port", "key")
    current = [*named("mine"), *named("cache", "key"), *named("last")]

    there = merge(current, http, grpc)

    assert [item["name"] for item in there] == ["mine", "cache", "port", "key", "last"]
    assert merge(there, grpc, http) == current


def test_list_without_names_is_replaced_whole() -> None:
    assert merge({"args": ["a"]}, {"args": ["a"]}, {"args": ["b"]}) == {"args": ["b"]}
    assert merge({"args": ["other"]}, {"args": ["a"]}, {}) == {}


def test_variable_that_becomes_a_value_loses_its_reference() -> None:
    base = {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}

    merged = merge(base, base, {"env": [{"name": "A", "value": "1"}]})

    assert merged == {"env": [{"name": "A", "value": "1"}]}
