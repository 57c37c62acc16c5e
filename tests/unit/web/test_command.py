"""The command that the page shows does what the page does: R-UI-07, R-DEP-02."""

import shlex
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odh_nim.cli.deploy import deploy
from odh_nim.cli.deploy_input import build_spec
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.domain.deployment_spec import DeploymentSpec, KeyChoice
from odh_nim.journeys.choice import Chosen
from odh_nim.web.command import deploy_command
from odh_nim.web.schemas_deploy import DeployIn
from odh_nim.web.wishes import key_wish_of, wish_of
from support.deployments import LLAMA
from support.keys import CANARY
from support.leaks import leaks

REQUESTS: list[dict[str, Any]] = [
    {},
    {"name": "my-llama", "gpus": 2, "cpu": "4", "memory": "32Gi", "shmSize": "4Gi"},
    {"replicas": 3, "strategy": "Recreate", "expose": True, "auth": True, "pin": True},
    {"storage": {"kind": "new", "size": "80Gi", "storageClass": "fast"}},
    {"storage": {"kind": "new", "accessMode": "ReadWriteMany"}},
    {"storage": {"kind": "existing", "claim": "my.claim", "subPath": "a/b"}},
    {"env": [{"name": "A", "value": "x y"}, {"name": "B", "value": ""}], "args": ["--max-len=2"]},
    {"tokens": ["one", "two"], "displayName": "it's mine", "description": "$HOME `x`"},
    {"nodeSelector": {"gpu": "h100"}, "runAsUser": 1000, "routeTimeout": 300},
    {"tolerations": [{"key": "gpu"}, {"key": "a", "operator": "Equal", "value": "b"}]},
    {"tolerations": [{"key": "gpu", "effect": "NoSchedule"}]},
    {"protocol": "http", "key": "none"},
]


def request(**changes: Any) -> DeployIn:
    return DeployIn.model_validate({"model": LLAMA.key, "tag": "1.8.5", **changes})


def from_page(wanted: DeployIn, key: KeyChoice) -> DeploymentSpec:
    return wish_of(wanted, "team-a").build(Chosen(LLAMA, "1.8.5", "team-a", key))


def from_command(text: str, key: KeyChoice) -> DeploymentSpec:
    words = shlex.split(text, comments=True)
    assert words[:2] == ["odh-nim", "deploy"]
    with click.Context(deploy) as context:
        deploy.parse_args(context, words[2:])
        fields = DeployOptions.__dataclass_fields__
        options = DeployOptions(
            **{name: context.params[name] for name in fields if name in context.params}
        )
    return build_spec(options, Chosen(LLAMA, "1.8.5", "team-a", key))


@pytest.mark.parametrize("changes", REQUESTS, ids=str)
def test_the_command_makes_the_same_specification(changes: dict[str, Any]) -> None:
    """R-DEP-02, R-UI-07."""
    wanted = request(**changes)
    page = from_page(wanted, KeyChoice.PROJECT)
    command = deploy_command(
        wanted, "team-a", model="meta/llama-3.1-8b-instruct", tag="1.8.5", name=page.name
    )

    assert from_command(command, KeyChoice.PROJECT) == page


@given(value=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
@settings(deadline=None, max_examples=60)
def test_whatever_is_typed_stays_one_word_of_the_command(value: str) -> None:
    """S14."""
    wanted = request(args=[value], description=value, env=[{"name": "A", "value": value}])
    command = deploy_command(wanted, "team-a", model="m", tag="t", name="n")

    words = shlex.split(command)
    assert words[words.index("--arg") + 1] == value
    assert f"A={value}" in words


def test_a_key_or_a_secret_is_in_no_command() -> None:
    """R-KEY-01, R-KEY-02, S8."""
    wanted = request(key="own", ownKey=CANARY, env=[{"name": "MY_TOKEN", "value": CANARY}])
    command = deploy_command(wanted, "team-a", model="m", tag="t", name="n")

    assert "--own-key" in command
    assert not leaks(command, CANARY)
    assert not leaks(repr(wanted), CANARY) or "MY_TOKEN" in repr(wanted)
    assert key_wish_of(wanted).given is not None


def test_references_are_kept_as_they_stand() -> None:
    """R-DEP-21."""
    reference = {"secretKeyRef": {"name": "s", "key": "k"}}
    wanted = request(env=[{"name": "A", "valueFrom": reference}])

    [variable] = from_page(wanted, KeyChoice.PROJECT).env
    assert variable.value_from == reference
    assert "--env-file" in deploy_command(wanted, "p", model="m", tag="t", name="n")


@pytest.mark.parametrize(
    "changes",
    [
        {"otherImage": "nvcr.io/nim/a/b:1"},
        {"model": None},
        {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "x"}}}]},
        {"env": [{"name": "A", "valueFrom": {}}]},
        {"storage": {"size": "1Gi"}},
        {"storage": {"kind": "other"}},
        {"gpus": -1},
        {"unknown": 1},
    ],
    ids=str,
)
def test_contradictions_are_refused_at_the_edge(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        request(**changes)
