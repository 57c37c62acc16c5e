"""What a preflight finds, all at once and with what it may ask."""

from dataclasses import replace
from typing import Any

import pytest

from odh_nim.deployment import Preflight, deploy, preflight
from odh_nim.domain.deployment_spec import (
    ExistingClaim,
    HardwareProfile,
    KeyChoice,
    NewClaim,
    Resources,
    Strategy,
)
from odh_nim.domain.errors import PreflightError, UnauthorizedError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import GpuNeed
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import KEY, LLAMA, plan

pytestmark = pytest.mark.anyio


def item(kind: str, name: str, api_version: str = "v1", **parts: Any) -> Manifest:
    metadata = {"name": name, **parts.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def node(name: str, gpus: int, **parts: Any) -> Manifest:
    status = {
        "allocatable": {"nvidia.com/gpu": str(gpus)},
        "conditions": [{"type": "Ready", "status": parts.pop("ready", "True")}],
    }
    return item("Node", name, status=status, **parts)


def pod(name: str, node_name: str, gpus: int, phase: str = "Running") -> Manifest:
    resources = {"requests": {"nvidia.com/gpu": str(gpus)}}
    spec = {"nodeName": node_name, "containers": [{"name": "c", "resources": resources}]}
    return item("Pod", name, metadata={"namespace": "x"}, spec=spec, status={"phase": phase})


def storage_class(name: str, *, default: bool = True) -> Manifest:
    marks = {"storageclass.kubernetes.io/is-default-class": str(default).lower()}
    return item("StorageClass", name, "storage.k8s.io/v1", metadata={"annotations": marks})


def claim(name: str, *, size: str = "50Gi", phase: str = "Bound", **parts: Any) -> Manifest:
    return item(
        "PersistentVolumeClaim",
        name,
        metadata=parts.pop("metadata", {}),
        spec={"accessModes": parts.pop("modes", ["ReadWriteOnce"])},
        status={"phase": phase, "capacity": {"storage": size}},
    )


def quota(**hard: str) -> Manifest:
    limits = {name.replace("_", "."): amount for name, amount in hard.items()}
    return item("ResourceQuota", "q", status={"hard": limits, "used": dict.fromkeys(limits, "1")})


def healthy(*objects: Manifest) -> FakeCluster:
    return FakeCluster(
        item("Namespace", "team-a"), node("gpu-1", 8), storage_class("fast"), *objects
    )


def codes(found: Preflight) -> list[str]:
    return [finding.code for finding in found.findings]


async def test_healthy_cluster_has_no_findings_in_one_round() -> None:
    """R-DEP-03; P3."""
    cluster = healthy()

    found = await preflight(cluster, plan())

    assert found.findings == ()
    assert found.strategy is Strategy.ROLLING_UPDATE
    assert cluster.rounds == 1
    assert cluster.writes() == []


async def test_preflight_and_deployment_keep_the_budget() -> None:
    """R-EXT-08: at most 8 rounds and 25 calls, of which the catalogue and the key take some."""
    cluster = healthy()

    await preflight(cluster, plan())
    await deploy(cluster, plan())

    assert cluster.rounds <= 6
    assert len(cluster.calls) <= 20


async def test_five_faults_are_five_findings() -> None:
    """R-DEP-03."""
    cluster = FakeCluster(
        item("Namespace", "team-a"),
        storage_class("slow", default=False),
        item("ServingRuntime", "llama", "serving.kserve.io/v1alpha1"),
        quota(persistentvolumeclaims="1"),
    )
    cluster.forbidden = {"create InferenceService"}

    found = await preflight(cluster, plan())

    assert codes(found) == [
        "right-missing",
        "name-taken",
        "storage-class-default",
        "quota",
        "gpu-none",
    ]
    assert all(finding.remedy for finding in found.findings)
    with pytest.raises(PreflightError) as failure:
        found.require("Deployment llama")
    assert len(failure.value.findings) == 4


async def test_findings_of_the_plan_and_of_others_are_in_the_list_worst_first() -> None:
    refused = Finding(Severity.ERROR, "pull-denied", "image", "no right")

    found = await preflight(healthy(), plan(expose=True), findings=[refused])

    assert codes(found) == ["pull-denied", "exposed-open"]


async def test_plan_with_errors_asks_nobody() -> None:
    cluster = healthy()

    found = await preflight(cluster, plan(replicas=0))

    assert codes(found) == ["replicas-invalid"]
    assert cluster.calls == []


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        ("create PersistentVolumeClaim", "create persistentvolumeclaims"),
        ("create ServingRuntime", "create servingruntimes.serving.kserve.io"),
        ("create InferenceService", "create inferenceservices.serving.kserve.io"),
        ("patch ServingRuntime", "patch servingruntimes.serving.kserve.io"),
        ("delete InferenceService", "delete inferenceservices.serving.kserve.io"),
        ("create RoleBinding", "create rolebindings.rbac.authorization.k8s.io"),
        ("create Secret", "create secrets"),
    ],
)
async def test_missing_right_names_verb_and_resource(verb: str, text: str) -> None:
    """R-DEP-03; F9."""
    cluster = healthy()
    cluster.forbidden = {verb}

    found = await preflight(cluster, plan(key=KEY, auth=True))

    [finding] = [one for one in found.errors if one.code == "right-missing"]
    assert text in finding.message


