"""Everything that people get wrong: the right exit code and one clear sentence, nothing written."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from odh_nim.domain.manifest import Manifest
from support.catalogs import entry
from support.cluster import FakeCluster
from support.command_line import CommandLine
from support.keys import CANARY, OTHER, key_secret, pull_secret
from support.projects import APPLICATIONS, MODELS, PROJECT, claim, item, quota, world

LLAMA = "llama-3.1-8b-instruct"


def other_service(name: str = "llama") -> Manifest:
    return item(
        "InferenceService",
        name,
        "serving.kserve.io/v1beta1",
        metadata={"namespace": PROJECT, "labels": {"app.kubernetes.io/managed-by": "Helm"}},
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        # Models and tags
        (["llama-3.1-8b-instrukt"], 3, ["no model", "Did you mean llama-3.1-8b-instruct"]),
        (["mete/llama-3.1-8b-instruct"], 3, ["no model mete/llama", "meta/llama-3.1-8b-instruct"]),
        (["zzz"], 3, ["no model zzz", "`odh-nim models list` shows all"]),
        ([f"{LLAMA}:1.8.6"], 3, ["no tag 1.8.6", "Did you mean 1.8.5"]),
        ([f"{LLAMA}:"], 2, ["is no model", "MODEL[:TAG]"]),
        (["a/b/c/d"], 2, ["is no model"]),
        # Names and projects
        ([LLAMA, "--name", "Llama"], 2, ["lower case letters", "Try --name llama"]),
        ([LLAMA, "--name", "1llama"], 2, ["a letter first"]),
        ([LLAMA, "--name", "a" * 54], 2, ["54 characters, at most 53"]),
        ([LLAMA, "--name", "a" * 50], 2, ["at most 52"]),
        ([LLAMA, "--name", "kserve-tritonserver"], 2, ["KServe's own model servers"]),
        ([LLAMA, "-n", "kube-system"], 2, ["system namespaces are no projects"]),
        ([LLAMA, "-n", APPLICATIONS], 2, ["applications namespace", "Choose a project"]),
        ([LLAMA, "-n", "Team A"], 2, ["'Team A' cannot be the project"]),
        # Amounts
        ([LLAMA, "--cpu", "many"], 7, ["error: cpu: 'many' is no cpu", "500m"]),
        ([LLAMA, "--memory", "0"], 7, ["error: memory:", "above zero"]),
        ([LLAMA, "--replicas", "0"], 7, ["At least one replica"]),
        ([LLAMA, "--gpus", "-1"], 7, ["error: gpus: GPUs cannot be fewer than none"]),
        # Storage
        ([LLAMA, "--storage", "big"], 7, ["error: storage: 'big' is no size"]),
        ([LLAMA, "--storage", "pvc:missing"], 7, ["PersistentVolumeClaim/missing"]),
        ([LLAMA, "--storage", "pvc:a/../b"], 7, ["no `..`"]),
        ([LLAMA, "--storage", "pvc:Not_A_Name"], 7, ["cannot be the name of a PersistentVolume"]),
        ([LLAMA, "--storage-class", "slow"], 7, ["no storage class slow", "There are fast"]),
        # Protocol and access
        ([LLAMA, "--protocol", "grpc"], 7, ["does not speak gRPC", "Use --protocol http"]),
        (
            ["nv-embedqa-e5-v5", "--protocol", "grpc", "--auth"],
            7,
            ["Token access does not carry gRPC"],
        ),
        ([LLAMA, "--token", "Not A Token"], 7, ["cannot be the name of a token"]),
        # The container
        ([LLAMA, "--env", "NGC_API_KEY=x"], 7, ["is set by the deployment itself"]),
        ([LLAMA, "--env", "1A=x"], 7, ["cannot be the name of a variable"]),
        ([LLAMA, "--env", "A"], 2, ["write NAME=VALUE"]),
        ([LLAMA, "--toleration", "a b"], 2, ["is no taint"]),
        # Options that do not go together, and typing errors
        ([LLAMA, "--no-key", "--own-key"], 2, ["do not go together"]),
        ([LLAMA, "--key-file", "missing"], 2, ["missing: No such file"]),
        ([LLAMA, "--timeout", "soon"], 2, ["'soon' is no duration"]),
        ([LLAMA, "--request-id", "a b"], 2, ["is no request id"]),
        ([LLAMA, "--dry-run=maybe"], 2, ["'maybe' is not one of"]),
        ([LLAMA, "--gpu-count", "1"], 2, ["No such option"]),
        ([], 2, ["Missing argument"]),
    ],
)
def test_wrong_input_of_deploy_is_refused_before_anything_is_written(
    arguments: list[str], code: int, words: list[str], command_line: CommandLine
) -> None:
    """R-DEP-03, 11, 14, R-PROTO-02, R-TST-02."""
    command_line.connect_to(cluster := world())

    outcome = command_line.run("deploy", *arguments, "--no-wait")

    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    for word in words:
        assert word in outcome.err
    assert cluster.writes() == []


@pytest.mark.parametrize(
    ("objects", "options", "words"),
    [
        (
            [other_service()],
            [],
            ["InferenceService/llama", "is taken", "managed by Helm", "llama-2"],
        ),
        (
            [claim("nim-pvc-llama")],
            [],
            ["PersistentVolumeClaim/nim-pvc-llama", "--storage pvc:nim-pvc-llama"],
        ),
        (
            [quota(requests_storage="10Gi")],
            [],
            ["error: ResourceQuota/q: requests.storage: 1 of 10Gi", "needs 50Gi more"],
        ),
        ([key_secret(OTHER), pull_secret()], [], ["error: key: The key in Secret/nvidia-nim"]),
    ],
)
def test_what_is_there_already_is_named_with_its_owner(
    objects: list[Manifest], options: list[str], words: list[str], command_line: CommandLine
) -> None:
    """R-DEP-03, 12."""
    command_line.connect_to(cluster := world(*objects))

    outcome = command_line.run("deploy", LLAMA, "--name", "llama", "--no-wait", *options)

    assert outcome.code == 7, outcome.err
    for word in words:
        assert word in outcome.err
    assert cluster.writes() == []


@pytest.mark.parametrize(
    ("existing", "options", "words"),
    [
        (claim("weights", size="1Gi"), [], ["claim-small", "1Gi"]),
        (claim("weights"), ["--replicas", "2"], ["2 replicas share a ReadWriteOnce claim"]),
    ],
)
def test_claim_that_may_not_do_is_warned_of(
    existing: Manifest, options: list[str], words: list[str], command_line: CommandLine
) -> None:
    """R-DEP-14."""
    catalog = MODELS | {LLAMA: entry(weightsBytes=16_000_000_000)}
    command_line.connect_to(world(existing, catalog=catalog))

    outcome = command_line.run(
        "deploy", LLAMA, "--storage", "pvc:weights", "--no-wait", "--dry-run", *options
    )

    assert outcome.code == 0, outcome.err
    assert "warning: " in outcome.err
    assert words[-1] in outcome.err


def test_no_free_gpu_is_said_node_by_node(command_line: CommandLine) -> None:
    """R-DEP-19."""
    command_line.connect_to(world(gpus=0))

    outcome = command_line.run("deploy", LLAMA, "--no-wait", "--dry-run")

    assert outcome.code == 0
    assert "gpus" in outcome.err
    assert "warning" in outcome.err


def test_missing_rights_are_named_by_verb_and_type_all_at_once(command_line: CommandLine) -> None:
    """R-DEP-03, R-KEY-16."""
    cluster = world()
    kinds = ("PersistentVolumeClaim", "ServingRuntime", "InferenceService")
    cluster.forbidden = {f"create {kind}" for kind in kinds}
    command_line.connect_to(cluster)

    outcome = command_line.run("deploy", LLAMA, "--no-wait")

    assert outcome.code == 7
    for plural in ("persistentvolumeclaims", "servingruntimes", "inferenceservices"):
        assert f"You may not create {plural}" in outcome.err
    assert cluster.writes() == []


def test_unreadable_key_is_one_finding_among_others(command_line: CommandLine) -> None:
    """R-KEY-16."""
    cluster = world()
    cluster.forbidden = {"get Secret", "create InferenceService"}
    command_line.connect_to(cluster)

    outcome = command_line.run("deploy", LLAMA, "--no-wait")

    assert outcome.code == 7
    assert "error: key: Could not get Secret/" in outcome.err
    assert "You may not create inferenceservices" in outcome.err


@pytest.mark.parametrize(
    ("secrets", "options", "code", "words"),
    [
        ([], [], 7, ["Project team-a has no key", "odh-nim keys set -n team-a", "--own-key"]),
        ([], ["--own-key"], 7, ["has no key of its own", "--key-file FILE"]),
        (
            [key_secret(OTHER, labels={}, fields=("NGC_API_KEY",))],
            [],
            7,
            ["a copy of an administrator's key", "--own-key"],
        ),
        (
            [key_secret(OTHER, labels={}, fields=("NGC_API_KEY",))],
            ["--key-file", "-"],
            5,
            ["It is neither changed nor used"],
        ),
        ([key_secret(OTHER), pull_secret(OTHER)], ["--key-file", "-"], 5, ["--own-key"]),
        ([key_secret()], [], 7, ["is incomplete", "--replace"]),
    ],
)
def test_key_that_cannot_be_used_is_said_with_the_way_out(
    secrets: list[Manifest],
    options: list[str],
    code: int,
    words: list[str],
    command_line: CommandLine,
) -> None:
    """R-KEY-13, 14."""
    command_line.connect_to(cluster := world(*secrets, with_key=False))

    outcome = command_line.run("deploy", LLAMA, "--no-wait", *options, stdin=CANARY)

    assert outcome.code == code, outcome.err
    for word in words:
        assert word in outcome.err
    assert cluster.writes() == []
    assert CANARY not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("pasted", "reason"),
    [
        (f"{CANARY[:20]}\n{CANARY[20:]}", "line break inside"),
        ("bGVnYWN5LWtleS1vZi1hbi1vcmdhbmlzYXRpb24=", "legacy"),
        ("", "standard input is empty"),
        ("no key at all", "white space"),
    ],
)
def test_paste_that_is_no_key_is_refused_before_any_call_to_nvidia(
    pasted: str, reason: str, command_line: CommandLine
) -> None:
    """R-KEY-02, 03."""
    command_line.connect_to(cluster := world(with_key=False))

    outcome = command_line.run("deploy", LLAMA, "--key-file", "-", "--no-wait", stdin=pasted)

    assert outcome.code == 2
    assert reason in outcome.error_line
    assert command_line.opened == 0
    assert cluster.writes() == []


@pytest.mark.parametrize("pasted", [f'"{CANARY}"\n', f"Bearer {CANARY}", f"\ufeff {CANARY}\r\n"])
def test_paste_with_wrapping_is_cleaned_and_said(pasted: str, command_line: CommandLine) -> None:
    """R-KEY-02."""
    command_line.connect_to(world(with_key=False))

    outcome = command_line.run("deploy", LLAMA, "--key-file", "-", "--no-wait", stdin=pasted)

    assert outcome.code == 0
    assert "removed from the key:" in outcome.err


@pytest.mark.parametrize(
    ("catalog", "words"),
    [
        ({}, ["holds no models: empty"]),
        ({"a": "{"}, ["none of its 1 entries can be used", "a: the value is no JSON object"]),
    ],
)
def test_catalogue_without_a_usable_entry_is_said(
    catalog: dict[str, str], words: list[str], command_line: CommandLine
) -> None:
    """R-CAT-22."""
    command_line.connect_to(world(catalog=catalog))

    outcome = command_line.run("deploy", LLAMA)

    assert outcome.code == 3
    for word in words:
        assert word in outcome.error_line


def test_missing_catalogue_is_said_with_the_way_to_install_it(command_line: CommandLine) -> None:
    cluster = FakeCluster()
    cluster.not_served = {"DSCInitialization", "OdhDashboardConfig"}
    command_line.connect_to(cluster)

    outcome = command_line.run("deploy", LLAMA, "-n", PROJECT)

    assert outcome.code == 3
    assert "There is no ConfigMap nvidia-nim-models-data" in outcome.error_line
    assert "--applications-namespace" in outcome.error_line


# ── The connection, with nothing in between ─────────────────────────────────────────────────────
def kubeconfig(folder: Path, server: str) -> str:
    cluster = {"name": "c", "cluster": {"server": server}}
    user = {"name": "u", "user": {"token": "expired-token"}}
    context = {"name": "x", "context": {"cluster": "c", "user": "u", "namespace": PROJECT}}
    path = folder / "kubeconfig"
    config = {"clusters": [cluster], "users": [user], "contexts": [context], "current-context": "x"}
    path.write_text(yaml.safe_dump(config))
    return str(path)


class _Unauthorized(BaseHTTPRequestHandler):
    """Answers everything as an API server does to a token that is no longer good."""

    def do_GET(self) -> None:
        body = b'{"kind":"Status","status":"Failure","code":401,"reason":"Unauthorized"}'
        self.send_response(401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(BrokenPipeError):
            # The first refusal ends a command; the calls beside it hang up.
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def api_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Unauthorized) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join(10)


COMMANDS = [
    ["deploy", LLAMA],
    ["keys", "set"],
    ["keys", "check"],
    ["deployments", "list"],
    ["deployments", "status", "llama"],
    ["deployments", "delete", "llama", "--yes"],
    ["models", "list"],
]


@pytest.mark.parametrize("command", COMMANDS)
def test_expired_token_is_one_line_and_code_4(
    command: list[str], command_line: CommandLine, tmp_path: Path
) -> None:
    """R-EXT-08."""
    with api_server() as address:
        path = kubeconfig(tmp_path, address)
        outcome = command_line.run(*command, "--kubeconfig", path, stdin=CANARY)

    assert outcome.code == 4, outcome.err
    assert "log in" in outcome.error_line.lower()
    assert "expired-token" not in outcome.err


# A connection is tried more than once: a sample of the commands is enough.
@pytest.mark.parametrize("command", [COMMANDS[0], COMMANDS[3]])
def test_api_server_that_is_down_is_one_line_and_code_6(
    command: list[str],
    command_line: CommandLine,
    tmp_path: Path,
    unused_port: int,
) -> None:
    """R-EXT-08."""
    path = kubeconfig(tmp_path, f"http://127.0.0.1:{unused_port}")

    outcome = command_line.run(*command, "--kubeconfig", path, stdin=CANARY)

    assert outcome.code == 6, outcome.err
    assert "127.0.0.1" in outcome.error_line
    assert "the connection was refused" in outcome.error_line


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (None, [], ["There is no kubeconfig"]),
        ("clusters: [", [], ["YAML"]),
        ("just text", [], ["kubeconfig"]),
        ("{}", [], ["kubeconfig"]),
        ("ok", ["--context", "nope"], ["no context 'nope'", "there is x"]),
    ],
)
def test_kubeconfig_that_gives_no_connection_is_one_line(
    content: str | None,
    options: list[str],
    words: list[str],
    command_line: CommandLine,
    tmp_path: Path,
) -> None:
    """R-EXT-08."""
    path = tmp_path / "kubeconfig"
    if content == "ok":
        kubeconfig(tmp_path, "http://127.0.0.1:1")
    elif content is not None:
        path.write_text(content)

    outcome = command_line.run("deployments", "list", "--kubeconfig", str(path), *options)

    assert outcome.code == 2, outcome.err
    for word in words:
        assert word in outcome.error_line
