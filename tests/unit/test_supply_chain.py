"""What is built from is pinned by content: packages, modules, actions."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def name(path: Path) -> str:
    return path.name


def packages(lock: Path) -> list[str]:
    """Give each package with its hashes as one line."""
    text = lock.read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("lock", LOCKS, ids=name)
def test_every_package_is_pinned_with_hashes_and_without_a_host(lock: Path) -> None:
    """S27."""
    assert packages(lock)
    for package in packages(lock):
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,-]+\])?==\S+ ", package), package
        assert "--hash=sha256:" in package, package
        assert "://" not in package, package


def test_every_package_of_the_page_is_pinned_and_runs_nothing_when_it_is_installed() -> None:
    """S27."""
    lock: dict[str, Any] = json.loads((ROOT / "frontend" / "package-lock.json").read_text())
    settings = (ROOT / "frontend" / ".npmrc").read_text(encoding="utf-8").splitlines()
    installed = {path: each for path, each in lock["packages"].items() if path}

    assert installed
    assert "ignore-scripts=true" in settings
    assert [path for path, each in installed.items() if "integrity" not in each] == []
    assert [path for path, each in installed.items() if "resolved" in each] == []
    assert [path for path, each in installed.items() if "://" in json.dumps(each)] == []


def test_every_go_module_of_the_control_plane_has_its_sums() -> None:
    """S27."""
    modules = sorted((ROOT / "tools" / "controlplane").rglob("go.mod"))

    assert modules
    for module in modules:
        assert not re.search(r"=> \.?/", module.read_text(encoding="utf-8")), module
        assert module.with_name("go.sum").stat().st_size > 0


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=name)
def test_actions_are_pinned_by_commit_and_read_only_unless_a_job_says_more(workflow: Path) -> None:
    """S27."""
    text = workflow.read_text(encoding="utf-8")
    actions = re.findall(r"uses: *(\S+)", text)

    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert actions
    for action in actions:
        assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action), action
