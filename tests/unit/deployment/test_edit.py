"""Editing a deployment: what changes, what stays, what is refused. Pure."""

import copy
from pathlib import Path
from typing import Any

import pytest

from odh_nim.deployment import DeploymentObjects, EditChange, EditPlan, extract_spec, plan_edit
from odh_nim.deployment.edit_apply import json_patch
from odh_nim.domain.deployment_spec import EnvVar, KeyChoice, Strategy
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.templates import packaged_template
from odh_nim.manifests.yaml import load_all
from support.cluster_patch import apply_json_patch
from support.deployments import EMBED, LLAMA, plan
from support.edits import STOCK_RUNTIME, STOCK_SERVICE, objects_of

TEMPLATES = {protocol: packaged_template(protocol) for protocol in Protocol}
GOLDEN = Path(__file__).parents[2] / "data" / "manifests"


def edited(objects: DeploymentObjects, model: Model | None = None, **change: Any) -> EditPlan:
    return plan_edit(objects, EditChange(**change), templates=TEMPLATES, model=model)


def after(objects: DeploymentObjects, made: EditPlan) -> DeploymentObjects:
    """What the cluster holds when the patches were written."""
    found = {item["kind"]: item for item in (objects.service, objects.runtime)}
    claim = objects.claim
    for patch in made.patches:
        changed = apply_json_patch(patch.before, json_patch(patch.before, patch.after))
        if patch.reference.resource.kind == "PersistentVolumeClaim":
            claim = changed
        found[patch.reference.resource.kind] = changed
    return DeploymentObjects(found["InferenceService"], found["ServingRuntime"], claim)


def golden(name: str) -> DeploymentObjects | None:
    items = {item["kind"]: item for item in load_all((GOLDEN / name).read_text())}
    if "InferenceService" not in items or "ServingRuntime" not in items:
        return None
    for number, item in enumerate(items.values()):
        item["metadata"]["uid"] = f"uid-{number}"
    return DeploymentObjects(
        items["InferenceService"], items["ServingRuntime"], items.get("PersistentVolumeClaim")
    )


@pytest.mark.parametrize(
    "file", sorted(one.name for one in GOLDEN.glob("*.yaml") if golden(one.name) is not None)
)
def test_asking_for_what_is_there_changes_nothing(file: str) -> None:
    """R-DEP-24: extract and apply are the identity, for every shape of deployment."""
    objects = golden(file)
    assert objects is not None
    spec = extract_spec(objects)

    made = edited(
        objects,
        tag=spec.tag,
        gpus=spec.resources.gpus,
        cpu=spec.resources.cpu,
        memory=spec.resources.memory,
        replicas=spec.replicas,
        env=spec.env,
        args=spec.args,
        protocol=spec.protocol,
        key=spec.key,
        strategy=spec.strategy,
        display_name=spec.display_name,
        description=spec.description,
    )

    assert made.patches == ()
    assert made.findings == ()


@pytest.mark.parametrize("tag", ["1.6.0", "2.2.2"])
def test_http_to_grpc_to_http_gives_back_the_first_manifests(tag: str) -> None:
    """R-PROTO-05."""
    first = objects_of(plan(model=EMBED, tag=tag))

    switched = edited(first, protocol=Protocol.GRPC)
    there = after(first, switched)
    back = after(there, edited(there, protocol=Protocol.HTTP))

    assert there.runtime["spec"]["containers"][0]["ports"][0]["name"] == "h2c"
    assert there.runtime["spec"]["protocolVersions"] == ["grpc-v2"]
    assert switched.restarts
    assert (back.runtime, back.service) == (first.runtime, first.service)


def test_switched_runtime_is_the_one_that_a_deployment_would_have_made() -> None:
    """R-PROTO-05, R-PROTO-03."""
    first = objects_of(plan(model=EMBED, tag="1.6.0"))
    fresh = objects_of(plan(model=EMBED, tag="1.6.0", protocol=Protocol.GRPC))

    there = after(first, edited(first, protocol=Protocol.GRPC))

    assert there.runtime == fresh.runtime
    assert there.service == fresh.service


def test_language_model_refuses_grpc_with_the_reason() -> None:
    """R-PROTO-02."""
    made = edited(objects_of(plan()), protocol=Protocol.GRPC)

    (error,) = made.errors
    assert error.code == "protocol-not-spoken"
    assert "Language models speak HTTP" in error.message
    assert made.patches == ()


def test_switch_with_token_access_is_refused() -> None:
    """R-PROTO-07."""
    made = edited(objects_of(plan(model=EMBED, tag="1.6.0", auth=True)), protocol=Protocol.GRPC)

    assert [error.code for error in made.errors] == ["grpc-auth"]


