import json
from dataclasses import replace
from typing import Any

import pytest

from odh_nim.deployment import Plan, Surroundings
from odh_nim.domain.deployment_spec import (
    EnvVar,
    ExistingClaim,
    HardwareProfile,
    KeyChoice,
    NewClaim,
    Resources,
)
from odh_nim.domain.finding import Severity
from odh_nim.domain.model import GpuNeed
from odh_nim.domain.protocol import Protocol
from support.deployments import EMBED, KEY, LLAMA, MAXINE, plan

PLAIN = Surroundings(routes=False, default_mode="Standard")
OPENSHIFT = Surroundings(routes=True, default_mode="Standard")


def codes(found: Plan) -> set[str]:
    return {finding.code for finding in found.findings}


def test_objects_come_in_the_order_of_creation() -> None:
    """R-DEP-02, R-DEP-05."""
    made = plan(key=KEY, auth=True, tokens=("ci",))

    assert [str(one) for one in made.references] == [
        "Secret/nvidia-nim-secrets",
        "Secret/nvidia-nim-image-pull",
        "PersistentVolumeClaim/nim-pvc-llama",
        "ServingRuntime/llama",
        "InferenceService/llama",
        "ServiceAccount/llama-sa",
        "Role/llama-view-role",
        "RoleBinding/llama-view",
        "Secret/ci-llama-sa",
    ]


def test_claim_and_project_secrets_are_not_owned() -> None:
    """R-DEP-05."""
    made = plan(key=KEY, auth=True, tokens=("ci",))

    assert [str(one) for one in made.owned] == [
        "ServingRuntime/llama",
        "ServiceAccount/llama-sa",
        "Role/llama-view-role",
        "RoleBinding/llama-view",
        "Secret/ci-llama-sa",
    ]


def test_own_key_secrets_go_with_the_deployment() -> None:
    """R-DEP-05, R-KEY-13."""
    made = plan(key=KEY, choice=KeyChoice.OWN)

    assert [str(one) for one in made.owned][:2] == [
        "Secret/nvidia-nim-secrets-llama",
        "Secret/nvidia-nim-image-pull-llama",
    ]


def test_same_input_gives_an_equal_plan_and_every_object_carries_the_request() -> None:
    """R-DEP-01, R-DEP-06."""
    made = plan(key=KEY)

    assert made == plan(key=KEY)
    assert made != plan("request-2", key=KEY)
    assert {
        item["metadata"]["annotations"]["nim.opendatahub.io/request-id"] for item in made.manifests
    } == {"request-1"}
    assert {item["metadata"]["namespace"] for item in made.manifests} == {"team-a"}


def test_key_is_in_no_form_a_reader_gets() -> None:
    """R-DEP-02, R-KEY-01."""
    made = plan(key=KEY, env=(EnvVar("HF_TOKEN", "hf-secret"),))

    shown = repr(made) + json.dumps(made.as_data()) + repr(made.redacted())
    assert KEY not in shown
    assert "hf-secret" not in json.dumps(made.as_data())
    assert all(
        str(value) not in shown for secret in made.key_secrets for value in secret["data"].values()
    )
    assert made.redacted()[0]["data"] == {"NGC_API_KEY": "REDACTED", "api_key": "REDACTED"}


def test_deployment_without_a_key_makes_and_names_no_secret() -> None:
    """R-KEY-18, R-CFG-06."""
    made = plan(key=KEY, choice=KeyChoice.NONE)

    assert "Secret" not in {one.resource.kind for one in made.references}
    assert "nvidia-nim-secrets" not in json.dumps(made.as_data())


def test_existing_claim_is_used_and_not_made() -> None:
    """R-DEP-14."""
    made = plan(storage=ExistingClaim("models", "llama"))

    assert [str(one) for one in made.references] == [
        "ServingRuntime/llama",
        "InferenceService/llama",
    ]


@pytest.mark.parametrize(
    ("mode", "written"),
    [
        ("Standard", None),
        ("RawDeployment", None),
        ("Serverless", "RawDeployment"),
        (None, "RawDeployment"),
    ],
)
def test_mode_is_written_where_the_default_is_another_or_unknown(
    mode: str | None, written: str | None
) -> None:
    """R-DEP-17."""
    made = plan(surroundings=Surroundings(default_mode=mode))

    service = made.objects[-1]
    assert service["metadata"]["annotations"].get("serving.kserve.io/deploymentMode") == written


