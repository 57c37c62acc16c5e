"""`odh-nim deployments` from the shell's side."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from odh_nim.cli.deployments_output import age
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.command_line import CommandLine
from support.deployments import plan
from support.keys import OTHER
from support.pods import event, replica_set, running, waits
from support.projects import PROJECT, item, world

LLAMA = "meta/llama-3.1-8b-instruct"


@pytest.fixture
def cluster(command_line: CommandLine) -> FakeCluster:
    """A project with one deployment, as the command itself makes it."""
    cluster = world()
    command_line.connect_to(cluster)
    made = command_line.run("deploy", LLAMA, "--name", "llama", "--no-wait")
    assert made.code == 0, made.err
    return cluster


def serve(cluster: FakeCluster, *others: Manifest, ready: bool = True) -> None:
    """Let KServe and a kubelet have made a pod of it."""
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    word = "True" if ready else "False"
    kinds = ("Ready", "PredictorReady")
    service["status"] = {"conditions": [{"type": kind, "status": word} for kind in kinds]}
    for thing in (service, replica_set(1), *(others or (running(ready=ready),))):
        cluster.put(thing)


# ── list and get ────────────────────────────────────────────────────────────────────────────────
def test_list_has_a_row_a_deployment(command_line: CommandLine, cluster: FakeCluster) -> None:
    serve(cluster)

    heading, row = command_line.run("deployments", "list").out.splitlines()

    assert heading.split() == ["NAME", "MODEL", "TAG", "STATUS", "PROTOCOL", "GPUS", "AGE"]
    assert row.split()[:6] == ["llama", "llama-3.1-8b-instruct", "1.8.5", "Ready", "http", "1"]


def test_list_of_all_projects_names_the_project(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    heading, row = command_line.run("deployments", "list", "-A").out.splitlines()

    assert heading.startswith("PROJECT")
    assert row.startswith(PROJECT)


def test_wide_list_has_address_key_and_claim(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    out = command_line.run("deployments", "list", "-o", "wide").out

    assert "nvidia-nim-secrets" in out
    assert "nim-pvc-llama" in out


@pytest.mark.parametrize("output", ["json", "yaml"])
def test_list_for_machines_is_camel_case(
    output: str, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-08."""
    out = command_line.run("deployments", "list", "-o", output).out

    (view,) = json.loads(out) if output == "json" else yaml.safe_load(out)
    assert (view["name"], view["keySecret"], view["managedBy"]) == (
        "llama",
        "nvidia-nim-secrets",
        "odh-nim",
    )


