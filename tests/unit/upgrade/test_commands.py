"""The commands themselves: what they print, when they write, how they end."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from odh_nim.domain.errors import KeyRefusedError
from support.cluster_faults import Fault
from support.command_line import CommandLine
from support.old_cluster_edits import MAIN, merge, no_controller
from support.old_clusters import keys_of, states
from support.upgrade_cluster import ACCOUNT_CRD, UpgradeCluster, definition, old_cluster

KEY = "nvapi-canary-0123456789abcdef"
QUICK = ["--timeout", "1s"]


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[UpgradeCluster], CommandLine]:
    for name in ("ODH_NIM_APPLICATIONS_NAMESPACE", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)

    def open_shell(cluster: UpgradeCluster) -> CommandLine:
        line = CommandLine(monkeypatch, capsys.readouterr)
        line.connect_to(cluster)
        return line

    return open_shell


Shell = Callable[[UpgradeCluster], CommandLine]


@pytest.mark.parametrize("state", states())
def test_plan_in_every_format_writes_nothing_and_shows_no_key(state: str, shell: Shell) -> None:
    """R-CLN-02, R-CLN-16."""
    cluster = old_cluster(state)
    line = shell(cluster)
    table, wide, as_json, as_yaml = (
        line.run("upgrade", "plan", "-o", output) for output in ("table", "wide", "json", "yaml")
    )

    assert [table.code, wide.code, as_json.code, as_yaml.code] == [0, 0, 0, 0], table.err
    assert json.loads(as_json.out) == yaml.safe_load(as_yaml.out)
    assert not cluster.writes()
    told = "".join(one.out + one.err for one in (table, wide, as_json, as_yaml))
    assert not [key for key in keys_of(state) if key in told]


def test_incomplete_plan_says_what_it_could_not_read(shell: Shell) -> None:
    """R-CLN-03."""
    cluster = old_cluster("gen2b").fail(Fault.FORBIDDEN, call="list ReplicaSet", times=9)
    line = shell(cluster)

    shown = line.run("upgrade", "plan")
    refused = line.run("upgrade", "apply", "--yes")

    assert (shown.code, refused.code) == (7, 7)
    assert "replicasets.apps" in shown.err
    assert "replicasets.apps" in refused.err
    assert not cluster.writes()


def test_apply_without_yes_only_shows(shell: Shell) -> None:
    """R-CLN-05."""
    cluster = old_cluster("gen2b")

    shown = shell(cluster).run("upgrade", "apply")

    assert shown.code == 0
    assert "add --yes" in shown.err
    assert "Account/redhat-ods-applications/odh-nim-account" in shown.out
    assert not cluster.writes()


def test_saved_plan_bounds_what_is_done(shell: Shell, tmp_path: Path) -> None:
    """R-CLN-05."""
    cluster = old_cluster("gen2b")
    line, file = shell(cluster), tmp_path / "plan.json"
    assert line.run("upgrade", "plan", "--save", str(file)).code == 0
    # Replaced since: another object under the same name.
    access = cluster.find("Secret", "nvidia-nim-access", "redhat-ods-applications")
    assert access is not None
    cluster.remove("Secret", "nvidia-nim-access", "redhat-ods-applications")
    cluster.put(access)

    done = line.run("upgrade", "apply", "--plan", str(file), "--yes", *QUICK)

    assert done.code == 9
    assert "not in the saved plan" in done.err
    assert cluster.find("Secret", "nvidia-nim-access", "redhat-ods-applications")
    assert not cluster.find("Account", "odh-nim-account", "redhat-ods-applications")


def test_consent_for_the_kind_goes_with_a_saved_plan(shell: Shell, tmp_path: Path) -> None:
    """R-CLN-05, R-CLN-10."""
    cluster = old_cluster("gen2b")
    cluster.put(definition(ACCOUNT_CRD, "v1"))
    no_controller(cluster)
    line, file = shell(cluster), tmp_path / "plan.json"
    assert line.run("upgrade", "plan", "--save", str(file)).code == 0

    done = line.run("upgrade", "apply", "--plan", str(file), "--yes", "--delete-crd", *QUICK)

    assert done.code == 0, done.err
    assert not cluster.find("CustomResourceDefinition", ACCOUNT_CRD, "")


def test_account_stays_if_its_catalogue_was_changed_since_the_plan(
    shell: Shell, tmp_path: Path
) -> None:
    """R-CLN-06."""
    cluster = old_cluster("gen2b")
    line, file = shell(cluster), tmp_path / "plan.json"
    assert line.run("upgrade", "plan", "--save", str(file)).code == 0
    merge(f"ConfigMap/{MAIN}/odh-nim-account-cm", data={"mine": "{}"})(cluster)

    done = line.run("upgrade", "apply", "--plan", str(file), "--yes", *QUICK)

    assert done.code == 9
    assert cluster.find("Account", "odh-nim-account", MAIN)
    assert cluster.find("ConfigMap", "odh-nim-account-cm", MAIN)
    assert "DataScienceCluster/default-dsc: waits" in done.err


@pytest.mark.parametrize("content", ["", "{}", '{"format": "other"}', "[1]", "null"])
def test_file_that_is_no_plan_is_refused(content: str, shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text(content)
    cluster = old_cluster("gen2b")

    refused = shell(cluster).run("upgrade", "apply", "--plan", str(file), "--yes")

    assert refused.code == 2
    assert not cluster.calls


def test_backup_holds_everything_and_secrets_only_encrypted(shell: Shell, tmp_path: Path) -> None:
    """R-CLN-16."""
    cluster = old_cluster("gen2b")
    line, folder, phrase = shell(cluster), tmp_path / "backup", tmp_path / "phrase"
    phrase.write_text("correct horse battery\n")
    options = ["--backup", str(folder), "--backup-secrets", "--passphrase-file", str(phrase)]
    done = line.run("upgrade", "apply", "--yes", *options, *QUICK)
    assert done.code == 0, done.err
    saved = [one for one in yaml.safe_load_all((folder / "objects.yaml").read_text()) if one]
    names = {(one["kind"], one["metadata"]["name"]) for one in saved}
    assert ("Account", "odh-nim-account") in names
    assert ("Secret", "nvidia-nim-access") in names
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0
        text = file.read_text()
        assert not [key for key in keys_of("gen2b") if key in text], file

    out = tmp_path / "open.yaml"
    sealed = str(folder / "secrets.encrypted.json")
    opened = line.run(
        "upgrade", "open-backup", sealed, "--to", str(out), "--passphrase-file", str(phrase)
    )
    assert opened.code == 0, opened.err
    assert out.stat().st_mode & 0o077 == 0
    secrets = [one for one in yaml.safe_load_all(out.read_text()) if one]
    assert "nvidia-nim-access" in {one["metadata"]["name"] for one in secrets}
    phrase.write_text("wrong")
    wrong = line.run(
        "upgrade", "open-backup", sealed, "--to", f"{out}2", "--passphrase-file", str(phrase)
    )
    assert wrong.code == 2
    told = "".join(one.out + one.err for one in (done, opened, wrong))
    assert not [key for key in keys_of("gen2b") if key in told]


def test_status_reads_the_report_and_advises_to_revoke_the_key(shell: Shell) -> None:
    """R-CLN-15, R-CLN-16."""
    cluster = old_cluster("gen2b")
    line = shell(cluster)
    before = line.run("upgrade", "status")
    done = line.run("upgrade", "apply", "--yes", "--report", *QUICK)
    after = line.run("upgrade", "status")

    assert "No clean-up" in before.out
    assert done.code == 0, done.err
    assert "CVE-2026-86332" in done.err
    assert "State: done" in after.out
    assert "CVE-2026-86332" in after.err
    events = [one for one in cluster.snapshot().values() if one["kind"] == "Event"]
    assert [one["reason"] for one in events] == ["UpgradeFinished"]
    written = len(cluster.writes())
    assert line.run("upgrade", "apply", "--yes", "--report", *QUICK).code == 0
    assert len(cluster.writes()) == written


def test_what_waits_ends_with_a_code_of_its_own_but_not_in_the_job(shell: Shell) -> None:
    """R-CLN-15."""
    line = shell(old_cluster("gen3"))

    assert line.run("upgrade", "apply", "--yes", *QUICK).code == 9
    assert line.run("upgrade", "apply", "--yes", "--report", *QUICK).code == 0


def migrated(line: CommandLine, *options: str, key: str = KEY) -> Any:
    return line.run("upgrade", "migrate", *options, "--key-file", "-", stdin=key)


def test_migrate_shows_first_and_prints_no_key(shell: Shell) -> None:
    """R-MIG-03."""
    cluster = old_cluster("gen2b")
    line = shell(cluster)
    shown = migrated(line, "--project", "support-bot")
    done = migrated(line, "--project", "support-bot", "--yes", "--no-wait", "--refresh-runtime")
    again = migrated(line, "--project", "support-bot", "--yes", "--no-wait")

    assert (shown.code, done.code, again.code) == (0, 0, 0), done.err
    assert "add --yes" in shown.err
    assert "nvidia-nim-image-pull" in shown.out
    assert "/opt/nim/nginx" in done.out
    assert "Nothing to do" in again.err
    told = "".join(one.out + one.err for one in (shown, done, again))
    assert not [key for key in [KEY, *keys_of("gen2b")] if key in told]


def test_key_is_checked_before_anything_is_written(shell: Shell) -> None:
    """R-MIG-03."""
    cluster = old_cluster("gen2b")
    line = shell(cluster)
    line.nvidia.ngc.answer = KeyRefusedError()

    refused = migrated(line, "--project", "support-bot", "--yes", "--no-wait")

    assert refused.code == 7
    assert not cluster.writes()


def test_one_of_three_ways_is_named(shell: Shell) -> None:
    line = shell(old_cluster("gen2b"))

    assert line.run("upgrade", "migrate").code == 2
    assert line.run("upgrade", "migrate", "a", "--all").code == 2
    assert line.run("upgrade", "migrate", "absent", "-n", "support-bot").code == 2
