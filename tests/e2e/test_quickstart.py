"""The quickstart, typed: every command of it runs, and prints what the guide shows."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from odh_nim.sandbox.testing import ControlPlane

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "quickstart.md"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KEYS = "~/.local/share/odh-nim/sandbox/keys"
PROMPT = "$ "
# What differs from run to run: ages and times, dates, made-up names, and how fast a model starts.
CHANGING = re.compile(
    r"\d{4}-\d\d-\d\dT[\d:]+Z|\b\d+[smhd]\b|\b\d+ s\b|\b[0-9a-f]{16}\b"
    r"|-[0-9a-f]{8,10}-[a-z0-9]{5}\b|gpu-\d"
)
PHASES = re.compile(r"✓ (?!Ready|Reading|Checking|Asking|Creating)\w.*")


@dataclass
class Shown:
    """One command of the guide and the lines below it."""

    command: str
    lines: list[str] = field(default_factory=list)


def read(block: str) -> list[Shown]:
    found: list[Shown] = []
    for line in block.splitlines():
        if line.startswith(PROMPT):
            found.append(Shown(line.removeprefix(PROMPT)))
        else:
            found[-1].lines.append(line)
    return found


def steady(lines: list[str]) -> list[str]:
    """Take out what differs from run to run, also by how wide it was."""
    # What a kubelet says of a failing pull depends on when it is asked.
    kept = (line for line in lines if not PHASES.fullmatch(line) and not line.startswith("Seen:"))
    return [re.sub(r" {2,}", "  ", CHANGING.sub("…", line)).rstrip() for line in kept]


def run(plane: ControlPlane, command: str, namespace: str) -> list[str]:
    words = shlex.split(command.replace("team-a", namespace).replace(KEYS, str(keys_of(plane))))
    assert words[0] == "odh-nim"
    answer = subprocess.run(
        [sys.executable, "-m", "odh_nim", *words[1:]],
        env=os.environ | plane.environment("alice"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # Together, as a terminal shows them.
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in answer.stdout, answer.stdout
    return answer.stdout.replace(namespace, "team-a").splitlines()


def keys_of(plane: ControlPlane) -> Path:
    return plane.key_file("good").parent


def test_every_command_of_the_quickstart_prints_what_it_shows(
    control_plane: ControlPlane, namespace: str, request: pytest.FixtureRequest
) -> None:
    """R-DOC-01, R-TST-02, R-EXT-07."""
    text = GUIDE.read_text(encoding="utf-8")
    differing: list[tuple[str, list[str], list[str]]] = []

    def type_all(block: re.Match[str]) -> str:
        lines = []
        for shown in read(block[1]):
            printed = run(control_plane, shown.command, namespace)
            if steady(printed) != steady(shown.lines):
                differing.append((shown.command, shown.lines, printed))
            lines += [PROMPT + shown.command, *printed]
        return "\n".join(["```console", *lines, "```"])

    rewritten = BLOCK.sub(type_all, text)

    if request.config.getoption("--update-data"):
        GUIDE.write_text(rewritten, encoding="utf-8")
        return
    assert differing == [], "Rewrite the guide with --update-data and read the diff."