@pytest.mark.parametrize(
    ("kind", "name", "api_version"),
    [
        ("PersistentVolumeClaim", "nim-pvc-llama", "v1"),
        ("ServingRuntime", "llama", "serving.kserve.io/v1alpha1"),
        ("InferenceService", "llama", "serving.kserve.io/v1beta1"),
        ("ServiceAccount", "llama-sa", "v1"),
        ("Role", "llama-view-role", "rbac.authorization.k8s.io/v1"),
        ("RoleBinding", "llama-view", "rbac.authorization.k8s.io/v1"),
        ("Secret", "nvidia-nim-secrets-llama", "v1"),
        ("Secret", "ci-llama-sa", "v1"),
    ],
)
async def test_taken_name_is_found_with_its_owner(kind: str, name: str, api_version: str) -> None:
    """R-DEP-12; UI-13."""
    marks = {"labels": {"app.kubernetes.io/managed-by": "helm"}}
    cluster = healthy(item(kind, name, api_version, metadata=marks))

    found = await preflight(cluster, plan(key=KEY, choice=KeyChoice.OWN, auth=True, tokens=("ci",)))

    [finding] = found.errors
    assert (finding.code, finding.subject) == ("name-taken", f"{kind}/{name}")
    assert "it is managed by helm" in finding.message
    assert "--name llama-2" in finding.remedy


async def test_objects_of_the_same_request_are_no_obstacle() -> None:
    """R-DEP-09."""
    wanted = plan(key=KEY)

    found = await preflight(healthy(*wanted.manifests), wanted)

    assert found.errors == ()


