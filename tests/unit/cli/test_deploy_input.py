"""From typed options to a specification."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.cli.deploy_input import (
    build_spec,
    check_request_id,
    parse_env,
    parse_pairs,
    parse_storage,
    parse_toleration,
    read_env_file,
)
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.domain.deployment_spec import (
    DeploymentSpec,
    EnvVar,
    ExistingClaim,
    KeyChoice,
    NewClaim,
    Strategy,
)
from odh_nim.domain.errors import InputError, InvalidNameError
from odh_nim.domain.model import GpuNeed, Model
from odh_nim.domain.protocol import Protocol
from odh_nim.journeys.choice import Chosen

LLAMA = Model("llama", "llama-3.1-8b-instruct", "nim/meta/llama-3.1-8b-instruct", ("1.8.5",))
SPEECH = replace(LLAMA, protocols=(Protocol.HTTP, Protocol.GRPC))
MAXINE = replace(LLAMA, protocols=(Protocol.GRPC,))
OPTIONS = DeployOptions("llama")


def spec(model: Model = LLAMA, **changes: Any) -> DeploymentSpec:
    options = replace(OPTIONS, **changes)
    return build_spec(options, Chosen(model, "1.8.5", "team-a", KeyChoice.PROJECT))


def test_defaults_make_a_whole_specification() -> None:
    """R-DEP-11, 13."""
    made = spec()

    assert made.name == "llama-3-1-8b-instruct"
    assert made.display_name == made.name
    assert made.storage == NewClaim("50Gi", None, "ReadWriteOnce")
    assert (made.resources.cpu, made.resources.memory, made.resources.gpus) == ("2", "8Gi", 1)
    assert made.strategy is Strategy.ROLLING_UPDATE
    assert not made.expose
    assert not made.auth


def test_claim_is_as_big_as_the_weights_need() -> None:
    """R-DEP-13: the weights and a third more."""
    made = spec(replace(LLAMA, weights_bytes=100 * 1024**3))

    assert made.storage == NewClaim("130Gi")


@pytest.mark.parametrize(
    ("need", "gpus"),
    [
        (None, 1),
        (GpuNeed(), 1),
        (GpuNeed(counts=(4, 2)), 2),
        (GpuNeed(required=False), 0),
    ],
)
def test_gpus_are_as_many_as_nvidia_says(need: GpuNeed | None, gpus: int) -> None:
    """R-DEP-19."""
    model = replace(LLAMA, gpu=need)

    assert spec(model).resources.gpus == gpus
    assert spec(model, gpus=0).resources.gpus == 0


@pytest.mark.parametrize(
    ("model", "typed", "chosen"),
    [
        (LLAMA, None, Protocol.HTTP),
        (SPEECH, None, Protocol.HTTP),
        (SPEECH, "grpc", Protocol.GRPC),
        (MAXINE, None, Protocol.GRPC),
        # What a model does not speak is refused by the plan, with the reason.
        (LLAMA, "grpc", Protocol.GRPC),
    ],
)
def test_http_is_the_protocol_wherever_it_is_spoken(
    model: Model, typed: str | None, chosen: Protocol
) -> None:
    """R-PROTO-01."""
    assert spec(model, protocol=typed).protocol is chosen


@pytest.mark.parametrize("name", ["Llama", "llama_3", "-llama", "llama-", "1llama", "a" * 54])
def test_typed_name_that_breaks_a_rule_is_refused(name: str) -> None:
    """R-DEP-11."""
    with pytest.raises(InvalidNameError, match="cannot be the name"):
        spec(name=name)


@pytest.mark.parametrize(
    ("text", "storage"),
    [
        ("100Gi", NewClaim("100Gi")),
        ("pvc:weights", ExistingClaim("weights")),
        ("pvc:weights/llama/fp8", ExistingClaim("weights", "llama/fp8")),
        ("pvc:my.weights", ExistingClaim("my.weights")),
        ("pvc:weights/", ExistingClaim("weights")),
    ],
)
def test_storage_is_a_size_or_a_claim(text: str, storage: NewClaim | ExistingClaim) -> None:
    """R-DEP-13, 14."""
    assert parse_storage(replace(OPTIONS, storage=text), LLAMA) == storage


@pytest.mark.parametrize("changes", [{"storage_class": "fast"}, {"access_mode": "ReadWriteMany"}])
def test_existing_claim_has_a_class_and_a_mode_already(changes: dict[str, Any]) -> None:
    """R-DEP-14."""
    with pytest.raises(InputError, match="is a claim that is there"):
        spec(storage="pvc:weights", **changes)


def test_variables_keep_everything_after_the_first_equals_sign() -> None:
    """R-DEP-21."""
    assert parse_env(["A=b=c", "EMPTY="]) == (EnvVar("A", "b=c"), EnvVar("EMPTY", ""))


@pytest.mark.parametrize("text", ["NIM_LOG_LEVEL", "=value", ""])
def test_variable_without_a_name_or_a_value_is_refused(text: str) -> None:
    """R-DEP-21."""
    with pytest.raises(InputError, match="write NAME=VALUE"):
        parse_env([text])


def test_value_of_a_refused_variable_is_never_repeated() -> None:
    with pytest.raises(InputError) as refusal:
        parse_env(["=hunter2"])

    assert "hunter2" not in str(refusal.value)


def test_node_selector_is_pairs() -> None:
    assert parse_pairs(["a=b", "nvidia.com/gpu.product=A100"], "--node-selector") == {
        "a": "b",
        "nvidia.com/gpu.product": "A100",
    }


@pytest.mark.parametrize(
    ("text", "toleration"),
    [
        ("gpu", {"key": "gpu", "operator": "Exists"}),
        ("gpu:NoSchedule", {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}),
        ("gpu=a100", {"key": "gpu", "operator": "Equal", "value": "a100"}),
        (
            "nvidia.com/gpu=:NoExecute",
            {
                "key": "nvidia.com/gpu",
                "operator": "Equal",
                "value": "",
                "effect": "NoExecute",
            },
        ),
    ],
)
def test_toleration_is_written_like_a_taint(text: str, toleration: dict[str, str]) -> None:
    """R-DEP-19."""
    assert parse_toleration(text) == toleration


@pytest.mark.parametrize("text", ["", "=a", "gpu:Never", "a b", "a:b:c"])
def test_other_texts_are_no_taints(text: str) -> None:
    with pytest.raises(InputError, match="is no taint"):
        parse_toleration(text)


@given(st.text())
def test_any_text_is_a_toleration_or_an_input_error(text: str) -> None:
    """R-TST-01."""
    try:
        toleration = parse_toleration(text)
    except InputError:
        return
    assert toleration["key"]
    assert ("value" in toleration) is (toleration["operator"] == "Equal")


# ── The file of variables ───────────────────────────────────────────────────────────────────────
def write(folder: Path, text: str) -> str:
    path = folder / "env.yaml"
    path.write_text(text)
    return str(path)


def test_file_keeps_references_as_they_are(tmp_path: Path) -> None:
    """R-DEP-21: valueFrom kept."""
    text = (
        "- name: HF_TOKEN\n"
        "  valueFrom: {secretKeyRef: {name: hugging-face, key: token}}\n"
        "- {name: NIM_LOG_LEVEL, value: DEBUG}\n"
        "- {name: EMPTY}\n"
    )

    assert read_env_file(write(tmp_path, text)) == (
        EnvVar("HF_TOKEN", None, {"secretKeyRef": {"name": "hugging-face", "key": "token"}}),
        EnvVar("NIM_LOG_LEVEL", "DEBUG"),
        EnvVar("EMPTY", ""),
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("name: A", "holds no list"),
        ("- just text", "an item that is no variable"),
        ("- {name: A, vaule: b}", "an item that is no variable"),
        ("- {name: 1, value: b}", "an item that is no variable"),
        ("- {name: A, value: 1}", "needs quotes"),
        ("- {name: A, value: yes}", "needs quotes"),
        ("- {name: A, valueFrom: secret}", "no usable valueFrom"),
        ("- {name: A, value: b, valueFrom: {fieldRef: {}}}", "no usable valueFrom"),
        ("- {name: A, name: B}", "A|name"),
        ("[", "YAML"),
    ],
)
def test_file_that_is_no_list_of_variables_is_refused(
    text: str, reason: str, tmp_path: Path
) -> None:
    """R-DEP-21."""
    with pytest.raises(InputError, match=reason):
        read_env_file(write(tmp_path, text))


def test_file_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.yaml cannot be read: No such file"):
        read_env_file(str(tmp_path / "missing.yaml"))


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_bytes(b"\xff\xfe\x00")

    with pytest.raises(InputError, match="no UTF-8 text"):
        read_env_file(str(path))


# ── The rest ────────────────────────────────────────────────────────────────────────────────────
def test_token_asks_for_token_access() -> None:
    """R-DEP-22."""
    made = spec(tokens=("ci",))

    assert made.auth
    assert made.tokens == ("ci",)


def test_recreate_is_taken_as_typed() -> None:
    """R-DEP-20."""
    assert spec(strategy="recreate").strategy is Strategy.RECREATE


@pytest.mark.parametrize("text", ["", "-a", "a b", "a" * 64, "é"])
def test_request_id_has_a_grammar(text: str) -> None:
    """R-DEP-06."""
    with pytest.raises(InputError, match="is no request id"):
        check_request_id(text)


def test_request_id_that_was_shown_is_taken() -> None:
    assert check_request_id("0123456789abcdef") == "0123456789abcdef"
