"""Each rule holds for the shipped Templates, and fires on its own mistake."""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from odh_nim.domain.finding import Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.template_lint import OBJECT_RULES, lint_templates
from odh_nim.manifests.template_lint_spec import SPEC_RULES
from odh_nim.manifests.yaml import load_yaml

ROOT = Path(__file__).parents[3]
SHIPPED = {
    protocol: load_yaml(read_shipped(f"runtimes/nim-{protocol}-template.yaml"))
    for protocol in ("http", "grpc")
}


def put(path: str, value: object) -> Callable[[Manifest], None]:
    """Set a field of the Template; `/` parts, numbers index lists."""

    def mutate(template: Manifest) -> None:
        target, last = walk(template, path)
        target[last] = value

    return mutate


def remove(path: str) -> Callable[[Manifest], None]:
    def mutate(template: Manifest) -> None:
        target, last = walk(template, path)
        del target[last]

    return mutate


def add(path: str, value: Any) -> Callable[[Manifest], None]:
    def mutate(template: Manifest) -> None:
        target, last = walk(template, path)
        target[last].append(value)

    return mutate


def walk(template: Any, path: str) -> tuple[Any, Any]:
    aliases = {
        "RUNTIME": "objects|0",
        "SPEC": "objects|0|spec",
        "BOX": "objects|0|spec|containers|0",
    }
    for alias, full in aliases.items():
        path = path.replace(alias, full)
    *parts, last = [int(part) if part.isdigit() else part for part in path.split("|")]
    for part in parts:
        template = template[part]
    return template, last


ON, OFF = True, False
LABELS = "metadata|labels|opendatahub.io"
ANNOTATIONS = "metadata|annotations|opendatahub.io"
INNER = "RUNTIME|metadata|annotations"
# Rule, Template, mistake; every rule has at least one.
MISTAKES: list[tuple[str, str, Callable[[Manifest], None]]] = [
    ("M01", "http", put("apiVersion", "v1")),
    ("M02", "http", put(f"{LABELS}/dashboard", "false")),
    ("M02", "grpc", remove(f"{LABELS}/dashboard")),
    ("M03", "http", remove(f"{LABELS}/ootb")),
    ("M04", "http", put(f"{ANNOTATIONS}/apiProtocol", "rest")),
    ("M04", "grpc", put(f"{ANNOTATIONS}/apiProtocol", "GRPC")),
    ("M05", "http", put(f"{ANNOTATIONS}/modelServingSupport", "single")),
    ("M05", "grpc", remove(f"{ANNOTATIONS}/modelServingSupport")),
    ("M06", "http", add("objects", {"apiVersion": "v1", "kind": "ConfigMap"})),
    ("M06", "http", put("RUNTIME|kind", "ClusterServingRuntime")),
    ("M07", "http", put("RUNTIME|metadata|creationTimestamp", None)),
    ("M07", "grpc", put("metadata|ownerReferences", [])),
    ("M07", "grpc", put("RUNTIME|status", {})),
    ("M07", "grpc", put("RUNTIME|metadata|namespace", "opendatahub")),
    ("M08", "http", put("parameters", [])),
    ("M08", "http", put(f"{INNER}|openshift.io/display-name", "${NAME}")),
    ("M10", "http", put("RUNTIME|metadata|name", "nvidia-nim-runtime")),
    ("M11", "http", remove("RUNTIME|metadata|labels|opendatahub.io/dashboard")),
    ("M12", "http", remove(f"{INNER}|runtimes.opendatahub.io/nvidia-nim")),
    ("M13", "http", put(f"{INNER}|opendatahub.io/recommended-accelerators", "nvidia.com/gpu")),
    ("M14", "http", remove(f"{INNER}|openshift.io/display-name")),
    ("M20", "http", put("SPEC|annotations|prometheus.io/path", "/metrics")),
    ("M20", "grpc", remove("SPEC|annotations|prometheus.io/port")),
    ("M21", "http", remove("SPEC|multiModel")),
    ("M22", "http", put("BOX|name", "nim")),
    ("M22", "http", add("SPEC|containers", {"name": "second"})),
    ("M23", "http", put("BOX|ports|0|containerPort", 8080)),
    ("M23", "http", put("BOX|ports|0|protocol", "UDP")),
    ("M23", "grpc", put("BOX|ports|0|name", "rpc")),
    ("M23", "http", put("BOX|ports", [])),
    ("M24", "http", add("BOX|ports", {"name": "http", "containerPort": 8002})),
    ("M25", "http", put("BOX|env|0|value", "/opt/nim/.cache")),
    ("M26", "http", put("SPEC|imagePullSecrets", [{"name": "ngc-secret"}])),
    ("M26", "http", add("BOX|env", {"name": "HF_TOKEN", "value": "x"})),
    ("M26", "grpc", put("BOX|envFrom", [])),
    ("M27", "http", put("BOX|resources", {"limits": {"nvidia.com/gpu": "2"}})),
    ("M28", "http", put("BOX|image", "nvcr.io/nim/meta/llama:1")),
    ("M29", "http", put("BOX|args", ["serve"])),
    ("M29", "grpc", put("BOX|command", ["serve"])),
    ("M30", "http", remove("SPEC|supportedModelFormats")),
    ("M30", "grpc", put("SPEC|supportedModelFormats|0|autoSelect", ON)),
    ("M31", "http", put("SPEC|protocolVersions", ["v1"])),
    ("M31", "grpc", put("SPEC|protocolVersions", ["v2", "grpc-v2"])),
    ("M32", "http", remove("SPEC|volumes|1")),
    ("M32", "http", add("SPEC|volumes", {"name": "spare", "emptyDir": {}})),
    ("M33", "http", put("BOX|volumeMounts|4|mountPath", "/opt/nim/nginx2")),
    ("M34", "http", put("SPEC|volumes|0|persistentVolumeClaim|claimName", "other")),
    ("M34", "grpc", put("BOX|volumeMounts|0|subPath", "cache")),
    ("M35", "http", remove("SPEC|volumes|1|emptyDir|sizeLimit")),
    ("M35", "http", put("SPEC|volumes|1|emptyDir|sizeLimit", "1Gi")),
    ("M35", "grpc", put("SPEC|volumes|1|emptyDir", {"sizeLimit": "2Gi"})),
    ("M36", "http", put("SPEC|volumes|3", {"name": "nim-cache", "hostPath": {"path": "/x"}})),
    ("M36", "http", put("BOX|volumeMounts|3|readOnly", ON)),
    ("M37", "http", put("BOX|startupProbe|failureThreshold", 100)),
    ("M37", "grpc", remove("BOX|startupProbe")),
    ("M38", "http", put("BOX|readinessProbe|httpGet|path", "/v1/health/live")),
    ("M38", "grpc", put("BOX|readinessProbe", {"tcpSocket": {"port": 8001}})),
    ("M38", "grpc", put("BOX|readinessProbe|timeoutSeconds", 1)),
    ("M39", "http", put("BOX|livenessProbe|httpGet|path", "/v1/health/ready")),
    ("M39", "http", put("BOX|livenessProbe|failureThreshold", 1)),
    ("M40", "http", put("BOX|securityContext|runAsUser", 1000)),
    ("M40", "http", put("BOX|securityContext|privileged", ON)),
    ("M40", "grpc", put("SPEC|hostIPC", ON)),
    ("M41", "http", put("SPEC|tolerations", [])),
    ("M41", "grpc", put("SPEC|replicas", 1)),
    ("M42", "http", put("SPEC|disabled", OFF)),
    ("M42", "http", put("SPEC|workerSpec", {})),
    ("M44", "http", put("RUNTIME|metadata|labels|nim", ON)),
    ("M44", "http", add("BOX|env", {"name": "PORT", "value": 8000})),
    ("S01", "http", remove(f"{ANNOTATIONS}/model-type")),
    ("S02", "http", remove("metadata|annotations|openshift.io/display-name")),
    ("S03", "http", put("RUNTIME|metadata|name", "nim-runtime")),
    ("S04", "grpc", add("BOX|ports", {"name": "http", "containerPort": 8000})),
    ("S05", "http", put("BOX|ports|0|name", "web")),
    ("S06", "http", put("SPEC|protocolVersions", ["grpc-v2", "v2"])),
    ("S07", "grpc", remove("BOX|env|1")),
    ("S07", "grpc", put("BOX|env|1|value", "127.0.0.1:8001")),
    ("S08", "http", remove("BOX|securityContext")),
    ("S08", "http", put("BOX|securityContext|capabilities|drop", ["NET_RAW"])),
]


