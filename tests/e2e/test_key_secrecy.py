"""A key goes through every command and is afterwards in two Secrets, and nowhere else."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from odh_nim.cluster import Client
from odh_nim.domain import names
from odh_nim.domain.errors import RejectedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ALL
from odh_nim.sandbox.testing import ControlPlane
from support.leaks import leaks

LLAMA = "llama-3.1-8b-instruct"
OURS = (names.key_secret(), names.pull_secret(), names.key_secret("own"), names.pull_secret("own"))


def run(plane: ControlPlane, temporary: Path, *arguments: str, key: str = "") -> str:
    """Run a command with all it can say; give that."""
    answer = subprocess.run(
        [sys.executable, "-m", "odh_nim", "--debug", *arguments],
        env=os.environ | plane.environment("alice") | {"TMPDIR": str(temporary)},
        input=key,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert answer.returncode in (0, 5, 7), answer.stderr[-2000:]
    return answer.stdout + answer.stderr


async def objects(plane: ControlPlane, namespace: str) -> list[Manifest]:
    """Read everything of the project, and everything that is in no project."""
    found: list[Manifest] = []
    async with Client(plane.admin) as client:
        for resource in ALL:
            if await client.serves(resource):
                # Access reviews are asked, never kept: there is nothing to list.
                with suppress(RejectedError):
                    found += await client.list(resource, namespace if resource.namespaced else None)
    return found


def without_its_place(item: Manifest) -> Manifest:
    """Take the data of the Secrets away in which a key belongs."""
    if item["kind"] == "Secret" and item["metadata"]["name"] in OURS:
        assert item["metadata"]["namespace"]
        return item | {"data": None}
    return item


def test_key_is_in_two_secrets_and_nowhere_else(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """R-KEY-01, 11, 15, R-DEP-02; S2, S8, S9, I3."""
    good, second, refused = (
        control_plane.key_file(name).read_text().strip() for name in ("good", "second", "refused")
    )
    said = [
        run(control_plane, tmp_path, *words, key=key)
        for words, key in (
            (["keys", "set", "-n", namespace], good),
            (["keys", "set", "-n", namespace], second),
            (["keys", "set", "-n", namespace, "--replace"], refused),
            (["keys", "check", "-n", namespace, "--model", LLAMA, "-o", "json"], ""),
            (["deploy", LLAMA, "-n", namespace, "--dry-run", "-o", "yaml"], ""),
            (["deploy", LLAMA, "-n", namespace, "--name", "shared", "-o", "json"], ""),
            (
                ["deploy", LLAMA, "-n", namespace, "--name", "own", "--own-key", "--key-file", "-"],
                second,
            ),
            (["deployments", "get", "own", "-n", namespace, "-o", "yaml"], ""),
            (["deployments", "status", "own", "-n", namespace, "-o", "json"], ""),
            (["deployments", "logs", "own", "-n", namespace], ""),
            (["deployments", "events", "own", "-n", namespace], ""),
        )
    ]
    left = [file.read_bytes().decode("utf-8", "replace") for file in tmp_path.rglob("*.*")]
    stored = asyncio.run(objects(control_plane, namespace))

    places = [name for name in OURS if name in {item["metadata"]["name"] for item in stored}]
    assert places == list(OURS)
    for key in (good, second, refused):
        for text in (*said, *left, *(json.dumps(without_its_place(item)) for item in stored)):
            assert leaks(text, key) == [], text[:300]
    # The search itself would find a key: it finds the ones in their places.
    assert any(leaks(json.dumps(item), good) for item in stored)
