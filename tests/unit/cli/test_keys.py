"""`odh-nim keys` from the shell's side: codes, lines, and never the key."""

import json
import logging
import os
import pty
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    ForbiddenError,
    KeyRefusedError,
    NgcUnavailableError,
    UnreachableError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from support.catalogs import FakeCluster, config_map, entry
from support.command_line import CommandLine, Outcome, Services
from support.keys import (
    CANARY,
    OTHER,
    Caller,
    FakeNvidia,
    FakeRegistry,
    FakeSecrets,
    Fault,
    Pull,
    encoded,
    key_secret,
    pull_secret,
)

LLAMA = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"


class Cluster(FakeSecrets):
    """A project with Secrets, in a cluster with a catalogue and a configuration."""

    config = SimpleNamespace(namespace="team-a")

    def __init__(self, nim_config: str = "", *, installed: bool = True) -> None:
        super().__init__()
        catalog = config_map({"llama-3.1-8b-instruct": entry(defaultTag="1.8.5")})
        settings = config_map({"nimConfig": nim_config}, name="odh-nim-config")
        self.installed = FakeCluster(*([catalog, settings] if installed else []))
        self.installed.not_served = {"OdhDashboardConfig", "DSCInitialization"}

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        if resource.kind == "Secret":
            return await super().get(resource, name, namespace)
        return await self.installed.get(resource, name, namespace)

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        return await self.installed.list(resource, namespace)


@pytest.fixture
def cluster(command_line: CommandLine) -> Cluster:
    cluster = Cluster()
    command_line.connect_to(cluster)
    return cluster


def assert_no_key(outcome: Outcome, key: str = CANARY) -> None:
    for form in (key, encoded(key), encoded(f"$oauthtoken:{key}")):
        assert form not in outcome.out + outcome.err


# ── set ─────────────────────────────────────────────────────────────────────────────────────────
def test_set_stores_a_piped_key_and_says_where(command_line: CommandLine, cluster: Cluster) -> None:
    """R-KEY-01, 10."""
    outcome = command_line.run("keys", "set", "-n", "team-a", stdin=f"{CANARY}\n")

    assert outcome.code == 0
    assert outcome.out == (
        "Key of project team-a stored (Secret/nvidia-nim-secrets, Secret/nvidia-nim-image-pull).\n"
    )
    assert outcome.err == "Next: odh-nim deploy MODEL -n team-a\n"
    assert cluster.objects["nvidia-nim-secrets"]["data"]["NGC_API_KEY"] == encoded(CANARY)
    assert_no_key(outcome)


def test_set_works_in_the_project_of_the_context(
    command_line: CommandLine, cluster: Cluster
) -> None:
    assert "project team-a" in command_line.run("keys", "set", stdin=CANARY).out


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_set_tells_machines_what_it_did(
    output: str, command_line: CommandLine, cluster: Cluster
) -> None:
    """R-EXT-08."""
    outcome = command_line.run("keys", "set", "-o", output, stdin=CANARY)

    data = json.loads(outcome.out) if output == "json" else yaml.safe_load(outcome.out)
    assert (data["project"], data["change"], data["check"]) == ("team-a", "created", "valid")
    assert data["secrets"] == ["nvidia-nim-secrets", "nvidia-nim-image-pull"]
    assert_no_key(outcome)


