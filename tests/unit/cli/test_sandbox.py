import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from odh_nim.cli.sandbox import sandbox
from odh_nim.domain.errors import InputError, SandboxError
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.process import own_process
from odh_nim.sandbox.seed import Variant
from odh_nim.sandbox.state import PartState, Phase, State


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("ODH_NIM_SANDBOX_HOME", str(tmp_path / "it's here"))
    monkeypatch.setenv("ODH_NIM_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ODH_NIM_SANDBOX_BIN", raising=False)
    layout = Layout(tmp_path / "it's here")
    layout.make_folders()
    return layout


def pretend_up(layout: Layout, *parts: PartState) -> None:
    """Write the state of a sandbox whose supervisor is this very process."""
    State(
        supervisor=own_process(),
        variant=Variant.OPEN_DATA_HUB,
        phase=Phase.READY,
        applications_namespace="opendatahub",
        addresses={"ngc": "http://127.0.0.1:1", "registry": "http://127.0.0.1:1"},
        parts=parts,
    ).save(layout)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(sandbox, arguments, catch_exceptions=False)


@pytest.mark.parametrize("user", ["admin", "alice", "bob", "vera"])
def test_environment_can_be_evaluated_by_a_shell(layout: Layout, user: str) -> None:
    """R-EXT-07."""
    pretend_up(layout)

    lines = run("env", "--user", user, "--shell", "sh").stdout
    script = f"{lines}\nprintf '%s' \"$KUBECONFIG\""

    said = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert said == str(layout.kubeconfig(user))
    assert "export ODH_NIM_NGC_URL=http://127.0.0.1:1" in lines.splitlines()


def test_environment_is_written_for_the_shell_in_use(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend_up(layout)
    monkeypatch.setenv("SHELL", "/usr/bin/fish")

    lines = run("env").stdout.splitlines()

    assert "set -gx ODH_NIM_APPLICATIONS_NAMESPACE opendatahub;" in lines


def test_unknown_user_is_told_who_there_is(layout: Layout) -> None:
    pretend_up(layout)

    with pytest.raises(InputError, match="admin, alice, bob, vera"):
        run("env", "--user", "mallory")


def test_environment_of_a_sandbox_that_is_down_is_an_error(layout: Layout) -> None:
    """An empty output would be evaluated without a word."""
    with pytest.raises(SandboxError, match="is not up") as failure:
        run("env")

    assert failure.value.exit_code == 10


def test_status_of_a_sandbox_with_a_part_down_is_not_ready(layout: Layout) -> None:
    pretend_up(layout, PartState("etcd", own_process()), PartState("kube-scheduler", None, 3))
    command = [sys.executable, "-m", "odh_nim", "sandbox", "status", "-o", "json"]

    answer = subprocess.run(command, capture_output=True, text=True, check=False)

    assert answer.returncode == 10
    status = json.loads(answer.stdout)
    assert status["state"] == "incomplete"
    assert [(part["name"], part["state"], part["restarts"]) for part in status["parts"]] == [
        ("etcd", "ready", 0),
        ("kube-scheduler", "down", 3),
    ]


def test_state_of_another_process_is_no_running_sandbox(layout: Layout) -> None:
    pretend_up(layout)
    text = layout.state_file.read_text().replace(own_process().started, "long-ago")
    layout.state_file.write_text(text)

    with pytest.raises(SandboxError, match="The sandbox is down"):
        run("status")


def test_down_without_a_sandbox_is_no_error(layout: Layout) -> None:
    assert run("down").stderr == "The sandbox was not up.\n"


def test_check_says_that_programs_are_missing(layout: Layout) -> None:
    with pytest.raises(SandboxError, match="not built"):
        run("build", "--check")


def test_help_names_every_command() -> None:
    help_text = run("--help").stdout

    assert all(name in help_text for name in ("build", "up", "down", "status", "reset", "env"))