def test_protocol_version_that_the_runtime_no_longer_lists_is_corrected() -> None:
    """R-PROTO-05: KServe would refuse it."""
    first = objects_of(plan(model=EMBED, tag="1.6.0"))
    first.service["spec"]["predictor"]["model"]["protocolVersion"] = "v2"

    there = after(first, edited(first, protocol=Protocol.GRPC))

    assert there.service["spec"]["predictor"]["model"]["protocolVersion"] == "grpc-v2"


def test_every_field_can_be_changed_at_once() -> None:
    """R-DEP-24."""
    first = objects_of(plan(env=(EnvVar("KEEP", "1"), EnvVar("GO", "1")), args=("--old",)))

    made = edited(
        first,
        tag="latest",
        gpus=2,
        cpu="4",
        memory="16Gi",
        replicas=3,
        env=(EnvVar("NEW", "x"),),
        unset_env=("GO",),
        args=("--new",),
        key=KeyChoice.OWN,
        strategy=Strategy.RECREATE,
        storage_size="80Gi",
        display_name="Mine",
    )
    there = after(first, made)

    spec = extract_spec(there)
    assert made.errors == ()
    assert (spec.tag, spec.resources.gpus, spec.resources.cpu) == ("latest", 2, "4")
    assert (spec.resources.memory, spec.replicas, spec.args) == ("16Gi", 3, ("--new",))
    assert [one.name for one in spec.env] == ["KEEP", "NEW"]
    assert (spec.key, spec.strategy, spec.display_name) == (
        KeyChoice.OWN,
        Strategy.RECREATE,
        "Mine",
    )
    container = there.runtime["spec"]["containers"][0]
    assert container["image"].endswith(":latest")
    assert there.runtime["spec"]["imagePullSecrets"] == [{"name": "nvidia-nim-image-pull-llama"}]
    assert there.claim is not None
    assert there.claim["spec"]["resources"]["requests"]["storage"] == "80Gi"
    assert [str(one.reference) for one in made.patches] == [
        "PersistentVolumeClaim/nim-pvc-llama",
        "ServingRuntime/llama",
        "InferenceService/llama",
    ]


def test_references_of_variables_and_unknown_fields_survive() -> None:
    """UI-20, R-DEP-24: valueFrom stays untouched."""
    reference = {"secretKeyRef": {"name": "mine", "key": "token", "optional": True}}
    first = objects_of(plan(env=(EnvVar("HF_TOKEN", value_from=reference),)))
    first.service["spec"]["predictor"]["schedulerName"] = "other"
    first.service["metadata"]["labels"]["team"] = "blue"
    first.runtime["spec"]["containers"].append({"name": "sidecar", "image": "example.com/side:1"})

    there = after(first, edited(first, tag="latest", memory="16Gi", env=(EnvVar("A", "1"),)))

    predictor = there.service["spec"]["predictor"]
    assert predictor["model"]["env"][0] == {"name": "HF_TOKEN", "valueFrom": reference}
    assert predictor["schedulerName"] == "other"
    assert there.service["metadata"]["labels"]["team"] == "blue"
    assert [one["name"] for one in there.runtime["spec"]["containers"]] == [
        "kserve-container",
        "sidecar",
    ]


def test_deployment_of_the_stock_dashboard_is_edited_in_its_own_shape() -> None:
    """R-DEP-24: other names of runtime and claim, requests below limits, no marks of ours."""
    first = DeploymentObjects(copy.deepcopy(STOCK_SERVICE), copy.deepcopy(STOCK_RUNTIME))

    made = edited(first, tag="1.8.6", memory="32Gi")
    there = after(first, made)

    assert made.errors == ()
    expected = copy.deepcopy(STOCK_RUNTIME)
    expected["spec"]["containers"][0]["image"] = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6"
    expected["spec"]["supportedModelFormats"][0]["version"] = "1.8.6"
    assert there.runtime == expected
    resources = there.service["spec"]["predictor"]["model"]["resources"]
    assert resources == {
        "requests": {"cpu": "2", "memory": "32Gi", "nvidia.com/gpu": "1"},
        "limits": {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"},
    }
    assert there.service["metadata"] == STOCK_SERVICE["metadata"]


def test_image_of_a_mirror_stays_on_the_mirror() -> None:
    first = objects_of(plan())
    container = first.runtime["spec"]["containers"][0]
    container["image"] = "mirror.example.com/nvidia/nim/meta/llama-3.1-8b-instruct:1.8.5"

    there = after(first, edited(first, model=LLAMA, tag="latest"))

    assert there.runtime["spec"]["containers"][0]["image"] == (
        "mirror.example.com/nvidia/nim/meta/llama-3.1-8b-instruct:latest"
    )


def test_pinned_image_of_a_tag_without_a_known_digest_is_told() -> None:
    first = objects_of(plan())
    container = first.runtime["spec"]["containers"][0]
    container["image"] += "@sha256:" + "a" * 64

    made = edited(first, tag="latest")

    assert [one.code for one in made.findings] == ["digest-unknown"]
    assert "image: nvcr.io/nim/meta/llama-3.1-8b-instruct:latest\n" in made.diff + "\n"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"unset_env": ("NOT_THERE",)}, "env-absent"),
        ({"env": (EnvVar("NGC_API_KEY", "x"),)}, "env-reserved"),
        ({"memory": "many"}, "quantity-invalid"),
        ({"replicas": 0}, "replicas-invalid"),
        ({"gpus": -1}, "gpus-invalid"),
        ({"storage_size": "1Gi"}, "claim-shrink"),
        ({"storage_size": "lots"}, "quantity-invalid"),
        ({"args": ("--key=nvapi-0123456789-0123456789",)}, "key-in-args"),
    ],
)
def test_nonsense_is_found_and_nothing_is_planned(change: dict[str, Any], code: str) -> None:
    made = edited(objects_of(plan()), **change)

    assert [error.code for error in made.errors] == [code]
    assert [one for one in made.patches if one.reference.resource.kind != "PVC"] == []


