"""A key goes through every command and is afterwards in two Secrets, and nowhere else."""

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.testing import ControlPlane
from support import audited_program
from support.leaks import leaks
from support.whole_cluster import every_object

LLAMA = "llama-3.1-8b-instruct"
OWN = "own"
OURS = (names.key_secret(), names.pull_secret(), names.key_secret(OWN), names.pull_secret(OWN))
KEYS = ("good", "second", "service", "refused")
Step = tuple[list[str], str]


@dataclass(frozen=True)
class Traces:
    """All that a command leaves: what it said, wrote, started, and what `ps` showed of it."""

    said: str
    written: dict[str, str]
    started: list[str]
    arguments: list[str]

    @property
    def texts(self) -> list[str]:
        return [self.said, *self.written, *self.written.values(), *self.started, *self.arguments]


def run(
    plane: ControlPlane,
    folder: Path,
    arguments: list[str],
    key: str = "",
    *,
    codes: tuple[int, ...] = (0, 5, 7),
) -> Traces:
    """Run a command with all it can say, and note what it leaves."""
    report = folder / "report.json"
    temporary = folder / "temporary"
    temporary.mkdir(exist_ok=True)
    answer = subprocess.run(
        [sys.executable, audited_program.__file__, str(report), "--debug", *arguments],
        env=os.environ
        | plane.environment("alice")
        | {"TMPDIR": str(temporary), "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        input=key,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert answer.returncode in codes, answer.stderr[-2000:]
    assert [path for path in temporary.rglob("*") if path.is_file()] == []
    found = json.loads(report.read_text(encoding="utf-8"))
    return Traces(answer.stdout + answer.stderr, **found)


def steps(namespace: str, keys: dict[str, str], key_file: Path) -> list[Step]:
    """Take a key through its whole life: stored, refused, used, replaced, given away, removed."""
    place = ["-n", namespace]
    own = ["--deployment", OWN]
    return [
        (["keys", "set", *place], keys["good"]),
        (["keys", "set", *place], keys["second"]),
        (["keys", "set", *place, "--replace"], keys["refused"]),
        (["keys", "check", *place, "--model", LLAMA, "-o", "json"], ""),
        (["keys", "check", *place, "--key-file", str(key_file)], ""),
        (["deploy", LLAMA, *place, "--dry-run", "-o", "yaml"], ""),
        (["deploy", LLAMA, *place, "--name", "shared", "-o", "json"], ""),
        (["deploy", LLAMA, *place, "--name", OWN, "--own-key", "--key-file", "-"], keys["second"]),
        (["keys", "rotate", *place, "--dry-run"], ""),
        (["keys", "rotate", *place], keys["refused"]),
        (["keys", "rotate", *place, "-o", "json"], keys["service"]),
        (["keys", "rotate", *place, *own, "--no-restart"], keys["good"]),
        (["keys", "rotate", *place, *own, "--resume"], ""),
        (["keys", "show", *place, "-o", "yaml"], ""),
        (["keys", "show", *place, *own], ""),
        (["deployments", "edit", OWN, *place, "--project-key", "--yes"], ""),
        (["deployments", "edit", OWN, *place, "--own-key", "--dry-run"], ""),
        (["deployments", "get", OWN, *place, "-o", "yaml"], ""),
        (["deployments", "status", OWN, *place, "-o", "json"], ""),
        (["deployments", "logs", OWN, *place], ""),
        (["deployments", "events", OWN, *place], ""),
        (["keys", "remove", *place, "--yes"], ""),
        (["doctor", *place], ""),
    ]


def without_its_place(item: Manifest) -> Manifest:
    """Take the data of the Secrets away in which a key belongs."""
    if item["kind"] == "Secret" and item["metadata"]["name"] in OURS:
        return item | {"data": None}
    return item


def version_of(item: Manifest) -> tuple[str, str]:
    return item["metadata"].get("uid", ""), item["metadata"].get("resourceVersion", "")


def test_key_is_in_two_secrets_and_nowhere_else(
    control_plane: ControlPlane, namespace: str, nvidia: str, tmp_path: Path
) -> None:
    """R-KEY-01, 11, 15, R-DEP-02, R-ROT-08; S2, S8, S9, I3."""
    keys = {name: control_plane.key_file(name).read_text().strip() for name in KEYS}
    # Earlier tests hand the same keys to Secrets of their own projects.
    known = {version_of(item) for item in asyncio.run(every_object(control_plane.admin))}
    traces = [
        run(control_plane, tmp_path, words, key)
        for words, key in steps(namespace, keys, control_plane.key_file("second"))
    ]
    stored = asyncio.run(every_object(control_plane.admin))

    in_project = {
        item["metadata"]["name"]
        for item in stored
        if item["kind"] == "Secret" and item["metadata"]["namespace"] == namespace
    }
    assert in_project >= set(OURS)
    assert {item["kind"] for item in stored} >= {"Pod", "ReplicaSet", "Event", "ConfigMap", "Lease"}
    searched = [text for trace in traces for text in trace.texts]
    searched += [
        json.dumps(without_its_place(item)) for item in stored if version_of(item) not in known
    ]
    for name, key in keys.items():
        assert [(found, text[:200]) for text in searched if (found := leaks(text, key))] == [], name


def test_search_itself_would_find_a_key(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """What is not seen by the search above proves nothing."""
    key = control_plane.key_file("good").read_text().strip()
    run(control_plane, tmp_path, ["keys", "set", "-n", namespace], key)
    # The one way that a key must never be given.
    wrong = run(control_plane, tmp_path, ["keys", "show", "--deployment", key], codes=(2,))
    stored = asyncio.run(every_object(control_plane.admin))

    with_key = {
        item["metadata"]["name"]
        for item in stored
        if item["metadata"].get("namespace") == namespace and leaks(json.dumps(item), key)
    }
    assert with_key == {names.key_secret(), names.pull_secret()}
    assert any(leaks(text, key) for text in wrong.arguments)


def test_file_that_lived_for_a_moment_is_seen_too(tmp_path: Path) -> None:
    audit = audited_program.Audit()
    file = tmp_path / "temporary"
    audit.hear("open", (str(file), "w", os.O_WRONLY | os.O_CREAT))
    file.write_text("nvapi-SEEN", encoding="ascii")
    audit.hear("os.remove", (str(file), -1))
    file.unlink()
    audit.hear("subprocess.Popen", ("kubectl", ["kubectl", "nvapi-SEEN"], None, None))

    assert audit.written == {str(file): "nvapi-SEEN"}
    assert "nvapi-SEEN" in audit.started[0]