def test_set_says_what_it_took_off_a_paste(command_line: CommandLine, cluster: Cluster) -> None:
    """R-KEY-02."""
    outcome = command_line.run("keys", "set", stdin=f'  "Bearer {CANARY}"\r\n')

    assert outcome.code == 0
    assert "removed from the key: white space around it, quotes, the word Bearer" in outcome.err
    assert cluster.objects["nvidia-nim-secrets"]["data"]["api_key"] == encoded(CANARY)


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        ("", "standard input is empty"),
        (f"{CANARY[:20]}\n{CANARY[20:]}", "white space or a line break inside"),
        ("sk-another-vendors-key-0123456789", "does not start with nvapi-"),
        ("bGVnYWN5LWtleS1vZi1hbi1vcmdhbmlzYXRpb24=", "legacy organisation key"),
        ("nvapi-short", "it has 11 characters"),
        (f"{CANARY}é", "characters that no key has"),
        (f"{CANARY}\x00", "characters that no key has"),
        ("nvapi-" + "a" * 100_000, "a key has at most 1000"),
    ],
)
def test_set_refuses_what_is_no_key_before_any_call(
    pasted: str, reason: str, command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-02, 03."""
    outcome = command_line.run("keys", "set", stdin=pasted)

    assert outcome.code == 2
    assert reason in outcome.error_line
    assert command_line.opened == 0
    assert cluster.writes == []
    assert not pasted or pasted[:12] not in outcome.err


@pytest.mark.parametrize(
    ("answer", "code", "text"),
    [
        (KeyRefusedError(), 7, "NVIDIA refused the key"),
        (NgcUnavailableError("api.ngc.nvidia.com", "429"), 6, "neither accepted nor refused"),
    ],
)
def test_set_stores_nothing_that_nvidia_does_not_accept(
    answer: KeyRefusedError | NgcUnavailableError,
    code: int,
    text: str,
    command_line: CommandLine,
    cluster: Cluster,
) -> None:
    """R-KEY-04."""
    command_line.nvidia = Services(FakeNvidia(answer))

    outcome = command_line.run("keys", "set", stdin=CANARY)

    assert outcome.code == code
    assert text in outcome.error_line
    assert cluster.writes == []
    assert_no_key(outcome)


def test_set_skips_the_check_only_when_told_so(command_line: CommandLine, cluster: Cluster) -> None:
    """R-ROT-02: explicit, said, and no time of a check recorded."""
    outcome = command_line.run("keys", "set", "--skip-check", stdin=CANARY)

    assert outcome.code == 0
    assert "--skip-check" in outcome.err
    assert command_line.opened == 0
    marks = cluster.objects["nvidia-nim-secrets"]["metadata"]["annotations"]
    assert "nim.opendatahub.io/key-checked-at" not in marks


def test_set_does_not_ask_nvidia_where_an_admin_does_not_want_it(
    command_line: CommandLine,
) -> None:
    """R-CFG-05."""
    command_line.connect_to(cluster := Cluster("disableKeyValidation: true"))

    outcome = command_line.run("keys", "set", stdin=CANARY)

    assert outcome.code == 0
    assert "disableKeyValidation" in outcome.err
    assert command_line.opened == 0
    assert "nvidia-nim-secrets" in cluster.objects


@pytest.mark.parametrize("verb", ["set", "check"])
def test_no_key_is_asked_for_where_none_are_collected(verb: str, command_line: CommandLine) -> None:
    """R-CFG-06."""
    command_line.connect_to(cluster := Cluster("disconnected: {disableKeyCollection: true}"))

    outcome = command_line.run("keys", verb, stdin=CANARY)

    assert outcome.code == 2
    assert "collects no keys" in outcome.error_line
    assert command_line.opened == 0
    assert cluster.calls == []


def test_set_works_before_anything_is_installed(command_line: CommandLine) -> None:
    command_line.connect_to(Cluster(installed=False))

    assert command_line.run("keys", "set", stdin=CANARY).code == 0


def test_set_names_missing_rights_before_it_reads_the_key(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-16."""
    cluster.denied = {"create"}

    outcome = command_line.run("keys", "set", stdin="")

    assert outcome.code == 4
    assert "you may not create Secrets there" in outcome.error_line


def test_set_leaves_a_foreign_secret_and_says_what_it_seems(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-14."""
    cluster.put(key_secret(OTHER, labels={}, fields=("NGC_API_KEY",)))

    outcome = command_line.run("keys", "set", "--replace", stdin=CANARY)

    assert outcome.code == 5
    assert "looks like a copy of an administrator's key" in outcome.error_line
    assert cluster.writes == []
    assert_no_key(outcome)
    assert_no_key(outcome, OTHER)


def test_set_replaces_another_key_only_with_replace(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-14."""
    cluster.put(key_secret(OTHER), pull_secret(OTHER))

    refused = command_line.run("keys", "set", stdin=CANARY)
    replaced = command_line.run("keys", "set", "--replace", stdin=CANARY)
    again = command_line.run("keys", "set", stdin=CANARY)

    assert (refused.code, replaced.code, again.code) == (5, 0, 0)
    assert "--replace" in refused.error_line
    assert "replaced" in replaced.out
    assert "unchanged" in again.out
    assert "keep the old key" in replaced.err


def test_set_gives_a_deployment_its_own_key(command_line: CommandLine, cluster: Cluster) -> None:
    """R-KEY-13."""
    outcome = command_line.run("keys", "set", "--deployment", "llama", stdin=CANARY)

    assert outcome.code == 0
    assert set(cluster.objects) == {"nvidia-nim-secrets-llama", "nvidia-nim-image-pull-llama"}


def test_set_notes_the_day_a_key_ends(command_line: CommandLine, cluster: Cluster) -> None:
    """R-KEY-11; F53."""
    outcome = command_line.run("keys", "set", "--expires", "2020-01-31", stdin=CANARY)

    marks = cluster.objects["nvidia-nim-secrets"]["metadata"]["annotations"]
    assert marks["nim.opendatahub.io/key-expires"] == "2020-01-31"
    assert "2020-01-31 is in the past" in outcome.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-n", "Team_A"], "'Team_A' cannot be the project"),
        (["-n", "kube-system"], "system namespaces are no projects"),
        (["-n", "opendatahub"], "applications namespace"),
        (["--deployment", "My.Model"], "'My.Model' cannot be the name"),
        (["--expires", "tomorrow"], "does not match the format"),
    ],
)
def test_set_refuses_wrong_input(
    arguments: list[str], text: str, command_line: CommandLine, cluster: Cluster
) -> None:
    """R-DEP-11."""
    outcome = command_line.run("keys", "set", *arguments, stdin=CANARY)

    assert outcome.code == 2
    assert text in outcome.err
    assert cluster.writes == []


