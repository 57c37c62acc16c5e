"""What `odh-nim sandbox up` tells a newcomer to type, typed."""

import json
import os
import re
import subprocess
import sys

from odh_nim.sandbox.testing import ControlPlane
from odh_nim.sandbox.usage import usage_of

SHOWN = re.compile(r"^  odh-nim (?P<command>.+)$", re.MULTILINE)


def run(plane: ControlPlane, command: str) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "odh_nim", *command.split()],
        env=os.environ | plane.environment("alice"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode == 0, f"{command}: {answer.stdout}{answer.stderr}"
    return answer.stdout


def test_newcomer_deploys_a_model_with_the_commands_that_are_shown(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-EXT-07."""
    usage = usage_of(control_plane.layout, control_plane.state)
    commands = [found["command"].replace("team-a", namespace) for found in SHOWN.finditer(usage)]

    for command in commands:
        run(control_plane, command)

    assert [command.split()[0] for command in commands] == ["keys", "deploy", "deployments"]
    (deployment,) = json.loads(run(control_plane, f"deployments list -n {namespace} -o json"))
    assert deployment["status"].lower() == "ready"


def test_newcomer_deploys_on_plain_kubernetes(
    plain_control_plane: ControlPlane, plain_namespace: str
) -> None:
    """R-EXT-03, R-EXT-07."""
    key = plain_control_plane.key_file("good")

    run(plain_control_plane, f"keys set -n {plain_namespace} --key-file {key}")
    run(plain_control_plane, f"deploy meta/llama-3.1-8b-instruct -n {plain_namespace}")

    shown = run(plain_control_plane, f"deployments list -n {plain_namespace}")
    assert "llama-3-1-8b-instruct" in shown
    assert "Ready" in shown
