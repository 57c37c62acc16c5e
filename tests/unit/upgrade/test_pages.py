"""The guides say what the code does."""

import re
from pathlib import Path

import pytest

from odh_nim.cli.lazy import top
from odh_nim.domain import names
from odh_nim.upgrade import REVOKE, Step
from odh_nim.upgrade import old_names as old

GUIDES = Path(__file__).parents[3] / "docs" / "guides"


def page(name: str) -> str:
    return (GUIDES / name).read_text(encoding="utf-8")


def test_page_names_every_step_and_every_name_that_is_deleted() -> None:
    """R-DOC-02."""
    text = page("upgrade.md")
    table = text.partition("<!-- begin: what -->")[2].partition("<!-- end: what -->")[0]

    steps = {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert steps == {int(step) for step in Step if step is not Step.NOTHING}
    for name in (
        old.CRON_JOB,
        old.PROJECT_KEY,
        old.PROJECT_PULL,
        old.ACCESS_SECRET,
        old.ENABLED_APPS,
        names.saved_catalog("")[:-1],
    ):
        assert name in table
    assert re.search(r"CVE-\d+-\d+", REVOKE)[0] in text  # type: ignore[index]  # it is there
    for heading in ("What is never cleaned up", "Way back", "revoke the old key"):
        assert heading in text


def test_migration_guide_warns_of_the_second_set_of_gpus() -> None:
    """R-DOC-08."""
    text = page("migrate.md")

    assert "second set of GPUs" in text
    assert "--refresh-runtime" in text


@pytest.mark.parametrize("name", ["upgrade.md", "migrate.md"])
def test_every_command_of_the_guides_is_one(name: str) -> None:
    """R-DOC-02, R-DOC-08."""
    text = page(name)
    commands = re.findall(r"odh-nim upgrade ([a-z-]+)([^`\n]*)", text)
    group = top.get_command(top.make_context("odh-nim", [], resilient_parsing=True), "upgrade")
    assert group is not None
    known = group.commands  # type: ignore[attr-defined]  # a click group

    assert commands
    for command, rest in commands:
        assert command in known
        options = {option for one in known[command].params for option in one.opts}
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in options, (command, option)
    for option in re.findall(r"`(--[a-z-]+)", text):
        assert any(option in one.opts for each in known.values() for one in each.params), option


ROWS = [
    "remove-openshift-rbac.yaml",
    "suite_test.go",
    "config/crd/bases",
    "setupNim",
    "IsNimRuntimeAnnotation",
    "api/nim/",
    "internal/webhook/nim/",
    "kserve_types.go",
    "defaulting.go",
    "pkg/upgrade",
    "modelControllerExtraParams",
    "nim-state",
    "fetch-nim-account.rbac.yaml",
    "/api/nim-serving",
    "packages/nim-serving",
    "disableNIMModelServing",
    "dashboard-operator",
    "validating.nim.account",
    "Order that holds",
]


@pytest.mark.parametrize("row", ROWS)
def test_page_for_upstream_covers_every_part(row: str) -> None:
    """R-DOC-09."""
    text = page("upstream-removal.md")

    assert row in text
    for repository in ("odh-model-controller", "opendatahub-operator", "kserve", "odh-dashboard"):
        assert repository in text
