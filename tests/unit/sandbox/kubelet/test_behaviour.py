import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.sandbox.kubelet.behaviour import FAILURES, Behaviour, parse_behaviour


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Behaviour()),
        (" , ", Behaviour()),
        ("never-ready", Behaviour(never_ready=True)),
        ("slow-load=30s", Behaviour(load_seconds=30)),
        ("slow-load=2m", Behaviour(load_seconds=120)),
        ("slow-load=1.5", Behaviour(load_seconds=1.5)),
        ("pull=403", Behaviour(pull_status=403)),
        ("oom, slow-load=3s", Behaviour(FAILURES["oom"], load_seconds=3)),
        ("slow-load=soon", Behaviour(unknown=("slow-load=soon",))),
        ("slow-load=99999999m", Behaviour(unknown=("slow-load=99999999m",))),
        ("slow-load=" + "9" * 400, Behaviour(unknown=("slow-load=" + "9" * 400,))),
        ("pull=no", Behaviour(unknown=("pull=no",))),
        ("oom=1", Behaviour(unknown=("oom=1",))),
        ("typo,never-ready", Behaviour(never_ready=True, unknown=("typo",))),
    ],
)
def test_annotation_is_read_word_by_word(text: str, expected: Behaviour) -> None:
    assert parse_behaviour(text) == expected


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    behaviour = parse_behaviour(text)

    assert all(word and word in text for word in behaviour.unknown)
