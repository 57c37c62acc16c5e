"""`odh-nim keys show|rotate|remove` and `deployments edit` from the shell's side."""

import json
from types import SimpleNamespace

import pytest

from odh_nim.domain.errors import KeyRefusedError, NgcUnavailableError
from support.catalogs import config_map, entry
from support.cluster import FakeCluster
from support.command_line import CommandLine, Outcome, Services
from support.deployments import plan
from support.keys import (
    CANARY,
    OTHER,
    FakeNvidia,
    FakeRegistry,
    Pull,
    encoded,
    key_secret,
    pull_secret,
)

LLAMA = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
ROTATE = ("keys", "rotate", "-n", "team-a")
EDIT = ("deployments", "edit", "llama", "-n", "team-a")


class Cluster(FakeCluster):
    """A project with a key and one deployment, in a cluster with a catalogue."""

    config = SimpleNamespace(namespace="team-a")


@pytest.fixture
def cluster(command_line: CommandLine) -> Cluster:
    cluster = Cluster(
        key_secret(OTHER),
        pull_secret(OTHER),
        *plan().objects,
        config_map({"llama-3.1-8b-instruct": entry(defaultTag="1.8.5")}),
    )
    cluster.not_served = {"OdhDashboardConfig", "DSCInitialization", "Template", "Route"}
    command_line.connect_to(cluster)
    return cluster


def writes(cluster: Cluster) -> list[str]:
    return [call for call in cluster.writes() if not call.startswith("dry-run")]


def assert_no_key(outcome: Outcome) -> None:
    for key in (CANARY, OTHER):
        for form in (key, encoded(key), encoded(f"$oauthtoken:{key}")):
            assert form not in outcome.out + outcome.err


