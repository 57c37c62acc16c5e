"""What looks like the old integration and is not, or is in use: it survives."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade import Action, Consents, Options, apply_upgrade, plan_upgrade
from odh_nim.upgrade.controller import Controller, judge_controller
from odh_nim.upgrade.inventory import Inventory
from odh_nim.upgrade.references import Uses, Wanted
from support.old_deployments import secret
from support.upgrade_cluster import UpgradeCluster, old_cluster

QUICK = Options(wait=0.2, poll=0.01, look_again=0)
MAIN = "redhat-ods-applications"
PROJECT = "leftover"
STATE = "mixed/non-nim-neighbours"
PULL = {"imagePullSecrets": [{"name": "ngc-secret"}]}
ENV = {"env": [{"name": "K", "valueFrom": {"secretKeyRef": {"name": "nvidia-nim-secrets"}}}]}
FROM = {"envFrom": [{"secretRef": {"name": "nvidia-nim-secrets"}}]}
VOLUME = {"volumes": [{"name": "v", "secret": {"secretName": "nvidia-nim-secrets"}}]}
PROJECTED = {
    "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "ngc-secret"}}]}}]
}

pytestmark = pytest.mark.anyio


def item(kind: Any, spec: dict[str, Any], name: str = "user", **more: Any) -> Manifest:
    metadata: dict[str, Any] = {"name": name}
    if kind.namespaced:
        metadata["namespace"] = PROJECT
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": metadata,
        "spec": spec,
        **more,
    }


def template(spec: dict[str, Any]) -> dict[str, Any]:
    return {"template": {"spec": spec}}


USERS = [
    item(kinds.SERVING_RUNTIMES, {"containers": [ENV]}),
    item(kinds.SERVING_RUNTIMES, {"containers": [{}], "initContainers": [FROM]}),
    item(kinds.SERVING_RUNTIMES, {"workerSpec": {"containers": [ENV]}}),
    item(kinds.SERVING_RUNTIMES, {"containers": [{}], **PULL}),
    item(kinds.SERVING_RUNTIMES, {"containers": [{}], **VOLUME}),
    item(kinds.CLUSTER_SERVING_RUNTIMES, {"containers": [ENV], **PULL}),
    item(kinds.CLUSTER_STORAGE_CONTAINERS, {"container": ENV}),
    item(kinds.INFERENCE_SERVICES, {"predictor": {"model": ENV}}),
    item(kinds.INFERENCE_SERVICES, {"predictor": {}, "transformer": {"containers": [FROM]}}),
    item(kinds.INFERENCE_SERVICES, {"predictor": {}, "explainer": PULL}),
    item(kinds.LLM_INFERENCE_SERVICES, template({"containers": [ENV]})),
    item(kinds.NIM_SERVICES, {"authSecret": "nvidia-nim-secrets"}),
    item(kinds.NIM_SERVICES, {"image": {"pullSecrets": ["ngc-secret"]}}),
    item(kinds.NIM_CACHES, {"source": {"ngc": {"pullSecret": "ngc-secret"}}}),
    item(kinds.NIM_PIPELINES, {"services": [{"spec": {"authSecret": "nvidia-nim-secrets"}}]}),
    item(kinds.PODS, {"containers": [], **PULL}),
    item(kinds.PODS, {"containers": [], **PROJECTED}),
    item(kinds.PODS, {"containers": [], "ephemeralContainers": [ENV]}),
    item(kinds.DEPLOYMENTS, {"replicas": 0, **template({"containers": [ENV]})}),
    item(kinds.REPLICA_SETS, {"replicas": 0, **template(PULL)}),
    item(kinds.STATEFUL_SETS, template({"containers": [FROM]})),
    item(kinds.DAEMON_SETS, template(VOLUME)),
    item(kinds.REPLICATION_CONTROLLERS, template(PULL)),
    item(kinds.JOBS, template(PULL)),
    item(kinds.CRON_JOBS, {"suspend": True, "jobTemplate": {"spec": template(PULL)}}),
    item(kinds.NIM_BUILDS, {"image": {"pullSecrets": ["ngc-secret"]}}),
    item(kinds.POD_TEMPLATES, {}, **template(PULL)),
    item(kinds.RAY_CLUSTERS, {"suspend": True, "headGroupSpec": template(PULL)}),
    item(kinds.RAY_JOBS, {"rayClusterSpec": {"workerGroupSpecs": [template(PULL)]}}),
    item(kinds.RAY_SERVICES, {"rayClusterConfig": {"headGroupSpec": template(FROM)}}),
    item(kinds.PYTORCH_JOBS, {"pytorchReplicaSpecs": {"Worker": template(PULL)}}),
    item(kinds.LEADER_WORKER_SETS, {"leaderWorkerTemplate": {"workerTemplate": {"spec": PULL}}}),
    item(kinds.NOTEBOOKS, template({"containers": [ENV]})),
    item(kinds.SERVICE_ACCOUNTS, {}, imagePullSecrets=PULL["imagePullSecrets"]),
    item(kinds.SERVICE_ACCOUNTS, {}, secrets=[{"name": "nvidia-nim-secrets"}]),
    item(kinds.KNATIVE_REVISIONS, {"containers": [ENV]}),
    item(kinds.BUILD_CONFIGS, {"output": {"pushSecret": {"name": "ngc-secret"}}}),
]
GROUPS = (
    "kubeflow.org",
    "serving.knative.dev",
    "build.openshift.io",
    "apps.openshift.io",
    "ray.io",
    "leaderworkerset.x-k8s.io",
)


def served(state: str) -> UpgradeCluster:
    cluster = old_cluster(state)
    cluster.groups = (*cluster.groups, *GROUPS)
    return cluster


def referred(user: Manifest) -> list[str]:
    return [name for name in ("nvidia-nim-secrets", "ngc-secret") if f"'{name}'" in str(user)]


@pytest.mark.parametrize("user", USERS, ids=lambda one: f"{one['kind']}")
async def test_a_reference_of_any_kind_keeps_the_secret(user: Manifest) -> None:
    """R-CLN-12."""
    cluster = served(STATE)
    cluster.put(user)

    await apply_upgrade(cluster, QUICK)

    names = referred(user)
    assert names
    for name in names:
        assert cluster.find("Secret", name, PROJECT), name
    assert len(cluster.writes()) > 3


async def test_without_a_reference_both_copies_go() -> None:
    """R-CLN-12."""
    cluster = served(STATE)

    await apply_upgrade(cluster, QUICK)

    assert not cluster.find("Secret", "nvidia-nim-secrets", PROJECT)
    assert not cluster.find("Secret", "ngc-secret", PROJECT)


async def test_a_user_that_comes_after_the_plan_keeps_the_secret() -> None:
    """R-CLN-05, R-CLN-12."""
    cluster = served(STATE)

    def arrive(call: str) -> None:
        if call.startswith("delete Account"):
            cluster.put(item(kinds.PODS, {"containers": [], **PULL}))

    cluster.on_call = arrive

    report = await apply_upgrade(cluster, QUICK)

    assert cluster.find("Secret", "ngc-secret", PROJECT)
    assert any("uses it since" in line for line in report.left)


MARKED = [
    {"labels": {"app": "mine"}},
    {"annotations": {"argocd.argoproj.io/tracking-id": "mine"}},
    {"finalizers": ["example.com/hold"]},
    {"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "y"}]},
]


@pytest.mark.parametrize("mark", MARKED, ids=lambda one: next(iter(one)))
async def test_a_copy_with_anybodys_mark_is_not_ours(mark: dict[str, Any]) -> None:
    """R-CLN-04."""
    cluster = served(STATE)
    cluster.gc = False
    copied = cluster.find("Secret", "nvidia-nim-secrets", PROJECT)
    assert copied is not None
    copied["metadata"] |= mark
    cluster.put(copied)

    await apply_upgrade(cluster, QUICK)

    assert cluster.find("Secret", "nvidia-nim-secrets", PROJECT)


DECOYS = [
    secret("nvidia-nim-access", MAIN, {"password": "x"}),
    secret("nvidia-nim-access", "elsewhere", {"api_key": "x"}),
    secret("odh-nim-account-pull", "elsewhere", {"a": "x"}),
    secret("nvidia-nim-image-pull", "elsewhere", {"a": "x"}),
    secret("nvidia-nim-image-pull", MAIN, {".dockerconfigjson": '{"auths": {"quay.io": {}}}'}),
    secret("odh-nim-account-pull-2", MAIN, {"a": "x"}, labels={"opendatahub.io/managed": "true"}),
]


@pytest.mark.parametrize("decoy", DECOYS, ids=lambda one: str(one["metadata"]["name"]))
async def test_a_name_alone_proves_nothing(decoy: Manifest) -> None:
    """R-CLN-04."""
    cluster = served("gen1")
    cluster.put(decoy)
    before = cluster.find("Secret", decoy["metadata"]["name"], decoy["metadata"]["namespace"])

    await apply_upgrade(cluster, QUICK)

    after = cluster.find("Secret", decoy["metadata"]["name"], decoy["metadata"]["namespace"])
    assert after == before


async def test_template_that_a_user_copied_stays() -> None:
    """R-CLN-13."""
    cluster = served("gen1")
    copied = cluster.find("Template", "nvidia-nim-serving-template", MAIN)
    assert copied is not None
    copied["metadata"] = {"name": "my-nim", "namespace": MAIN}
    cluster.put(copied)

    await apply_upgrade(cluster, QUICK)

    assert cluster.find("Template", "my-nim", MAIN)
    assert not cluster.find("Template", "nvidia-nim-serving-template", MAIN)


async def test_what_comes_back_is_reported_and_not_deleted_again() -> None:
    """R-CLN-10, R-CLN-05."""
    cluster = served("gen1")
    found = cluster.find("ConfigMap", "nvidia-nim-images-data", MAIN)
    assert found is not None
    await apply_upgrade(cluster, QUICK)
    cluster.put(found)
    written = len(cluster.writes())

    plan = await plan_upgrade(cluster)
    await apply_upgrade(cluster, QUICK)

    (line,) = [one for one in plan.items if one.subject.name == "nvidia-nim-images-data"]
    assert line.action is Action.REPORT
    assert "came back" in line.reason
    assert cluster.writes()[written:] == []
    again = Options(wait=0.2, poll=0.01, look_again=0, consents=Consents(again=True))
    await apply_upgrade(cluster, again)
    assert not cluster.find("ConfigMap", "nvidia-nim-images-data", MAIN)


async def test_copies_stay_provable_after_the_admins_key_is_gone() -> None:
    """R-CLN-12."""
    cluster = served("gen2b")
    await apply_upgrade(cluster, QUICK)
    assert not cluster.find("Secret", "nvidia-nim-access", MAIN)
    cluster.gc = False
    for kind, namespace, name in cluster.snapshot():
        if namespace == "doc-search" and kind not in ("Secret", "Namespace"):
            cluster.remove(kind, name, namespace)

    await apply_upgrade(cluster, QUICK)

    assert not cluster.find("Secret", "ngc-secret", "doc-search")
    assert cluster.find("Secret", "ngc-secret", "support-bot")


def controller(replicas: int, *env: Manifest) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "odh-model-controller", "namespace": MAIN},
        "spec": {"replicas": replicas, **template({"containers": [{"env": list(env)}]})},
    }


FROM_MAP = {
    "name": "NIM_STATE",
    "valueFrom": {"configMapKeyRef": {"name": "odh-model-controller-parameters", "key": "s"}},
}


@pytest.mark.parametrize(
    ("deployments", "value", "expected"),
    [
        ([], None, Controller.ABSENT),
        ([controller(0)], None, Controller.ABSENT),
        ([controller(1, {"name": "NIM_STATE", "value": "managed"})], None, Controller.SERVING),
        ([controller(1, {"name": "NIM_STATE", "value": ""})], None, Controller.SERVING),
        ([controller(1, {"name": "NIM_STATE", "value": "removed"})], None, Controller.REMOVED),
        ([controller(1, FROM_MAP)], "removed", Controller.REMOVED),
        ([controller(1, FROM_MAP)], "managed", Controller.SERVING),
        ([controller(1, FROM_MAP)], None, Controller.UNKNOWN),
        ([controller(1)], None, Controller.UNKNOWN),
    ],
)
def test_only_a_proven_end_of_the_controller_counts(
    deployments: list[Manifest], value: str | None, expected: Controller
) -> None:
    """R-CLN-07."""
    inventory = Inventory()
    inventory.objects["Deployment"] = deployments
    inventory.objects["ConfigMap"] = [
        {
            "metadata": {"name": "odh-model-controller-parameters", "namespace": MAIN},
            "data": {} if value is None else {"s": value},
        }
    ]

    assert judge_controller(inventory) is expected


def test_a_newer_controller_without_any_right_on_accounts_has_replaced_it() -> None:
    """R-CLN-07."""
    inventory = Inventory()
    inventory.objects[kinds.DEPLOYMENTS.kind] = [controller(1)]
    for group, expected in (
        ("apps", Controller.REPLACED),
        ("nim.opendatahub.io", Controller.UNKNOWN),
    ):
        inventory.objects[kinds.CLUSTER_ROLES.kind] = [
            {"metadata": {"name": "odh-model-controller-role"}, "rules": [{"apiGroups": [group]}]}
        ]
        assert judge_controller(inventory) is expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just("ngc-secret"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "secretName", "imagePullSecrets", "a/b", "namespace", "~"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_object_can_be_walked(spec: Any) -> None:
    """R-CLN-12."""
    found = Uses()

    found.add(
        {"kind": "Pod", "metadata": {"name": "a", "namespace": "b"}, "spec": spec},
        Wanted(frozenset({"ngc-secret"}), frozenset({"ngc-secret"})),
    )

    assert len(found.of_secret("b", "ngc-secret")) <= 1


async def test_choice_of_models_becomes_a_catalogue_with_consent() -> None:
    """R-CLN-06, R-CLN-13."""
    cluster = old_cluster("mixed/model-list-config")
    cluster.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "nvidia-nim-models-data", "namespace": MAIN},
            "data": {"llama-3.1-8b-instruct": "{}", "other": "{}"},
        }
    )
    before = cluster.find("ConfigMap", "nvidia-nim-enabled-models", MAIN)
    agreed = Options(wait=0.2, poll=0.01, look_again=0, consents=Consents(use_model_list=True))

    report = await apply_upgrade(cluster, agreed)

    assert report.finished
    (saved,) = [
        one
        for (kind, _, name), one in cluster.snapshot().items()
        if kind == "ConfigMap" and name.startswith("nvidia-nim-models-saved-")
    ]
    assert saved["data"] == {"llama-3.1-8b-instruct": "{}"}
    config = cluster.find("OdhDashboardConfig", "odh-dashboard-config", MAIN)
    if config is None:
        config = cluster.find("ConfigMap", "odh-nim-config", MAIN)
    assert saved["metadata"]["name"] in str(config)
    assert cluster.find("ConfigMap", "nvidia-nim-enabled-models", MAIN) == before
