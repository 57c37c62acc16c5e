"""`odh-nim deploy` from the shell's side."""

import json
import signal
from pathlib import Path

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyRefusedError, NgcUnavailableError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.preloaded import Preloaded, preload_marks
from odh_nim.manifests.yaml import load_all
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.command_line import CommandLine, Services
from support.keys import CANARY, OTHER, FakeNvidia, FakeRegistry, Pull, encoded, key_secret
from support.projects import APPLICATIONS, PROJECT, claim, item, world

LLAMA = "meta/llama-3.1-8b-instruct"
IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
MADE = {
    "PersistentVolumeClaim/nim-pvc-llama",
    "ServingRuntime/llama",
    "InferenceService/llama",
}


@pytest.fixture
def cluster(command_line: CommandLine) -> FakeCluster:
    cluster = world()
    command_line.connect_to(cluster)
    return cluster


def deploy(*options: str) -> list[str]:
    return ["deploy", LLAMA, "--name", "llama", "--no-wait", *options]


def image_of(cluster: FakeCluster) -> str:
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    return str(runtime["spec"]["containers"][0]["image"])


# ── What is made ────────────────────────────────────────────────────────────────────────────────
def test_model_becomes_a_deployment_and_a_table(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-TST-02, R-DEP-05."""
    before = cluster.names()

    outcome = command_line.run(*deploy())

    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "KIND                   NAME           ACTION",
        "PersistentVolumeClaim  nim-pvc-llama  created",
        "ServingRuntime         llama          created",
        "InferenceService       llama          created",
    ]
    assert cluster.names() - before == MADE
    assert image_of(cluster) == IMAGE
    assert "✓ Creating" in outcome.err


@pytest.mark.parametrize("output", ["json", "name"])
def test_machines_are_told_what_was_made(
    output: str, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-EXT-08."""
    outcome = command_line.run(*deploy("-o", output))

    if output == "name":
        assert outcome.out == "inferenceservice.serving.kserve.io/llama\n"
        return
    data = json.loads(outcome.out)
    assert (data["name"], data["namespace"]) == ("llama", PROJECT)
    assert {f"{one['kind']}/{one['name']}" for one in data["objects"]} == MADE


def preloaded(name: str) -> Manifest:
    marks = preload_marks(Preloaded(name, IMAGE, f"sha256:{'a' * 64}", ("tp1",), 10**10))
    found = claim(name)
    found["metadata"] |= marks["metadata"]
    return found


def test_preloaded_claim_brings_its_profile(command_line: CommandLine) -> None:
    """AG-52, R-AIR-05."""
    cluster = world(preloaded("weights"))
    command_line.connect_to(cluster)

    outcome = command_line.run(*deploy("--storage", "pvc:weights"))

    service = cluster.find("InferenceService", "llama")
    assert outcome.code == 0
    assert service is not None
    env = service["spec"]["predictor"]["model"]["env"]
    assert {"name": "NIM_MODEL_PROFILE", "value": "tp1"} in env
    assert "NIM_MODEL_PROFILE is tp1" in outcome.err


def test_new_claim_hears_of_the_preloaded_one(command_line: CommandLine) -> None:
    """R-AIR-05."""
    command_line.connect_to(world(preloaded("weights")))

    outcome = command_line.run(*deploy("--dry-run=client", "-o", "yaml"))

    assert "--storage pvc:weights" in outcome.err
    assert "NIM_MODEL_PROFILE" not in outcome.out


def test_typed_tag_is_used_byte_for_byte(command_line: CommandLine, cluster: FakeCluster) -> None:
    """R-DEP-18."""
    outcome = command_line.run("deploy", f"{LLAMA}:1.8", "--name", "llama", "--no-wait")

    assert outcome.code == 0
    assert image_of(cluster).endswith(":1.8")


def test_every_option_reaches_the_objects(
    command_line: CommandLine, cluster: FakeCluster, tmp_path: Path
) -> None:
    """R-DEP-13, 17, 19, 21, 22."""
    file = tmp_path / "env.yaml"
    file.write_text("- {name: HF_TOKEN, valueFrom: {secretKeyRef: {name: hf, key: token}}}\n")

    outcome = command_line.run(
        *deploy(
            "--gpus", "2", "--cpu", "4", "--memory", "32Gi", "--shm-size", "4Gi",
            "--replicas", "2", "--storage", "200Gi", "--storage-class", "fast",
            "--access-mode", "ReadWriteMany", "--env", "NIM_LOG_LEVEL=DEBUG",
            "--env-file", str(file), "--arg=--max-len=4096", "--strategy", "recreate",
            "--node-selector", "zone=a", "--toleration", "gpu:NoSchedule",
            "--display-name", "My llama", "--description", "For tests",
            "--dry-run=client", "-o", "yaml",
        )
    )  # fmt: skip

    claim, runtime, service = load_all(outcome.out)
    predictor = service["spec"]["predictor"]
    model = predictor["model"]
    assert outcome.code == 0
    assert claim["spec"]["storageClassName"] == "fast"
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "200Gi"
    assert {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "4Gi"}} in runtime["spec"][
        "volumes"
    ]
    limits = {"cpu": "4", "memory": "32Gi", "nvidia.com/gpu": "2"}
    assert model["resources"]["limits"] == limits
    assert model["args"] == ["--max-len=4096"]
    assert {"name": "NIM_LOG_LEVEL", "value": "DEBUG"} in model["env"]
    secret = {"secretKeyRef": {"name": "hf", "key": "token"}}
    assert {"name": "HF_TOKEN", "valueFrom": secret} in model["env"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (2, 2)
    assert predictor["deploymentStrategy"]["type"] == "Recreate"
    assert predictor["nodeSelector"] == {"zone": "a"}
    assert predictor["tolerations"] == [
        {"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}
    ]
    assert service["metadata"]["annotations"]["openshift.io/display-name"] == "My llama"


def test_grpc_takes_the_other_template_and_says_eu(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-PROTO-02, 03, R-UI-03."""
    outcome = command_line.run(
        "deploy", "nv-embedqa-e5-v5", "--name", "embed", "--protocol", "grpc", "--no-wait"
    )

    runtime = cluster.find("ServingRuntime", "embed")
    assert outcome.code == 0
    assert runtime is not None
    marks = runtime["metadata"]["annotations"]
    assert marks["opendatahub.io/template-name"] == "nvidia-nim-runtime-grpc"
    assert "NVIDIA does not offer Llama 3.1 8B Instruct in the EU" in outcome.err


def test_broken_entry_of_the_catalogue_is_said_and_the_rest_used(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-CAT-22."""
    outcome = command_line.run(*deploy())

    assert outcome.code == 0
    assert "1 entry cannot be used: broken: the value is no JSON object" in outcome.err


def test_missing_template_is_replaced_by_the_packaged_one_with_a_notice(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-TPL-09."""
    cluster.remove("Template", "nvidia-nim-runtime-http", APPLICATIONS)

    outcome = command_line.run(*deploy())

    assert outcome.code == 0
    assert "notice: Template/nvidia-nim-runtime-http: There is none" in outcome.err


# ── Dry runs ────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("dry_run", ["--dry-run", "--dry-run=server", "--dry-run=client"])
def test_dry_run_writes_nothing(
    dry_run: str, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-04."""
    before = cluster.snapshot()

    outcome = command_line.run(*deploy(dry_run))

    assert outcome.code == 0
    assert "InferenceService       llama          would be created" in outcome.out
    assert cluster.snapshot() == before
    assert cluster.writes() == []
    asked = any(call.startswith("dry-run") for call in cluster.calls)
    assert asked is (dry_run != "--dry-run=client")


def test_yaml_of_a_dry_run_is_what_deploying_makes(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-02: one plan."""
    options = ("--request-id", "abc", "--storage", "100Gi")

    shown = load_all(command_line.run(*deploy(*options, "--dry-run", "-o", "yaml")).out)
    command_line.run(*deploy(*options))

    for manifest in shown:
        found = cluster.find(manifest["kind"], manifest["metadata"]["name"])
        assert found is not None
        assert found["spec"] == manifest["spec"]
        marks = found["metadata"]["annotations"]
        # The mark of the run is bookkeeping: other ways to apply the YAML are no runs of ours.
        assert marks.pop("nim.opendatahub.io/request-id") == "abc"
        assert marks == manifest["metadata"]["annotations"]


def test_yaml_of_a_dry_run_holds_no_secret_and_says_which_are_needed(
    command_line: CommandLine,
) -> None:
    """R-DEP-02, R-KEY-01."""
    command_line.connect_to(world(with_key=False))

    outcome = command_line.run(
        *deploy("--key-file", "-", "--env", "MY_TOKEN=hunter2", "--dry-run", "-o", "yaml"),
        stdin=CANARY,
    )

    assert outcome.code == 0
    assert [one["kind"] for one in load_all(outcome.out)] == [
        "PersistentVolumeClaim", "ServingRuntime", "InferenceService",
    ]  # fmt: skip
    assert "# Not shown, make them with `odh-nim keys set` first: Secret/nvidia-nim" in outcome.out
    assert "hunter2" not in outcome.out + outcome.err
    for form in (CANARY, encoded(CANARY)):
        assert form not in outcome.out + outcome.err


def test_client_dry_run_asks_neither_nvidia_nor_for_a_key(command_line: CommandLine) -> None:
    command_line.connect_to(world(with_key=False))

    outcome = command_line.run(*deploy("--dry-run=client"))

    assert outcome.code == 0
    assert command_line.opened == 0
    assert "warning: key: Project team-a has no key." in outcome.err


# ── Which key ───────────────────────────────────────────────────────────────────────────────────
def references(cluster: FakeCluster) -> tuple[list[str], list[str]]:
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    env = runtime["spec"]["containers"][0]["env"]
    keys = [e["valueFrom"]["secretKeyRef"]["name"] for e in env if "valueFrom" in e]
    return keys, [one["name"] for one in runtime["spec"].get("imagePullSecrets", [])]


def test_key_of_the_project_is_used_without_asking(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-KEY-13, R-DEP-16."""
    command_line.run(*deploy())

    assert references(cluster) == (["nvidia-nim-secrets"], ["nvidia-nim-image-pull"])
    assert command_line.nvidia.registry.asked == [IMAGE]


def test_given_key_becomes_the_projects_where_there_is_none(command_line: CommandLine) -> None:
    """R-KEY-13, R-DEP-05."""
    command_line.connect_to(cluster := world(with_key=False))

    outcome = command_line.run(*deploy("--key-file", "-"), stdin=CANARY)

    secret = cluster.find("Secret", "nvidia-nim-secrets")
    assert outcome.code == 0
    assert secret is not None
    assert secret["data"]["NGC_API_KEY"] == encoded(CANARY)
    assert "nim.opendatahub.io/key-checked-at" in secret["metadata"]["annotations"]
    assert "ownerReferences" not in secret["metadata"]


def test_own_key_goes_with_the_deployment(command_line: CommandLine, cluster: FakeCluster) -> None:
    """R-KEY-13, R-DEP-05."""
    outcome = command_line.run(*deploy("--own-key", "--key-file", "-"), stdin=OTHER)

    secret = cluster.find("Secret", "nvidia-nim-secrets-llama")
    assert outcome.code == 0
    assert references(cluster) == (
        ["nvidia-nim-secrets-llama"],
        ["nvidia-nim-image-pull-llama"],
    )
    assert secret is not None
    assert secret["metadata"]["ownerReferences"][0]["kind"] == "InferenceService"
    project = cluster.find("Secret", "nvidia-nim-secrets")
    assert project is not None
    assert project["data"]["api_key"] == encoded(CANARY)


def test_own_key_that_is_stored_already_is_used(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-KEY-13: own if given."""
    command_line.run("keys", "set", "--deployment", "llama", stdin=OTHER)

    outcome = command_line.run(*deploy())

    assert outcome.code == 0
    assert references(cluster)[0] == ["nvidia-nim-secrets-llama"]


@pytest.mark.parametrize("stored", [1, 2])
def test_interrupted_run_is_finished_with_its_own_key(
    stored: int, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-08, R-DEP-05: what one half stored is stored to its end, and owned."""
    again = deploy("--own-key", "--key-file", "-", "--request-id", "r-1")
    own = ("nvidia-nim-secrets-llama", "nvidia-nim-image-pull-llama")
    command_line.run(*again, stdin=OTHER)
    left = [cluster.find("Secret", name) for name in own[:stored]]
    # The others go with it.
    cluster.remove("InferenceService", "llama")
    cluster.remove("PersistentVolumeClaim", "nim-pvc-llama")
    for secret in left:
        assert secret is not None
        del secret["metadata"]["ownerReferences"]
        cluster.put(secret)

    outcome = command_line.run(*again, stdin=OTHER)

    assert outcome.code == 0
    for name in own:
        secret = cluster.find("Secret", name)
        assert secret is not None
        assert secret["metadata"]["ownerReferences"][0]["kind"] == "InferenceService"


def test_interrupted_run_with_another_key_is_refused(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-08: a request makes one thing; what it stored is not changed."""
    again = deploy("--own-key", "--key-file", "-", "--request-id", "r-1")
    command_line.run(*again, stdin=OTHER)
    before = cluster.find("Secret", "nvidia-nim-secrets-llama")

    outcome = command_line.run(*again, stdin=CANARY)

    assert "made by the same request from another specification" in outcome.error_line
    assert cluster.find("Secret", "nvidia-nim-secrets-llama") == before


def test_given_key_that_is_the_projects_already_changes_nothing(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    before = cluster.find("Secret", "nvidia-nim-secrets")

    outcome = command_line.run(*deploy("--key-file", "-"), stdin=CANARY)

    assert outcome.code == 0
    assert cluster.find("Secret", "nvidia-nim-secrets") == before


@pytest.mark.parametrize(
    ("arguments", "nim_config"),
    [
        (["deploy", LLAMA, "--name", "llama", "--no-key"], None),
        (["deploy", "open-model", "--name", "llama"], None),
        (["deploy", LLAMA, "--name", "llama"], "disconnected: {disableKeyCollection: true}"),
    ],
)
def test_deployment_without_a_key_refers_to_none(
    arguments: list[str], nim_config: str | None, command_line: CommandLine
) -> None:
    """R-KEY-18, R-CFG-06: and nobody outside is asked."""
    command_line.connect_to(cluster := world(nim_config=nim_config, with_key=False))

    outcome = command_line.run(*arguments, "--no-wait")

    assert outcome.code == 0
    assert references(cluster) == ([], [])
    assert command_line.opened == 0
    assert not any("Secret" in name for name in cluster.names())


def test_key_is_stored_but_nobody_asked_where_an_admin_does_not_want_it(
    command_line: CommandLine,
) -> None:
    """R-CFG-05."""
    command_line.connect_to(
        cluster := world(nim_config="disableKeyValidation: true", with_key=False)
    )

    outcome = command_line.run(*deploy("--key-file", "-"), stdin=CANARY)

    assert outcome.code == 0
    assert command_line.opened == 0
    assert "Secret/nvidia-nim-secrets" in cluster.names()
    assert "disableKeyValidation" in outcome.err


def test_person_chooses_whose_key_it_shall_be(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-13: else ask, and offer both."""
    command_line.connect_to(cluster := world(with_key=False))
    monkeypatch.setattr("odh_nim.cli.deploy_key.can_prompt", lambda: True)
    # The hidden prompt itself is tested on a real terminal.
    monkeypatch.setattr("odh_nim.cli.deploy_key.read_key", lambda *_, **__: ApiKey(CANARY))

    outcome = command_line.run(*deploy(), stdin="deployment\n")

    assert outcome.code == 0
    assert "for the whole project, or for this deployment only?" in outcome.err
    assert references(cluster)[0] == ["nvidia-nim-secrets-llama"]


def test_person_beside_a_foreign_secret_is_offered_an_own_key(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-14."""
    old = key_secret(OTHER, labels={}, fields=("NGC_API_KEY",))
    command_line.connect_to(cluster := world(old, with_key=False))
    monkeypatch.setattr("odh_nim.cli.deploy_key.can_prompt", lambda: True)
    monkeypatch.setattr("odh_nim.cli.deploy_key.read_key", lambda *_, **__: ApiKey(CANARY))

    outcome = command_line.run(*deploy())

    assert outcome.code == 0
    assert "looks like a copy of an administrator's key" in outcome.err
    assert references(cluster)[0] == ["nvidia-nim-secrets-llama"]


# ── What NVIDIA says ────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("pull", "code", "severity"),
    [
        (Pull("no-entitlement", blocks=True, message="No entitlement (402)."), 7, "error"),
        (Pull("region", message="Not in this region (451)."), 0, "warning"),
        (Pull("could-not-ask", message="No answer."), 0, "warning"),
    ],
)
def test_image_that_the_key_may_not_pull_stops_it_silence_does_not(
    pull: Pull, code: int, severity: str, command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-KEY-09."""
    command_line.nvidia = Services(registry=FakeRegistry({IMAGE: pull}))

    outcome = command_line.run(*deploy())

    assert outcome.code == code
    assert f"{severity}: {IMAGE}: {pull.message}" in outcome.err
    assert (cluster.writes() == []) is (code == 7)


def test_pull_check_is_skipped_when_told_so(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-KEY-09."""
    outcome = command_line.run(*deploy("--skip-pull-check"))

    assert outcome.code == 0
    assert command_line.opened == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [(KeyRefusedError(), 7), (NgcUnavailableError("api.ngc.nvidia.com", "429"), 6)],
)
def test_new_key_is_stored_only_when_nvidia_accepts_it(
    answer: KeyRefusedError | NgcUnavailableError, code: int, command_line: CommandLine
) -> None:
    """R-KEY-04, R-TST-02: an invalid key stops before any object."""
    command_line.connect_to(cluster := world(with_key=False))
    command_line.nvidia = Services(FakeNvidia(answer))

    outcome = command_line.run(*deploy("--key-file", "-"), stdin=CANARY)

    assert outcome.code == code
    assert outcome.error_line
    assert cluster.writes() == []


def test_stored_key_that_is_refused_stops_it(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-03."""
    command_line.nvidia = Services(FakeNvidia(KeyRefusedError()))

    outcome = command_line.run(*deploy())

    assert outcome.code == 7
    assert "error: key: NVIDIA refused the key" in outcome.err
    assert cluster.writes() == []


def test_silence_about_a_stored_key_is_a_warning(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-KEY-04: neither yes nor no."""
    command_line.nvidia = Services(FakeNvidia(NgcUnavailableError("api.ngc.nvidia.com", "503")))

    outcome = command_line.run(*deploy())

    assert outcome.code == 0
    assert "warning: key: Could not ask NVIDIA" in outcome.err


# ── Failures ────────────────────────────────────────────────────────────────────────────────────
def test_failed_write_leaves_the_project_as_it_was(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-07."""
    before = cluster.snapshot()
    cluster.fail(Fault.QUOTA, call="create InferenceService")

    outcome = command_line.run(*deploy())

    assert outcome.code == 8
    assert "Everything it had created is taken back" in outcome.err
    assert cluster.snapshot() == before
    assert "✗ Creating\n✓ Taking everything back\n" in outcome.err


def test_same_request_again_finishes_what_was_begun(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-08, 09: Resume."""
    options = deploy("--request-id", "abc")
    command_line.run(*options)
    cluster.remove("InferenceService", "llama")

    again = command_line.run(*options, "-o", "json")

    actions = {one["kind"]: one["action"] for one in json.loads(again.out)["objects"]}
    assert again.code == 0
    assert actions["InferenceService"] == "created"
    assert "same request" in actions["PersistentVolumeClaim"]


def test_free_gpus_decide_the_strategy_unless_one_is_typed(command_line: CommandLine) -> None:
    """R-DEP-20: with the reason."""
    command_line.connect_to(cluster := world(gpus=1))

    outcome = command_line.run(*deploy())

    service = cluster.find("InferenceService", "llama")
    assert outcome.code == 0
    assert service is not None
    assert service["spec"]["predictor"]["deploymentStrategy"]["type"] == "Recreate"
    assert "notice: strategy: Recreate is used:" in outcome.err


def test_hardware_profile_is_named_on_the_deployment(
    command_line: CommandLine, cluster: FakeCluster
) -> None:
    """R-DEP-19."""
    cluster.not_served -= {"HardwareProfile"}
    profile = item(
        "HardwareProfile",
        "a100",
        "infrastructure.opendatahub.io/v1",
        metadata={"namespace": APPLICATIONS},
        spec={"identifiers": []},
    )
    cluster.put(profile)

    outcome = command_line.run(*deploy("--hardware-profile", "a100"))

    service = cluster.find("InferenceService", "llama")
    assert outcome.code == 0, outcome.err
    assert service is not None
    marks = service["metadata"]["annotations"]
    assert marks["opendatahub.io/hardware-profile-name"] == "a100"
    assert marks["opendatahub.io/hardware-profile-namespace"] == APPLICATIONS


@pytest.mark.parametrize("stuck", [False, True])
def test_interrupt_says_what_is_left_of_it(
    stuck: bool,  # noqa: FBT001 - a case of the table
    command_line: CommandLine,
    cluster: FakeCluster,
) -> None:
    """R-DEP-08, 10: Ctrl-C in the middle of creating."""
    before = cluster.snapshot()
    if stuck:
        cluster.fail(Fault.FORBIDDEN, call="delete PersistentVolumeClaim", times=99)

    def interrupt(call: str) -> None:
        if call == "create ServingRuntime/llama":
            signal.raise_signal(signal.SIGINT)

    cluster.on_call = interrupt

    outcome = command_line.run(*deploy())

    assert outcome.code == 130
    if stuck:
        command = "kubectl delete persistentvolumeclaims nim-pvc-llama -n team-a"
        assert f"Remove it: {command}" in outcome.err
    else:
        assert "✓ Taking everything back" in outcome.err
        assert cluster.snapshot() == before
