"""`odh-nim catalog` from the outside, against NVIDIA's stand-in on loopback."""

import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from odh_nim.catalog import parse_catalog
from odh_nim.catalog.store import read_catalog_file
from odh_nim.domain.model import Model
from odh_nim.domain.names import CATALOG_CONFIG_MAP
from odh_nim.domain.resources import CONFIG_MAPS
from odh_nim.sandbox.nvidia import Fault, NvidiaStandIn, dummy_key
from odh_nim.sandbox.nvidia.seeds import SeedProfile
from support.catalogs import FakeCluster, config_map, entry
from support.command_line import CommandLine, Outcome
from support.nvidia_thread import running_stand_in

SHIPPED = Path(__file__).parents[3] / "config" / "catalog"
CATALOG = SHIPPED / f"{CATALOG_CONFIG_MAP}.yaml"
EU_LIST = SHIPPED / "eu-restricted.json"
LLAMA = "nim/meta/llama-3.1-8b-instruct"
EVO = "/v2/org/nim/team/arc/repos/evo2-40b"


@pytest.fixture
def nvidia(monkeypatch: pytest.MonkeyPatch) -> Iterator[NvidiaStandIn]:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    with running_stand_in() as stand_in:
        monkeypatch.setenv("ODH_NIM_NGC_URL", stand_in.url)
        yield stand_in


def run(shell: CommandLine, *arguments: str, key: str = "good") -> Outcome:
    return shell.run("catalog", *arguments, "--key-file", "-", stdin=dummy_key(key).value)


def models(text: str) -> list[Model]:
    return list(parse_catalog(yaml.safe_load(text)).models)


# ── generate ────────────────────────────────────────────────────────────────────────────────────
def test_shipped_catalogue_is_what_the_command_writes_byte_for_byte(
    command_line: CommandLine, nvidia: NvidiaStandIn
) -> None:
    """R-CAT-01, R-CAT-07: twice, the second time with the answers in another order."""
    first = run(command_line, "generate", "--metadata")
    nvidia.state.shuffled = True
    second = run(command_line, "generate", "--metadata", "--concurrency", "3")

    assert first.code == second.code == 0
    assert first.out == second.out == CATALOG.read_text()