def test_ingress_is_made_only_where_nobody_else_makes_a_way_in() -> None:
    """R-EXT-03, R-DEP-22."""
    assert "Ingress/llama-external" in [
        str(one) for one in plan(surroundings=PLAIN, expose=True).owned
    ]
    for other in (OPENSHIFT, Surroundings(kserve_makes_ingress=True)):
        made = plan(surroundings=other, expose=True)
        assert "Ingress" not in {one.resource.kind for one in made.references}


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"name": "Llama"}, "name-invalid", Severity.ERROR),
        ({"name": "l" * 60}, "name-invalid", Severity.ERROR),
        ({"namespace": "openshift-config"}, "project-invalid", Severity.ERROR),
        ({"namespace": "opendatahub"}, "project-invalid", Severity.ERROR),
        ({"tag": "no tag"}, "image-invalid", Severity.ERROR),
        ({"protocol": Protocol.GRPC}, "protocol-not-spoken", Severity.ERROR),
        ({"model": MAXINE}, "protocol-not-spoken", Severity.ERROR),
        ({"model": MAXINE, "protocol": Protocol.GRPC}, "protocol-grpc-only", Severity.NOTICE),
        ({"model": EMBED, "protocol": Protocol.GRPC, "auth": True}, "grpc-auth", Severity.ERROR),
        (
            {"model": EMBED, "protocol": Protocol.GRPC, "expose": True},
            "grpc-exposed",
            Severity.WARNING,
        ),
        (
            {"model": MAXINE, "protocol": Protocol.GRPC, "expose": True},
            "grpc-exposed",
            Severity.ERROR,
        ),
        ({"expose": True}, "exposed-open", Severity.WARNING),
        ({"tokens": ("ci",)}, "tokens-without-auth", Severity.ERROR),
        ({"auth": True, "tokens": ("C I",)}, "token-name", Severity.ERROR),
        ({"auth": True, "tokens": ("ci", "ci")}, "token-twice", Severity.ERROR),
        ({"env": (EnvVar("NGC_API_KEY", "x"),)}, "env-reserved", Severity.ERROR),
        ({"env": (EnvVar("NIM_CACHE_PATH", "/x"),)}, "env-reserved", Severity.ERROR),
        ({"env": (EnvVar("1X", "x"),)}, "env-name", Severity.ERROR),
        ({"env": (EnvVar("X", "1"), EnvVar("X", "2"))}, "env-twice", Severity.ERROR),
        ({"env": (EnvVar("X", KEY),)}, "key-in-env", Severity.ERROR),
        ({"args": (f"--key={KEY}",)}, "key-in-args", Severity.ERROR),
        ({"env": (EnvVar("HF_TOKEN", "x"),)}, "env-secret", Severity.WARNING),
        ({"replicas": 0}, "replicas-invalid", Severity.ERROR),
        ({"replicas": 2}, "claim-access-mode", Severity.WARNING),
        (
            {"replicas": 2, "storage": NewClaim("50Gi", access_mode="ReadWriteOncePod")},
            "claim-access-mode",
            Severity.ERROR,
        ),
        ({"storage": NewClaim("1Gi")}, "claim-small", Severity.WARNING),
        ({"storage": NewClaim("much")}, "quantity-invalid", Severity.ERROR),
        ({"storage": NewClaim("0")}, "quantity-invalid", Severity.ERROR),
        (
            {"storage": NewClaim("50Gi", access_mode="ReadOnlyMany")},
            "access-mode-invalid",
            Severity.ERROR,
        ),
        ({"storage": ExistingClaim("A_b")}, "claim-name", Severity.ERROR),
        ({"storage": ExistingClaim("a", "/x")}, "sub-path", Severity.ERROR),
        ({"storage": ExistingClaim("a", "x/../y")}, "sub-path", Severity.ERROR),
        ({"storage": ExistingClaim("a", "x//y")}, "sub-path", Severity.ERROR),
        ({"resources": Resources(memory="8 GB")}, "quantity-invalid", Severity.ERROR),
        ({"resources": Resources(gpus=-1)}, "gpus-invalid", Severity.ERROR),
        ({"shm_size": "16Gi"}, "shm-large", Severity.WARNING),
        ({"pin": True}, "digest-unknown", Severity.WARNING),
        ({"model": replace(LLAMA, eu_restricted=True)}, "eu-restricted", Severity.WARNING),
        (
            {"model": replace(LLAMA, gpu=GpuNeed()), "resources": Resources(gpus=0)},
            "gpu-required",
            Severity.ERROR,
        ),
        (
            {"model": replace(LLAMA, gpu=GpuNeed(counts=(2, 4)))},
            "gpu-count",
            Severity.WARNING,
        ),
    ],
)
def test_what_is_wrong_is_found_without_asking(
    changes: dict[str, Any], code: str, severity: Severity
) -> None:
    """R-DEP-11, R-DEP-13, R-DEP-14, R-DEP-19, R-DEP-21, R-DEP-22, R-PROTO-02, R-PROTO-07; UI-15."""
    made = plan(**changes)

    found = [finding for finding in made.findings if finding.code == code]
    assert [finding.severity for finding in found] == [severity]
    assert (found[0] in made.errors) is (severity is Severity.ERROR)
    assert KEY not in found[0].message


@pytest.mark.parametrize(
    "storage", [ExistingClaim("models.v1"), ExistingClaim("m" * 100, "a/b.c"), NewClaim("21Gi")]
)
def test_right_storage_is_not_complained_about(storage: ExistingClaim | NewClaim) -> None:
    """UI-16, R-DEP-14: names with dots or more than 63 characters are names of claims."""
    assert codes(plan(storage=storage)) == set()


def test_refused_protocol_says_what_the_model_speaks() -> None:
    """R-PROTO-02."""
    [finding] = plan(protocol=Protocol.GRPC).errors

    assert finding.message == (
        "Llama 3.1 8B Instruct does not speak gRPC: images of the family Language models speak "
        "HTTP."
    )
    assert finding.remedy == "Use --protocol http."


def test_token_access_that_nobody_enforces_is_said() -> None:
    assert "auth-not-enforced" in codes(plan(auth=True, surroundings=PLAIN))
    assert plan(auth=True, expose=True, surroundings=PLAIN).errors
    assert "auth-not-enforced" not in codes(plan(auth=True, surroundings=OPENSHIFT))


def test_hardware_profile_and_image_are_in_the_objects() -> None:
    """R-DEP-15, R-DEP-18."""
    made = plan(hardware_profile=HardwareProfile("gpu", "opendatahub", "12"))

    runtime, service = made.objects[1:]
    assert (
        runtime["spec"]["containers"][0]["image"] == "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
    )
    assert service["metadata"]["annotations"]["opendatahub.io/hardware-profile-name"] == "gpu"


def test_plan_with_a_wrong_image_shows_its_findings_and_no_objects() -> None:
    made = plan(tag="no tag")

    assert made.objects == ()
    assert codes(made) == {"image-invalid"}