def test_list_of_names_is_what_kubectl_takes(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    out = command_line.run("deployments", "list", "-o", "name").out

    assert out == "inferenceservice.serving.kserve.io/llama\n"


def test_empty_list_says_so_beside_the_data(command_line: CommandLine) -> None:
    command_line.connect_to(world())

    table = command_line.run("deployments", "list")
    data = command_line.run("deployments", "list", "-o", "json")

    assert (table.code, table.out) == (0, "")
    assert "No deployments in project team-a." in table.err
    assert json.loads(data.out) == []


def test_user_without_the_cluster_lists_their_own_projects(
    command_line: CommandLine, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-16: the caller's rights decide."""
    for name in (PROJECT, "team-b"):
        cluster.put(item("Project", name, "project.openshift.io/v1"))
    refuse_where_no_project_is_named(cluster, monkeypatch)

    outcome = command_line.run("deployments", "list", "-A")

    assert outcome.code == 0, outcome.err
    assert outcome.out.splitlines()[1].startswith("team-a   llama")


def test_user_without_the_cluster_and_without_projects_is_told_what_to_do(
    command_line: CommandLine, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.not_served |= {"Project"}
    refuse_where_no_project_is_named(cluster, monkeypatch)

    outcome = command_line.run("deployments", "list", "-A")

    assert outcome.code == 4
    assert "Name a project with -n." in outcome.error_line


def refuse_where_no_project_is_named(cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play RBAC: cluster-wide lists of namespaced kinds are refused."""
    allowed = cluster.list

    async def listed(
        resource: ApiResource, namespace: str | None = None, **selectors: Any
    ) -> list[Manifest]:
        if resource.namespaced and not namespace:
            cluster.forbidden = {f"list {resource.kind}"}
        try:
            return await allowed(resource, namespace, **selectors)
        finally:
            cluster.forbidden = set()

    monkeypatch.setattr(cluster, "list", listed)


def leave_half(cluster: FakeCluster) -> None:
    """Leave what a run leaves that is killed before its InferenceService."""
    for manifest in plan("abc", name="half").manifests[:2]:
        cluster.put(manifest)


def test_unfinished_deployment_is_listed_with_both_ways_on(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-08."""
    leave_half(cluster)

    outcome = command_line.run("deployments", "list")

    assert "half in team-a is unfinished" in outcome.err
    assert "--name half -n team-a --request-id abc" in outcome.err
    assert "odh-nim deployments delete half -n team-a" in outcome.err


def test_claim_that_nobody_uses_is_listed_with_both_ways_on(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-04."""
    command_line.run("deployments", "delete", "llama", "--yes")

    outcome = command_line.run("deployments", "list")

    assert "--storage pvc:nim-pvc-llama" in outcome.err
    assert "kubectl delete persistentvolumeclaims nim-pvc-llama -n team-a" in outcome.err


def test_get_shows_all_facts_and_no_key(command_line: CommandLine, cluster: FakeCluster) -> None:
    """R-KEY-15, R-PROTO-03."""
    outcome = command_line.run("deployments", "get", "llama")

    assert outcome.code == 0
    for line in (
        "Model:         llama-3.1-8b-instruct:1.8.5",
        "Image:         nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5",
        "Protocol:      http",
        "Key:           nvidia-nim-secrets",
        "Claim:         nim-pvc-llama",
    ):
        assert line in outcome.out.splitlines()
    assert "nvapi-" not in outcome.out


def test_get_as_name_and_json(command_line: CommandLine, cluster: FakeCluster) -> None:
    name = command_line.run("deployments", "get", "llama", "-o", "name")
    data = command_line.run("deployments", "get", "llama", "-o", "json")

    assert name.out == "inferenceservice.serving.kserve.io/llama\n"
    assert json.loads(data.out)["protocol"] == "http"


COMMANDS = ["get", "status", "logs", "events", "explain", "stop", "start", "delete"]


@pytest.mark.parametrize("command", COMMANDS)
def test_deployment_that_is_not_there_is_one_line_and_code_3(
    command: str, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-08."""
    outcome = command_line.run("deployments", command, "nope")

    assert outcome.code == 3, outcome.err
    assert "no deployment nope" in outcome.error_line


# ── status, logs, events, explain ───────────────────────────────────────────────────────────────
def test_status_shows_phase_pods_and_what_keeps_it(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-23, R-EXT-02."""
    refused = "failed to pull: 401 Unauthorized"
    waiting = waits("ImagePullBackOff", refused)
    serve(cluster, waiting, event(waiting, "Failed", refused), ready=False)

    outcome = command_line.run("deployments", "status", "llama")
    data = json.loads(command_line.run("deployments", "status", "llama", "-o", "json").out)

    assert outcome.code == 0
    assert "Phase:     pulling image" in outcome.out
    assert "llama-predictor-1-abcde  pulling image  no" in outcome.out
    assert "Cause:" in outcome.out
    assert data["explanations"][0]["code"].startswith("pull-")
    assert data["pods"][0]["phase"] == "pulling image"


def test_watched_status_ends_when_it_is_ready(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-23."""
    serve(cluster)

    outcome = command_line.run("deployments", "status", "llama", "--watch", "--timeout", "10s")

    assert outcome.code == 0
    assert "✓ Ready after" in outcome.err
    assert "1 of 1 ready" in outcome.out


def test_following_ends_with_code_11_when_it_can_never_be_ready(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-02, R-EXT-08: the reason is said."""
    refused = "failed to pull: 401 Unauthorized"
    waiting = waits("ImagePullBackOff", refused)
    serve(cluster, waiting, event(waiting, "Failed", refused), ready=False)

    outcome = command_line.run("deployments", "status", "llama", "--watch", "--timeout", "1s")

    assert outcome.code == 11
    assert "Deployment llama " in outcome.error_line


def test_following_that_takes_too_long_says_that_it_goes_on(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-23: still loading is no failure."""
    serve(cluster, running(), ready=False)

    outcome = command_line.run("deployments", "status", "llama", "--watch", "--timeout", "1s")

    assert outcome.code == 11
    assert "is not ready after 1 s; it goes on starting" in outcome.error_line


def test_logs_are_the_lines_of_the_models_container(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-02."""
    serve(cluster)
    cluster.log_lines = {
        "llama-predictor-1-abcde": ["one", "two", "three"],
        "llama-predictor-1-abcde previous": ["before"],
    }

    assert command_line.run("deployments", "logs", "llama", "--tail", "2").out == "two\nthree\n"
    assert command_line.run("deployments", "logs", "llama", "-p").out == "before\n"
    assert "logs llama-predictor-1-abcde/kserve-container" in cluster.calls


def test_events_are_a_table_and_data(command_line: CommandLine, cluster: FakeCluster) -> None:
    serve(cluster, running(ready=True), event(running(), "Pulling", "Pulling the image"))

    table = command_line.run("deployments", "events", "llama")
    data = command_line.run("deployments", "events", "llama", "-o", "json")

    assert "Warning  Pulling  Pod/llama-predictor-1-abcde  Pulling the image" in table.out
    assert json.loads(data.out)[0]["reason"] == "Pulling"


def test_no_events_are_no_error(command_line: CommandLine, cluster: FakeCluster) -> None:
    outcome = command_line.run("deployments", "events", "llama")

    assert (outcome.code, outcome.out) == (0, "")
    assert "No events" in outcome.err


def test_explain_says_that_nothing_is_known_to_be_wrong(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-02."""
    serve(cluster)

    outcome = command_line.run("deployments", "explain", "llama")

    assert outcome.out == "llama is Ready: no known failure.\n"


def test_explain_gives_cause_action_and_evidence(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-02."""
    refused = "failed to pull: 401 Unauthorized"
    waiting = waits("ErrImagePull", refused)
    serve(cluster, waiting, event(waiting, "Failed", refused), ready=False)

    outcome = command_line.run("deployments", "explain", "llama")

    for fact in ("Where:", "Cause:", "Action:", "Seen:"):
        assert fact in outcome.out


# ── stop and start ──────────────────────────────────────────────────────────────────────────────
def stopped(cluster: FakeCluster) -> bool:
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    return (service["metadata"].get("annotations") or {}).get("serving.kserve.io/stop") == "true"


def test_stop_and_start_say_what_changed(command_line: CommandLine, cluster: FakeCluster) -> None:
    """R-DEP-25."""
    first = command_line.run("deployments", "stop", "llama")
    assert (first.out, stopped(cluster)) == ("llama stopped\n", True)

    assert command_line.run("deployments", "stop", "llama").out == "llama was stopped already\n"
    assert command_line.run("deployments", "start", "llama").out == "llama started\n"
    assert not stopped(cluster)


def test_dry_run_of_stop_changes_nothing(command_line: CommandLine, cluster: FakeCluster) -> None:
    """R-DEP-25."""
    outcome = command_line.run("deployments", "stop", "llama", "--dry-run")

    assert outcome.out == "llama would be stopped\n"
    assert not stopped(cluster)


# ── delete ──────────────────────────────────────────────────────────────────────────────────────
def test_delete_names_everything_and_asks(
    command_line: CommandLine, cluster: FakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-DEP-26."""
    monkeypatch.setattr("odh_nim.cli.deployments_delete.can_prompt", lambda: True)

    no = command_line.run("deployments", "delete", "llama", stdin="n\n")
    assert no.code == 130
    assert "InferenceService       llama" in no.err
    assert "nim-pvc-llama          keep: it holds the weights" in no.err
    assert "InferenceService/llama" in cluster.names()

    yes = command_line.run("deployments", "delete", "llama", stdin="y\n")
    assert yes.code == 0
    assert "deleted" in yes.out
    assert "InferenceService/llama" not in cluster.names()
    assert "PersistentVolumeClaim/nim-pvc-llama" in cluster.names()


def test_delete_without_anybody_to_ask_deletes_nothing(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-26."""
    before = cluster.snapshot()

    outcome = command_line.run("deployments", "delete", "llama")

    assert outcome.code == 2
    assert "--yes" in outcome.error_line
    assert cluster.snapshot() == before


def test_delete_takes_the_claim_only_when_asked(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-26: and never the project's key."""
    outcome = command_line.run(
        "deployments", "delete", "llama", "--yes", "--with-pvc", "-o", "json"
    )

    assert "PersistentVolumeClaim/nim-pvc-llama" in json.loads(outcome.out)["deleted"]
    assert "PersistentVolumeClaim/nim-pvc-llama" not in cluster.names()
    assert "Secret/nvidia-nim-secrets" in cluster.names()


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
def test_dry_run_of_delete_deletes_nothing(
    output: str, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-26."""
    before = cluster.snapshot()

    outcome = command_line.run("deployments", "delete", "llama", "--dry-run", "-o", output)

    assert outcome.code == 0
    assert "llama" in outcome.out
    assert cluster.snapshot() == before


def test_delete_fails_closed_when_something_cannot_be_read(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-26: cannot tell is not no."""
    cluster.fail(Fault.SERVER_ERROR, call="list InferenceService", times=9)
    cluster.fail(Fault.SERVER_ERROR, call="get PersistentVolumeClaim", times=9)

    outcome = command_line.run("deployments", "delete", "llama", "--yes", "--with-pvc")

    assert outcome.code == 6
    assert "InferenceService/llama" in cluster.names()


def test_unfinished_deployment_is_deleted_by_its_name(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-08."""
    leave_half(cluster)

    done = command_line.run("deployments", "delete", "half", "--yes", "--with-pvc")

    assert done.code == 0
    assert not any(name.endswith("half") for name in cluster.names())


def test_run_killed_after_its_key_is_deleted_by_its_name(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-08: also where nothing but the own key was written."""
    for manifest in plan("abc", key=OTHER, choice=KeyChoice.OWN, name="half").key_secrets:
        cluster.put(manifest)

    dry = command_line.run("deployments", "delete", "half", "--dry-run")
    nobody = command_line.run("deployments", "delete", "half")
    done = command_line.run("deployments", "delete", "half", "--yes")

    assert (dry.code, nobody.code, done.code) == (0, 2, 0)
    assert not any(name.endswith("half") for name in cluster.names())


@pytest.mark.parametrize(
    ("created", "shown"),
    [
        ("2026-01-01T00:00:00Z", "2d"),
        ("2026-01-02T21:00:00Z", "3h"),
        ("2026-01-02T23:55:00+00:00", "5m"),
        ("2026-01-02T23:59:30Z", "30s"),
        ("2026-01-02T23:59:30", "30s"),
        ("2027-01-01T00:00:00Z", "0s"),
        ("", ""),
        ("yesterday", ""),
    ],
)
def test_age_is_written_as_kubectl_does(created: str, shown: str) -> None:
    assert age(created, datetime(2026, 1, 3, tzinfo=UTC)) == shown