async def test_project_that_goes_or_is_not_there_is_found() -> None:
    """F11."""
    going = FakeCluster(
        item("Namespace", "team-a", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
        storage_class("fast"),
    )

    assert "project-terminating" in codes(await preflight(going, plan()))
    assert "project-missing" in codes(await preflight(FakeCluster(), plan()))


async def test_cluster_without_kserve_is_found() -> None:
    """F14."""
    cluster = healthy()
    cluster.not_served = {"ServingRuntime", "InferenceService"}

    assert "kserve-missing" in codes(await preflight(cluster, plan()))


async def test_what_may_not_be_asked_is_a_notice() -> None:
    """R-DEP-03."""
    cluster = healthy()
    cluster.forbidden = {
        "list Node",
        "list StorageClass",
        "list ResourceQuota",
        "get Namespace",
        "get PersistentVolumeClaim",
    }

    found = await preflight(cluster, plan())

    assert {finding.severity for finding in found.findings} == {Severity.NOTICE}
    assert {finding.subject for finding in found.findings} == {
        "gpus",
        "storage",
        "quota",
        "PersistentVolumeClaim/nim-pvc-llama",
    }
    assert found.gpus is None


async def test_expired_login_is_no_finding() -> None:
    cluster = healthy().fail(Fault.UNAUTHORIZED, call="list Node")

    with pytest.raises(UnauthorizedError):
        await preflight(cluster, plan())


@pytest.mark.parametrize(
    ("there", "code", "severity"),
    [
        (None, "claim-missing", Severity.ERROR),
        (
            claim("models", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
            "claim-terminating",
            Severity.ERROR,
        ),
        (claim("models", phase="Lost"), "claim-lost", Severity.ERROR),
        (claim("models", phase="Pending"), "claim-pending", Severity.NOTICE),
        (claim("models", size="1Gi"), "claim-small", Severity.WARNING),
        (claim("models", modes=["ReadOnlyMany"]), "claim-read-only", Severity.ERROR),
    ],
)
async def test_existing_claim_is_looked_at(
    there: Manifest | None, code: str, severity: Severity
) -> None:
    """R-DEP-14; UI-17."""
    cluster = healthy(*([there] if there else []))

    found = await preflight(cluster, plan(storage=ExistingClaim("models")))

    assert [(one.code, one.severity) for one in found.findings] == [(code, severity)]


@pytest.mark.parametrize(
    ("modes", "code", "severity"),
    [
        (["ReadWriteOnce"], "claim-used", Severity.WARNING),
        (["ReadWriteOncePod"], "claim-used", Severity.ERROR),
        (["ReadWriteMany"], "claim-shared", Severity.NOTICE),
    ],
)
async def test_other_users_of_a_claim_are_named(
    modes: list[str], code: str, severity: Severity
) -> None:
    """R-DEP-14."""
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "models"}}]
    cluster = healthy(
        claim("models", modes=modes),
        item("Pod", "other-1", spec={"volumes": volumes, "containers": []}),
        item("ServingRuntime", "other", "serving.kserve.io/v1alpha1", spec={"volumes": volumes}),
    )

    found = await preflight(cluster, plan(storage=ExistingClaim("models")))

    [finding] = found.findings
    assert (finding.code, finding.severity) == (code, severity)
    assert "Pod/other-1, ServingRuntime/other" in finding.message


@pytest.mark.parametrize(
    ("classes", "wanted", "code"),
    [
        ([], None, "storage-class-default"),
        ([storage_class("a", default=False)], None, "storage-class-default"),
        ([storage_class("a")], "b", "storage-class-missing"),
        ([storage_class("a")], "a", None),
        ([storage_class("a")], "", None),
        ([storage_class("a"), storage_class("b")], None, None),
    ],
)
async def test_storage_class_must_be_there(
    classes: list[Manifest], wanted: str | None, code: str | None
) -> None:
    """R-DEP-13; F17."""
    cluster = FakeCluster(item("Namespace", "team-a"), node("gpu-1", 8), *classes)

    found = await preflight(cluster, plan(storage=NewClaim("50Gi", wanted)))

    assert codes(found) == ([code] if code else [])


async def test_no_free_gpu_warns_with_the_reason_per_node() -> None:
    """R-DEP-19; UI-18."""
    taint = {"key": "nvidia.com/gpu", "value": "", "effect": "NoSchedule"}
    cluster = FakeCluster(
        item("Namespace", "team-a"),
        storage_class("fast"),
        node("a-full", 2),
        node("b-tainted", 4, spec={"taints": [taint]}),
        node("c-cordoned", 4, spec={"unschedulable": True}),
        node("d-broken", 4, ready="False"),
        pod("busy", "a-full", 2),
        pod("finished", "a-full", 2, phase="Succeeded"),
    )

    found = await preflight(cluster, plan())

    [warning] = [one for one in found.findings if one.code == "gpu-busy"]
    assert warning.severity is Severity.WARNING
    assert warning.message == (
        "0 of 1 replicas with 1 GPUs each fit now, the others wait. a-full: 0 of 2 free; "
        "b-tainted: 4 of 4 free, but the deployment does not tolerate its taint nvidia.com/gpu; "
        "c-cordoned: 4 of 4 free, but it is cordoned; d-broken: 4 of 4 free, but it is not ready."
    )