def test_failed_write_is_undone_and_exits_as_its_cause(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-12."""
    denied = ForbiddenError("create Secret", "denied by a webhook.", status=403)
    cluster.faults["create Secret/nvidia-nim-image-pull"] = Fault(denied)

    outcome = command_line.run("keys", "set", stdin=CANARY)

    assert outcome.code == 4
    assert "Nothing is changed." in outcome.error_line
    assert cluster.objects == {}


# ── The key file ────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o604, True)])
def test_key_file_that_others_can_read_is_warned_of(
    mode: int, *, warned: bool, command_line: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    """R-KEY-01."""
    file = tmp_path / "key"
    file.write_text(f"{CANARY}\n")
    file.chmod(mode)

    outcome = command_line.run("keys", "set", "--key-file", str(file))

    assert outcome.code == 0
    assert ("can be read by other users" in outcome.err) is warned


@pytest.mark.parametrize("name", ["missing", "."])
def test_key_file_that_cannot_be_read_is_one_line(
    name: str, command_line: CommandLine, cluster: Cluster, tmp_path: Path
) -> None:
    outcome = command_line.run("keys", "set", "--key-file", str(tmp_path / name))

    assert outcome.code == 2
    assert "The key cannot be read from" in outcome.error_line


def test_dash_reads_the_key_from_standard_input(
    command_line: CommandLine, cluster: Cluster
) -> None:
    assert command_line.run("keys", "set", "--key-file", "-", stdin=CANARY).code == 0


def test_prompt_hides_the_key_on_a_real_terminal() -> None:
    """R-KEY-01."""
    script = (
        "from odh_nim.cli.key_input import read_key\n"
        "key = read_key(None, owner='project team-a')\n"
        f"print('same' if key.reveal() == {CANARY!r} else 'other')"
    )
    pid, terminal = pty.fork()
    if pid == 0:  # the child: a shell's job on a terminal of its own
        os.execv(sys.executable, [sys.executable, "-c", script])  # noqa: S606 - no shell is wanted
    shown = b""
    while b":" not in shown:
        shown += os.read(terminal, 1000)
    os.write(terminal, f"{CANARY}\n".encode())
    try:
        while chunk := os.read(terminal, 1000):
            shown += chunk
    except OSError:  # Linux answers EIO when the child has closed its side
        pass
    os.close(terminal)
    _, status = os.waitpid(pid, 0)

    assert status == 0
    assert b"NGC API key of project team-a" in shown
    assert b"same" in shown
    assert CANARY.encode() not in shown


def test_person_at_a_terminal_is_asked_before_a_key_is_replaced(
    command_line: CommandLine, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.put(key_secret(OTHER), pull_secret(OTHER))
    monkeypatch.setattr("odh_nim.cli.keys_flow.can_prompt", lambda: True)

    no = command_line.run("keys", "set", stdin="n\n")
    # The prompt itself is tested on a real terminal.
    monkeypatch.setattr("odh_nim.cli.keys_flow.read_key", lambda *_, **__: ApiKey(CANARY))
    yes = command_line.run("keys", "set", stdin="y\n")

    assert no.code == 130
    assert "has a key already" in no.err
    assert yes.code == 0
    assert "replaced" in yes.out


# ── check ───────────────────────────────────────────────────────────────────────────────────────
def test_check_says_that_the_stored_key_is_valid_and_writes_nothing(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-04, 15."""
    cluster.put(key_secret(), pull_secret())

    outcome = command_line.run("keys", "check")

    assert outcome.code == 0
    assert "Key of:   project team-a\n" in outcome.out
    assert "State:    valid\n" in outcome.out
    assert cluster.writes == []
    assert_no_key(outcome)


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (Caller(), "valid", 0),
        (KeyRefusedError(), "refused", 7),
        (NgcUnavailableError("api.ngc.nvidia.com", "no answer"), "could-not-ask", 6),
    ],
)
def test_check_gives_the_three_answers(
    answer: Caller | KeyRefusedError, state: str, code: int, command_line: CommandLine,
    cluster: Cluster,
) -> None:  # fmt: skip
    """R-KEY-04."""
    cluster.put(key_secret(), pull_secret())
    command_line.nvidia = Services(FakeNvidia(answer))

    outcome = command_line.run("keys", "check", "-o", "json")

    assert (json.loads(outcome.out)["state"], outcome.code) == (state, code)