def test_fault_that_was_there_before_does_not_stop_an_edit() -> None:
    first = objects_of(plan())
    first.service["spec"]["predictor"]["model"]["env"] = [
        {"name": "NGC_API_KEY", "value": "from before"}
    ]

    assert edited(first, memory="16Gi").errors == ()


def test_runtime_that_others_use_too_is_not_changed() -> None:
    made = plan_edit(
        objects_of(plan()), EditChange(tag="latest"), templates=TEMPLATES, shared_with=["other"]
    )

    assert [error.code for error in made.errors] == ["runtime-shared"]
    assert "other" in made.errors[0].message


@pytest.mark.parametrize(
    ("change", "restarts"),
    [
        ({"replicas": 2}, False),
        ({"strategy": Strategy.RECREATE}, False),
        ({"storage_size": "90Gi"}, False),
        ({"memory": "16Gi"}, True),
        ({"tag": "latest"}, True),
        ({"display_name": "Mine"}, True),
    ],
)
def test_plan_tells_whether_pods_are_replaced(change: dict[str, Any], *, restarts: bool) -> None:
    """R-DEP-24: what KServe does was measured; the integration tests hold it to that."""
    assert edited(objects_of(plan()), **change).restarts is restarts


def test_stopped_deployment_restarts_nothing() -> None:
    first = objects_of(plan())
    first.service["metadata"]["annotations"]["serving.kserve.io/stop"] = "true"

    assert edited(first, memory="16Gi").restarts is False


def test_runtime_that_a_killed_run_holds_back_is_let_go_by_the_next_edit() -> None:
    first = objects_of(plan())
    first.runtime["spec"]["disabled"] = True

    there = after(first, edited(first, memory="16Gi"))

    assert "disabled" not in there.runtime["spec"]


def test_recreate_loses_the_numbers_of_a_rolling_update() -> None:
    first = objects_of(plan())
    first.service["spec"]["predictor"]["deploymentStrategy"]["rollingUpdate"] = {"maxSurge": 1}

    there = after(first, edited(first, strategy=Strategy.RECREATE))

    assert there.service["spec"]["predictor"]["deploymentStrategy"] == {"type": "Recreate"}


def test_diff_shows_no_secret_and_says_that_one_changed() -> None:
    """R-KEY-15."""
    first = objects_of(plan(env=(EnvVar("HF_TOKEN", "old-secret"), EnvVar("MY_TOKEN", "same"))))
    first.service["spec"]["predictor"]["model"]["args"] = ["--x=nvapi-0123456789-0123456789"]

    made = edited(first, env=(EnvVar("HF_TOKEN", "new-secret"), EnvVar("PLAIN", "shown")))

    for secret in ("old-secret", "new-secret", "same", "nvapi-"):
        assert secret not in made.diff
    assert "REDACTED (another value)" in made.diff
    assert "shown" in made.diff


def test_patch_refuses_an_object_that_is_not_what_was_read() -> None:
    before: Manifest = {"metadata": {"uid": "u", "labels": {"a": "b"}}, "spec": {"x": 1}}
    changed = copy.deepcopy(before)
    changed["spec"]["x"] = 2

    patch = json_patch(before, changed)

    assert [(one["op"], one["path"]) for one in patch] == [
        ("test", "/metadata/uid"),
        ("test", "/metadata/labels"),
        ("test", "/spec"),
        ("add", "/spec"),
    ]