@pytest.mark.parametrize(
    "toleration",
    [
        {"operator": "Exists"},
        {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        {"key": "nvidia.com/gpu", "value": "yes"},
    ],
)
async def test_tolerated_taint_is_no_obstacle(toleration: dict[str, str]) -> None:
    taint = {"key": "nvidia.com/gpu", "value": "yes", "effect": "NoSchedule"}
    cluster = FakeCluster(
        item("Namespace", "team-a"),
        storage_class("fast"),
        node("gpu-1", 8, spec={"taints": [taint]}),
    )

    assert codes(await preflight(cluster, plan(tolerations=(toleration,)))) == []


@pytest.mark.parametrize(
    ("free", "replicas", "strategy"),
    [(8, 1, Strategy.ROLLING_UPDATE), (2, 1, Strategy.ROLLING_UPDATE), (1, 1, Strategy.RECREATE)],
)
async def test_pods_are_replaced_in_place_where_gpus_cannot_be_doubled(
    free: int, replicas: int, strategy: Strategy
) -> None:
    """R-DEP-20; UI-26."""
    cluster = FakeCluster(item("Namespace", "team-a"), storage_class("fast"), node("gpu-1", free))

    found = await preflight(cluster, plan(replicas=replicas))

    assert found.strategy is strategy
    assert bool(found.strategy_reason) is (strategy is Strategy.RECREATE)
    again = await preflight(cluster, plan(strategy=strategy, replicas=replicas))
    assert "strategy" not in codes(again)


async def test_model_that_does_not_fit_the_gpus_is_said() -> None:
    """R-DEP-19."""
    labels = {"nvidia.com/gpu.product": "Tesla-T4", "nvidia.com/gpu.memory": "15360"}
    cluster = FakeCluster(
        item("Namespace", "team-a"),
        storage_class("fast"),
        node("gpu-1", 8, metadata={"labels": labels}),
    )
    need = GpuNeed(products=("H100",), memory_gib=80)

    found = await preflight(cluster, plan(model=replace(LLAMA, gpu=need)))

    assert codes(found) == ["gpu-memory", "gpu-product"]


PROFILE: dict[str, Any] = {
    "identifiers": [{"identifier": "nvidia.com/gpu", "minCount": 2, "maxCount": 4}],
    "scheduling": {"type": "Node", "node": {"nodeSelector": {"pool": "gpu"}}},
}


async def test_hardware_profile_decides_where_the_pod_goes() -> None:
    """R-DEP-19; UI-19."""
    wanted = plan(hardware_profile=HardwareProfile("big", "opendatahub"))
    api = "infrastructure.opendatahub.io/v1"
    profile = item(
        "HardwareProfile", "big", api, metadata={"namespace": "opendatahub"}, spec=PROFILE
    )

    found = await preflight(healthy(profile), wanted)

    assert codes(found)[:2] == ["profile-range", "gpu-busy"]
    assert "has not the label pool=gpu" in found.findings[1].message
    assert codes(await preflight(healthy(), wanted)) == ["profile-missing"]
    without = healthy()
    without.not_served = {"HardwareProfile"}
    assert codes(await preflight(without, wanted)) == ["profile-not-served"]


async def test_queue_makes_free_gpus_a_question_of_time() -> None:
    api = "infrastructure.opendatahub.io/v1"
    queue = {"scheduling": {"type": "Queue", "kueue": {"localQueueName": "q"}}}
    profile = item("HardwareProfile", "q", api, metadata={"namespace": "x"}, spec=queue)
    cluster = FakeCluster(item("Namespace", "team-a"), storage_class("fast"), profile)

    assert codes(await preflight(cluster, plan(hardware_profile=HardwareProfile("q", "x")))) == []


@pytest.mark.parametrize(
    ("hard", "severity"),
    [
        ({"persistentvolumeclaims": "1"}, Severity.ERROR),
        ({"requests_storage": "40Gi"}, Severity.ERROR),
        ({"secrets": "2"}, Severity.ERROR),
        ({"count/inferenceservices.serving.kserve.io": "1"}, Severity.ERROR),
        ({"requests_memory": "8Gi"}, Severity.WARNING),
        ({"pods": "1"}, Severity.WARNING),
        ({"requests_nvidia.com/gpu": "1"}, Severity.WARNING),
    ],
)
async def test_used_up_quota_says_what_is_missing(hard: dict[str, str], severity: Severity) -> None:
    """R-DEP-03; F10."""
    found = await preflight(healthy(quota(**hard)), plan(key=KEY))

    assert [(one.code, one.severity) for one in found.findings] == [("quota", severity)]
    assert "1 of" in found.findings[0].message


async def test_deployment_without_gpus_asks_for_no_nodes() -> None:
    cluster = healthy()

    await preflight(cluster, plan(resources=Resources(gpus=0)))

    assert "list Node" not in cluster.calls