def test_rotation_without_waiting_reports_each_deployment(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-ROT-01, R-ROT-10, R-KEY-01."""
    outcome = command_line.run(*ROTATE, "--no-wait", "-o", "json", stdin=f"{CANARY}\n")

    assert outcome.code == 0, outcome.err
    report = json.loads(outcome.out)
    assert report["change"] == "replaced"
    assert [(one["name"], one["result"]) for one in report["deployments"]] == [
        ("llama", "requested")
    ]
    assert command_line.nvidia.registry.asked == [LLAMA]
    assert_no_key(outcome)


def test_rotation_in_order_checks_stores_restarts(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-ROT-01: the recorded order."""
    command_line.run(*ROTATE, "--no-wait", stdin=CANARY)

    assert writes(cluster) == [
        "replace Secret/nvidia-nim-secrets",
        "replace Secret/nvidia-nim-image-pull",
        "patch InferenceService/llama",
    ]


@pytest.mark.parametrize(
    ("ngc", "registry", "code"),
    [
        (FakeNvidia(KeyRefusedError()), FakeRegistry(), 7),
        (FakeNvidia(NgcUnavailableError("ngc", "timeout")), FakeRegistry(), 6),
        (FakeNvidia(), FakeRegistry({LLAMA: Pull("402", blocks=True, message="No licence.")}), 7),
    ],
)
def test_key_that_fails_its_check_changes_nothing(
    command_line: CommandLine,
    cluster: Cluster,
    ngc: FakeNvidia,
    registry: FakeRegistry,
    code: int,
) -> None:
    """R-ROT-02."""
    command_line.nvidia = Services(ngc, registry)

    outcome = command_line.run(*ROTATE, stdin=CANARY)

    assert (outcome.code, writes(cluster)) == (code, [])
    assert_no_key(outcome)


def test_skipped_check_is_said(command_line: CommandLine, cluster: Cluster) -> None:
    """R-ROT-02."""
    outcome = command_line.run(*ROTATE, "--skip-check", "--no-restart", stdin=CANARY)

    assert (outcome.code, command_line.opened) == (0, 0)
    assert "--skip-check" in outcome.err
    secret = cluster.find("Secret", "nvidia-nim-secrets")
    assert secret is not None
    assert "nim.opendatahub.io/key-checked-at" not in secret["metadata"]["annotations"]


def test_no_restart_shows_as_pending(command_line: CommandLine, cluster: Cluster) -> None:
    """R-ROT-04."""
    outcome = command_line.run(*ROTATE, "--no-restart", stdin=CANARY)

    assert outcome.code == 0
    assert "Restart pending" in outcome.err
    assert "patch InferenceService/llama" not in writes(cluster)


def test_dry_run_asks_for_no_key_and_writes_nothing(
    command_line: CommandLine, cluster: Cluster
) -> None:
    outcome = command_line.run(*ROTATE, "--dry-run")

    assert (outcome.code, cluster.writes(), command_line.opened) == (0, [], 0)
    assert "restart" in outcome.out


@pytest.mark.parametrize(
    "options",
    [
        ("--resume", "--key-file", "key"),
        ("--resume", "--expires", "2027-01-31"),
        ("--back-on-failure", "--no-wait"),
        ("--back-on-failure", "--no-restart"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    command_line: CommandLine, cluster: Cluster, options: tuple[str, ...]
) -> None:
    outcome = command_line.run(*ROTATE, *options)

    assert (outcome.code, cluster.calls) == (2, [])


def test_missing_right_is_named_before_the_key_is_asked_for(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-16."""
    cluster.forbidden.add("update Secret")

    outcome = command_line.run(*ROTATE, stdin=CANARY)

    assert outcome.code == 4
    assert "update secrets" in outcome.error_line


def test_cluster_that_collects_no_keys_rotates_none(
    command_line: CommandLine, cluster: Cluster
) -> None:
    cluster.put(
        config_map(
            {"nimConfig": "disconnected: {disableKeyCollection: true}"}, name="odh-nim-config"
        )
    )

    outcome = command_line.run(*ROTATE, stdin=CANARY)

    assert (outcome.code, writes(cluster)) == (2, [])


def test_show_tells_everything_but_the_key(command_line: CommandLine, cluster: Cluster) -> None:
    """R-KEY-15."""
    outcome = command_line.run("keys", "show", "-n", "team-a", "-o", "json")

    shown = json.loads(outcome.out)
    assert (shown["state"], shown["agree"]) == ("ours", True)
    assert [user["name"] for user in shown["users"]] == ["llama"]
    assert_no_key(outcome)


def test_remove_is_refused_while_in_use_and_asks_otherwise(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-KEY-17."""
    refused = command_line.run("keys", "remove", "-n", "team-a", "--yes")
    nobody = command_line.run("keys", "remove", "-n", "team-a", "--force")
    before = writes(cluster)
    forced = command_line.run("keys", "remove", "-n", "team-a", "--force", "--yes")

    assert (refused.code, "llama" in refused.err) == (5, True)
    assert (nobody.code, before) == (2, [])
    assert forced.code == 0
    assert "none will start again" in forced.err
    assert len(writes(cluster)) == 2


def test_edit_shows_the_difference_and_writes_nothing_in_a_dry_run(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-DEP-24."""
    outcome = command_line.run(*EDIT, "--memory", "24Gi", "--dry-run")

    assert (outcome.code, writes(cluster)) == (0, []), outcome.err
    assert '+          memory: "24Gi"' in outcome.out
    assert "pods are replaced" in outcome.err


def test_edit_without_a_person_needs_yes(command_line: CommandLine, cluster: Cluster) -> None:
    outcome = command_line.run(*EDIT, "--memory", "24Gi")

    assert (outcome.code, writes(cluster)) == (2, [])


def test_edit_refuses_grpc_for_a_language_model(
    command_line: CommandLine, cluster: Cluster
) -> None:
    """R-PROTO-02."""
    outcome = command_line.run(*EDIT, "--protocol", "grpc", "--yes")

    assert (outcome.code, writes(cluster)) == (7, [])
    assert "does not speak gRPC" in outcome.err


@pytest.mark.parametrize(
    "options",
    [(), ("--own-key", "--project-key"), ("--arg", "a", "--no-args"), ("--env", "NOVALUE")],
)
def test_edit_of_nothing_or_nonsense_is_refused(
    command_line: CommandLine, cluster: Cluster, options: tuple[str, ...]
) -> None:
    outcome = command_line.run(*EDIT, *options)

    assert (outcome.code, cluster.calls) == (2, [])


def test_edit_writes_what_was_asked_for(command_line: CommandLine, cluster: Cluster) -> None:
    """R-DEP-24."""
    outcome = command_line.run(*EDIT, "--memory", "24Gi", "--yes", "--no-wait", "-o", "json")

    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["objects"] == ["InferenceService/llama"]
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    limits = service["spec"]["predictor"]["model"]["resources"]["limits"]
    assert limits["memory"] == "24Gi"