def test_shipped_templates_break_no_rule() -> None:
    """R-TPL-01, R-TPL-02, R-TPL-03, R-TPL-04, R-TPL-05, R-TPL-06; UI-31."""
    assert lint_templates(list(SHIPPED.values())) == []


@pytest.mark.parametrize(
    ("rule", "protocol", "mistake"),
    MISTAKES,
    ids=[f"{rule}-{number}" for number, (rule, _, _) in enumerate(MISTAKES)],
)
def test_rule_fires_on_its_own_mistake_and_hardly_any_other_does(
    rule: str, protocol: str, mistake: Callable[[Manifest], None]
) -> None:
    template = copy.deepcopy(SHIPPED[protocol])
    mistake(template)

    findings = lint_templates([template])

    fired = [finding.code for finding in findings]
    assert rule in fired
    assert len(fired) <= 2
    wanted = Severity.ERROR if rule.startswith("M") else Severity.WARNING
    assert {finding.severity for finding in findings if finding.code == rule} == {wanted}


def test_every_rule_has_a_mistake_that_makes_it_fire() -> None:
    rules = {rule.id for rule in (*OBJECT_RULES, *SPEC_RULES)} | {"M10"}

    assert {rule for rule, _, _ in MISTAKES} == rules
    assert len(rules) == len(OBJECT_RULES) + len(SPEC_RULES) + 1 == 45


def test_two_templates_with_one_inner_name_are_both_named() -> None:
    second = copy.deepcopy(SHIPPED["grpc"])
    second["objects"][0]["metadata"]["name"] = "nvidia-nim-runtime-http"

    findings = lint_templates([SHIPPED["http"], second])

    assert [(finding.code, finding.subject) for finding in findings] == [
        ("M10", "Template/nvidia-nim-runtime-grpc"),
        ("S03", "Template/nvidia-nim-runtime-grpc"),
        ("M10", "Template/nvidia-nim-runtime-http"),
    ]


@pytest.mark.parametrize("broken", [{}, {"objects": None}, {"objects": ["x"]}, {"metadata": []}])
def test_lint_survives_what_is_no_template(broken: Manifest) -> None:
    assert {"M01", "M06", "M22"} <= {finding.code for finding in lint_templates([broken])}


def test_command_of_make_check_passes_on_what_is_shipped() -> None:
    found = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "lint_templates.py")],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
