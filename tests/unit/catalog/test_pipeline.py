"""The weekly pipeline: its script against NVIDIA's stand-in, and what its workflow may do."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from odh_nim.sandbox.nvidia import Fault, NvidiaStandIn, dummy_key
from support.nvidia_thread import running_stand_in

ROOT = Path(__file__).parents[3]
WORKFLOW = ROOT / ".github" / "workflows" / "catalog.yml"
CATALOG = Path("config/catalog/nvidia-nim-models-data.yaml")
KEY = dummy_key("good").value
ODH_NIM = Path(sys.executable).with_name("odh-nim")
LLAMA = "nim/meta/llama-3.1-8b-instruct"


@dataclass
class Checkout:
    """A copy of what the pipeline needs, with a stand-in for NVIDIA."""

    folder: Path
    nvidia: NvidiaStandIn

    @property
    def catalog(self) -> str:
        return (self.folder / CATALOG).read_text()

    def update(self, program: Path = ODH_NIM) -> tuple[subprocess.CompletedProcess[str], str]:
        result = subprocess.run(
            ["tools/update-catalog", "text.md"],
            cwd=self.folder,
            env=os.environ
            | {
                "ODH_NIM": str(program),
                "ODH_NIM_NGC_URL": self.nvidia.url,
                "NGC_API_KEY": KEY,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert KEY not in result.stdout + result.stderr
        return result, (self.folder / "text.md").read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    shutil.copytree(ROOT / "config" / "catalog", tmp_path / "config" / "catalog")
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "update-catalog", tmp_path / "tools")
    with running_stand_in() as nvidia:
        yield Checkout(tmp_path, nvidia)


def test_what_is_new_becomes_the_text_of_the_pull_request(checkout: Checkout) -> None:
    """R-CAT-18."""
    seed = checkout.nvidia.state.models[LLAMA]
    checkout.nvidia.state.models[LLAMA] = msgspec.structs.replace(
        seed, tags=(*seed.tags, "9.9.9"), latest_tag="9.9.9"
    )

    result, text = checkout.update()

    assert result.returncode == 0, result.stderr
    assert "0 models added, 0 removed, 1 changed" in text
    assert "  * new tags: `9.9.9`\n" in text
    assert '"9.9.9"' in checkout.catalog


def test_nothing_new_leaves_everything_as_it_is(checkout: Checkout) -> None:
    """R-CAT-18: a new date alone is nothing to review."""
    seed = checkout.nvidia.state.models[LLAMA]
    checkout.nvidia.state.models[LLAMA] = msgspec.structs.replace(
        seed, updated_date="2026-10-10T00:00:00Z"
    )

    result, text = checkout.update()

    assert result.returncode == 0, result.stderr
    assert text == ""
    assert checkout.catalog == (ROOT / CATALOG).read_text()


def test_nvidia_down_fails_the_job(checkout: Checkout) -> None:
    """R-CAT-18."""
    checkout.nvidia.state.faults = [Fault("answer", 503, path="/v2/search")]

    result, text = checkout.update()

    assert result.returncode == 6
    assert text == ""
    assert checkout.catalog == (ROOT / CATALOG).read_text()


def test_difference_that_cannot_be_told_leaves_everything_as_it_is(checkout: Checkout) -> None:
    """R-CAT-18: the catalogue is new already when `diff` fails."""
    seed = checkout.nvidia.state.models[LLAMA]
    checkout.nvidia.state.models[LLAMA] = msgspec.structs.replace(seed, tags=(*seed.tags, "9.9.9"))
    program = checkout.folder / "odh-nim"
    program.write_text(
        f'#!/usr/bin/env bash\n[ "$2" = diff ] && {{ echo half; exit 70; }}\nexec {ODH_NIM} "$@"\n'
    )
    program.chmod(0o755)

    result, text = checkout.update(program)

    assert result.returncode == 70, result.stderr
    assert text == ""
    assert checkout.catalog == (ROOT / CATALOG).read_text()


def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text())
    return loaded


def test_workflow_runs_weekly_and_by_hand_and_calls_the_script() -> None:
    """R-CAT-18."""
    # YAML 1.1 reads the key `on` as true.
    triggers = workflow()[True]  # type: ignore[index]  # see above
    (job,) = workflow()["jobs"].values()
    steps = job["steps"]

    assert set(triggers) == {"schedule", "workflow_dispatch"}
    assert any("tools/update-catalog" in step.get("run", "") for step in steps)
    assert "gh pr create" in steps[-1]["run"]


def test_workflow_may_do_no_more_than_propose() -> None:
    """R-CAT-18: the key reaches one step, actions are pinned, a person merges."""
    (job,) = workflow()["jobs"].values()
    with_key = [step for step in job["steps"] if "secrets." in str(step)]

    assert workflow()["permissions"] == {"contents": "read"}
    assert job["permissions"] == {"contents": "write", "pull-requests": "write"}
    assert [step["name"] for step in with_key] == ["Ask NVIDIA"]
    for step in job["steps"]:
        if "uses" in step:
            assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
        # What comes from outside is not pasted into a shell.
        assert "${{" not in step.get("run", "")
    assert "merge" not in WORKFLOW.read_text().replace("a person merges", "")