@pytest.mark.parametrize(
    ("secrets", "state", "code"),
    [
        ([], "absent", 3),
        ([key_secret()], "incomplete", 5),
        ([key_secret(), pull_secret(OTHER)], "differing", 5),
        ([key_secret(labels={}, fields=("NGC_API_KEY",))], "foreign", 5),
        ([key_secret("bGVnYWN5" * 5), pull_secret("bGVnYWN5" * 5)], "legacy", 2),
        ([key_secret("not a key"), pull_secret("not a key")], "invalid", 2),
    ],
)
def test_check_of_what_is_no_usable_key_asks_nobody(
    secrets: list[Manifest], state: str, code: int, command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-03, 14, 15."""
    cluster.put(*secrets)

    outcome = command_line.run("keys", "check", "-o", "json")

    assert (json.loads(outcome.out)["state"], outcome.code) == (state, code)
    assert outcome.error_line
    assert command_line.opened == 0


def test_check_asks_the_registry_for_models_and_images(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-09."""
    cluster.put(key_secret(), pull_secret())
    answers = {LLAMA: Pull("no-terms", blocks=True, message="No right (403).", remedy="Accept.")}
    command_line.nvidia = Services(registry=FakeRegistry(answers))

    outcome = command_line.run(
        "keys", "check", "--model", "meta/llama-3.1-8b-instruct",
        "--image", "nvcr.io/nim/nvidia/riva-asr:1.3.0",
    )  # fmt: skip

    assert outcome.code == 7
    assert "It may pull nvcr.io/nim/nvidia/riva-asr:1.3.0.\n" in outcome.out
    assert f"error: {LLAMA}: No right (403). Accept." in outcome.err


def test_check_of_a_refused_key_says_nothing_about_images(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-09: what was not asked is not answered."""
    cluster.put(key_secret(), pull_secret())
    command_line.nvidia = Services(FakeNvidia(KeyRefusedError()))

    outcome = command_line.run("keys", "check", "--model", "llama-3.1-8b-instruct", "-o", "json")

    assert outcome.code == 7
    assert json.loads(outcome.out)["images"] == {}


def test_check_of_a_given_key_leaves_the_stored_one_alone(
    command_line: CommandLine, cluster: Cluster
) -> None:
    outcome = command_line.run("keys", "check", "--key-file", "-", stdin=CANARY)

    assert outcome.code == 0
    assert "the given key" in outcome.out
    assert [call for call in cluster.calls if "Secret" in call] == []


def test_check_of_an_unknown_model_names_the_nearest(
    command_line: CommandLine, cluster: Cluster
) -> None:
    outcome = command_line.run("keys", "check", "--model", "llama-3.1-8b-instrukt")

    assert outcome.code == 3
    assert "Did you mean llama-3.1-8b-instruct" in outcome.error_line


@pytest.mark.parametrize(
    "arguments",
    [["keys", "set"], ["keys", "set", "--replace"], ["keys", "check"], ["keys", "check", "-ojson"]],
)
def test_key_is_in_no_output_and_no_log_at_debug(
    arguments: list[str], command_line: CommandLine, cluster: Cluster,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """R-KEY-01: in any form."""
    cluster.put(key_secret(OTHER), pull_secret(OTHER))
    cluster.faults["replace *"] = Fault(UnreachableError("replace", "no connection"))
    caplog.set_level(logging.DEBUG)

    outcome = command_line.run("--debug", *arguments, stdin=CANARY)

    for key in (CANARY, OTHER):
        assert_no_key(outcome, key)
        assert key not in caplog.text