def test_date_is_the_option_or_the_builds_or_the_newest_change(
    command_line: CommandLine, nvidia: NvidiaStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-CAT-07."""
    small = ("generate", "--only", "arc/*", "--name", "arc")
    dates = [run(command_line, *small).out]
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1750000000")
    dates.append(run(command_line, *small).out)
    dates.append(run(command_line, *small, "--date", "2026-11-25").out)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")

    assert [parse_catalog(yaml.safe_load(text)).date for text in dates] == [
        "2025-09-29",
        "2025-06-15",
        "2026-11-25",
    ]
    assert run(command_line, *small).code == 2


def test_restricted_catalogue_has_its_own_name_and_place(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-21."""
    listed = tmp_path / "models"
    listed.write_text("meta/llama-3.1-8b-instruct:1.8.5\n")
    options = ("--models-file", str(listed), "--name", "ours", "--namespace", "opendatahub")

    outcome = run(command_line, "generate", *options)

    metadata = yaml.safe_load(outcome.out)["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("ours", "opendatahub")
    assert [(model.repository, model.tags) for model in models(outcome.out)] == [
        (LLAMA, ("1.8.5",))
    ]
    assert "replaces the whole list" not in outcome.err


def test_part_of_the_models_under_the_shipped_name_is_told(
    command_line: CommandLine, nvidia: NvidiaStandIn
) -> None:
    """R-CAT-21."""
    outcome = run(command_line, "generate", "--only", "arc/*")

    assert outcome.code == 0
    assert "--name gives it a name of its own" in outcome.err


def test_marks_come_from_the_list_and_from_the_answers(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-10, R-CAT-12."""
    nvidia.state.faults = [Fault("answer", 451, path=EVO)]

    listed = models(run(command_line, "generate").out)
    unlisted = models(run(command_line, "generate", "--no-eu-list").out)

    marked = {model.repository for model in listed if model.eu_restricted}
    assert marked == {each["resourceId"] for each in json.loads(EU_LIST.read_text())} | {
        "nim/arc/evo2-40b"
    }
    assert [each.repository for each in unlisted if each.eu_restricted] == ["nim/arc/evo2-40b"]
    missing = run(command_line, "generate", "--eu-list", str(tmp_path / "none"))
    assert missing.code == 3
    assert "--no-eu-list" in missing.error_line


def test_published_hardware_needs_are_taken_up(
    command_line: CommandLine, nvidia: NvidiaStandIn
) -> None:
    profiles = (
        SeedProfile("a", "H100", 40.5, 1, 1, ("2330:10de",)),
        SeedProfile("b", ("A100", "H100"), 80.0, 2, 2),
    )
    seed = msgspec.structs.replace(nvidia.state.models[LLAMA], profiles=profiles, nim_type="VLM")
    nvidia.state.models[LLAMA] = seed

    (plain,) = models(run(command_line, "generate", "--only", "llama-3.1-8b-instruct").out)
    (told,) = models(
        run(command_line, "generate", "--only", "llama-3.1-8b-instruct", "--metadata").out
    )

    assert (plain.gpu, plain.family) == (None, "vlm")
    assert told.gpu is not None
    assert (told.gpu.counts, told.gpu.products) == ((1, 4), ("A100", "H100"))
    assert told.gpu.memory_gib == 41


def test_summary_names_both_limits_and_the_file(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-13."""
    output = tmp_path / "catalog.yaml"

    outcome = run(command_line, "generate", "--output", str(output))

    assert outcome.out == ""
    assert f"{output}: 186 models, 1130 tags, 4 restricted in the EU" in outcome.err
    assert "% of what client-side apply takes (262,144)" in outcome.err
    assert "% of what a ConfigMap holds (1,048,576)" in outcome.err
    assert [line for line in outcome.err.splitlines() if line.endswith("of 186 models")] == [
        "47 of 186 models",
        "93 of 186 models",
        "140 of 186 models",
        "186 of 186 models",
    ]


def test_broken_file_is_no_baseline_and_is_replaced(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    output = tmp_path / "catalog.yaml"
    output.write_text("kind: [")

    outcome = run(command_line, "generate", "--output", str(output))
    named = run(command_line, "generate", "--baseline", str(EU_LIST))

    assert outcome.code == 0
    assert "It is no baseline" in outcome.err
    assert len(read_catalog_file(output).models) == 186
    assert named.code == 3


@pytest.mark.parametrize(
    "options",
    [
        ("--concurrency", "0"),
        ("--concurrency", "65"),
        ("--max-tags", "0"),
        ("--date", "soon"),
        ("--eu-list", str(EU_LIST), "--no-eu-list"),
    ],
)
def test_options_that_make_no_sense_ask_nvidia_nothing(
    command_line: CommandLine, nvidia: NvidiaStandIn, options: tuple[str, ...]
) -> None:
    assert run(command_line, "generate", *options).code == 2
    assert list(nvidia.state.journal) == []


def test_terminal_asks_for_the_key_unseen_and_shows_a_bar(
    nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-02: the prompt is for whom the key belongs to, and nothing is echoed."""
    master, slave = pty.openpty()
    output = tmp_path / "catalog.yaml"
    with subprocess.Popen(
        [sys.executable, "-m", "odh_nim", "catalog", "generate", "--output", str(output)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm"},
    ) as process:
        os.close(slave)
        shown = read_until(master, "maintainer: ")
        os.write(master, dummy_key("good").value.encode() + b"\n")
        shown += read_until(master, "% of what a ConfigMap holds")
        assert process.wait(30) == 0
    os.close(master)

    assert "models \x1b[" in shown
    assert "186/186" in shown
    assert "of 186 models" not in shown
    assert dummy_key("good").value not in shown
    assert len(read_catalog_file(output).models) == 186


def read_until(terminal: int, end: str) -> str:
    """Read what a terminal shows, up to some words."""
    shown = ""
    until = time.monotonic() + 60
    while end not in shown:
        assert time.monotonic() < until, shown
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 65536).decode()
    return shown


# ── eu ──────────────────────────────────────────────────────────────────────────────────────────
def test_list_is_made_in_the_eu(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-11: what the EU answers is what ships; everything is confirmed with a new date."""
    file = tmp_path / "eu.json"
    old = json.loads(EU_LIST.read_text())
    file.write_text(
        json.dumps([*old[:2], old[0] | {"team": "x", "resourceId": f"nim/x/{old[0]['name']}"}])
    )
    options = ("--eu-list", str(file), "--place", "eu-central-1", "--date", "2026-11-25")

    outcome = run(command_line, "eu", *options, key="europe")

    assert outcome.code == 0
    entries = json.loads(file.read_text())
    assert {each["resourceId"] for each in entries if each["date"] == "2026-11-25"} == {
        each["resourceId"] for each in old
    }
    assert {each["evidence"] for each in entries} == {"HTTP 451 to a caller in eu-central-1"}
    assert f"+ {old[3]['resourceId']}" in outcome.err
    assert f"? nim/x/{old[0]['name']} (no answer: the mark stays)" in outcome.err


def test_list_stays_as_it_is_outside_the_eu(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-11."""
    file = tmp_path / "eu.json"
    file.write_bytes(EU_LIST.read_bytes())

    outcome = run(command_line, "eu", "--eu-list", str(file))

    assert outcome.code == 7
    assert "this is no place in the EU" in outcome.error_line
    assert file.read_bytes() == EU_LIST.read_bytes()
    assert run(command_line, "eu", "--eu-list", str(file), "--allow-empty").code == 0
    assert json.loads(file.read_text()) == []


def test_list_stays_as_it_is_when_a_model_cannot_be_read(
    command_line: CommandLine, nvidia: NvidiaStandIn, tmp_path: Path
) -> None:
    """R-CAT-11."""
    file = tmp_path / "eu.json"
    file.write_bytes(EU_LIST.read_bytes())
    html = {"content-type": "text/html"}
    nvidia.state.faults = [Fault("answer", 200, html, "<html>", path=EVO)]

    outcome = run(command_line, "eu", "--eu-list", str(file), key="europe")

    assert outcome.code == 6
    assert file.read_bytes() == EU_LIST.read_bytes()


# ── diff and check ──────────────────────────────────────────────────────────────────────────────
def test_diff_exits_with_1_only_where_something_differs(
    command_line: CommandLine, tmp_path: Path
) -> None:
    """R-CAT-16."""
    changed = tmp_path / "changed.yaml"
    changed.write_text(CATALOG.read_text().replace('"latestTag": "2.1.0"', '"latestTag": "2.1"', 1))

    same = command_line.run("catalog", "diff", str(CATALOG), str(CATALOG))
    diff = command_line.run("catalog", "diff", str(CATALOG), str(changed), "-o", "json")
    text = command_line.run("catalog", "diff", str(CATALOG), str(changed), "-o", "markdown")

    assert (same.code, same.out) == (0, "no difference.\n")
    assert (diff.code, text.code) == (1, 1)
    assert json.loads(diff.out)["changed"][0]["latestTag"] == {"before": "2.1.0", "after": "2.1"}
    assert "latest tag: `2.1.0` → `2.1`" in text.out


def test_diff_and_check_read_the_cluster_too(command_line: CommandLine, tmp_path: Path) -> None:
    """R-CAT-16, R-CAT-17."""
    cluster = FakeCluster(
        config_map({"llama-3.1-8b-instruct": entry()}), config_map({"x": "{"}, name="broken")
    )
    command_line.connect_to(cluster)
    place = f"configmap/{CATALOG_CONFIG_MAP}"

    diff = command_line.run("catalog", "diff", place, str(CATALOG))
    good = command_line.run("catalog", "check", place)
    bad = command_line.run("catalog", "check", "cm/broken")
    missing = command_line.run("catalog", "check", "configmap/none")

    assert diff.code == 1
    assert "185 models added, 0 removed, 1 changed" in diff.out
    assert (good.code, bad.code, missing.code) == (0, 1, 3)
    assert "ConfigMap opendatahub/broken x:1: error: x: no JSON" in bad.out
    assert f"get {CONFIG_MAPS.kind}/broken in opendatahub" in cluster.calls


def test_check_prints_every_fault_and_exits_with_1_for_errors(
    command_line: CommandLine, tmp_path: Path
) -> None:
    """R-CAT-17."""
    broken = tmp_path / "broken.yaml"
    broken.write_text(CATALOG.read_text().replace('"latestTag": "1"', '"latestTag": "one"'))

    good = command_line.run("catalog", "check", str(CATALOG))
    bad = command_line.run("catalog", "check", str(broken), "-o", "json")

    assert good.code == 0
    assert bad.code == 1
    found = [each for each in json.loads(bad.out) if each["severity"] == "error"]
    assert {each["code"] for each in found} == {"dangling-tag"}
    assert len(found) > 10
    line = int(found[0]["subject"].rpartition(":")[2])
    assert '"latestTag": "one"' in broken.read_text().splitlines()[line - 1]
    assert command_line.run("catalog", "check", str(tmp_path / "none")).code == 3
