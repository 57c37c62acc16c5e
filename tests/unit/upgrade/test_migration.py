"""How deployments of every recorded shape move to new keys."""

import copy
from typing import Any

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError, OdhNimError, SecretConflictError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.templates import packaged_template
from odh_nim.upgrade.deployments import Held, OldProject, find_projects
from odh_nim.upgrade.digests import field_of, nvidia_password
from odh_nim.upgrade.migrate import migrate_project
from odh_nim.upgrade.migration import (
    ProjectMove,
    plan_deployment_move,
    plan_project_move,
    stored_key,
)
from odh_nim.upgrade.move import MigrateOptions, Moved
from odh_nim.upgrade.refresh import plan_refresh
from odh_nim.upgrade.renaming import Renaming, find_changes, to_patch, to_way_back
from odh_nim.upgrade.rollout import Pace
from support.cluster_faults import Fault
from support.cluster_patch import apply_json_patch
from support.old_clusters import content, expected_data, states
from support.old_deployments import secret
from support.upgrade_cluster import UpgradeCluster, old_cluster

KEY = ApiKey("nvapi-canary-0123456789abcdef")
NO_WAIT = MigrateOptions(within=None)

pytestmark = pytest.mark.anyio


async def project_of(cluster: UpgradeCluster, namespace: str) -> OldProject:
    (project,) = await find_projects(cluster, namespace)
    return project


def secret_names(value: Any) -> set[str]:
    """Every Secret that an object names anywhere."""
    renaming = Renaming(_Any(), _Any())
    return {str(_plain(change.old)) for change in find_changes(value, renaming)}


class _Any(dict[str, str]):
    def __contains__(self, key: object) -> bool:
        return True

    def __getitem__(self, key: str) -> str:
        return f"{key}?"

    def get(self, key: str, default: Any = None) -> Any:
        return f"{key}?"


def _plain(old: Any) -> Any:
    return old.get("name") if isinstance(old, dict) else old


PROJECTS = [
    (state, project["namespace"])
    for state in states()
    for project in expected_data(state)["projects"]
    if project["deployments"]
]


@pytest.mark.parametrize(("state", "namespace"), PROJECTS)
async def test_every_recorded_project_migrates_as_expected(state: str, namespace: str) -> None:
    """R-MIG-02, R-MIG-04, R-MIG-05, R-MIG-01."""
    cluster = old_cluster(state)
    before = cluster.snapshot_by_name()
    project = await project_of(cluster, namespace)
    if project.held is Held.FOREIGN:
        # Plain Kubernetes: a shared runtime of the cluster is reported, nothing is written.
        assert plan_project_move(project).moves == ()
        assert plan_project_move(project).skipped
        return
    move = plan_project_move(project)
    key = KEY if move.needs_key or not move.moves else stored_key(project)

    if move.moves:
        results = await migrate_project(cluster, move, key, NO_WAIT)
        assert all(one.is_fine for one in results)

    after = cluster.snapshot_by_name()
    for one in expected_data(state)["projects"]:
        if one["namespace"] == namespace:
            for deployment in one["deployments"]:
                check(deployment, namespace, before, after, key, move)
    untouched = {
        name: item
        for name, item in before.items()
        if item["kind"] not in ("ServingRuntime", "NIMService", "Secret", "InferenceService")
    }
    assert {name: after[name] for name in untouched} == untouched
    again = plan_project_move(await project_of(cluster, namespace))
    assert again.moves == ()


def check(
    deployment: dict[str, Any],
    namespace: str,
    before: dict[str, Manifest],
    after: dict[str, Manifest],
    key: ApiKey,
    move: ProjectMove,
) -> None:
    service = f"InferenceService/{namespace}/{deployment['isvc']}"
    assert content(after[service]) == content(before[service])
    name = f"ServingRuntime/{namespace}/{deployment['runtime']}"
    if "no change" in deployment["after"]:
        assert after[name] == before[name]
        return
    if name not in after:
        name = f"NIMService/{namespace}/{deployment['isvc']}"
    for used in secret_names(after[name]):
        found = after[f"Secret/{namespace}/{used}"]
        value = nvidia_password(found) or field_of(found, "NGC_API_KEY")
        assert value == key.reveal()
    # Nothing but names of Secrets is another.
    renamed = find_changes(before[name], Renaming(pulls=dict.fromkeys(move.project.old_pulls, "x")))
    undone = copy.deepcopy(after[name])
    for change in renamed:
        place: Any = undone
        *path, last = change.path.split("/")[1:]
        for step in path:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = change.old
    assert content(undone) == content(before[name])


@pytest.mark.parametrize("reference", ["first", "init", "worker", "envFrom", "volume"])
async def test_a_reference_is_found_wherever_it_stands(reference: str) -> None:
    """R-MIG-05."""
    env = {
        "name": "NGC_API_KEY",
        "valueFrom": {"secretKeyRef": {"name": "nvidia-nim-secrets", "key": "NGC_API_KEY"}},
    }
    specs: dict[str, dict[str, Any]] = {
        "first": {"containers": [{"env": [env, {"name": "A", "value": "nvidia-nim-secrets"}]}]},
        "init": {"containers": [{}], "initContainers": [{}, {"env": [{"name": "B"}, env]}]},
        "worker": {"workerSpec": {"containers": [{"env": [env]}]}},
        "envFrom": {"containers": [{"envFrom": [{"secretRef": {"name": "nvidia-nim-secrets"}}]}]},
        "volume": {"volumes": [{"secret": {"secretName": "nvidia-nim-secrets"}}]},
    }
    spec = specs[reference]
    item = {"metadata": {"resourceVersion": "1"}, "spec": spec}
    changes = find_changes(item, Renaming(keys={"nvidia-nim-secrets": "nvidia-nim-secrets-a"}))

    assert len(changes) == 1
    changed = apply_json_patch(item, to_patch(item, changes))
    assert apply_json_patch(changed, to_way_back(changes)) == item
    assert "nvidia-nim-secrets-a" in str(changed)


def test_a_pull_secret_is_never_named_twice() -> None:
    """R-MIG-05."""
    names = ["mirror", "ngc-secret", "new", "odh-nim-account-pull"]
    item = {
        "metadata": {"resourceVersion": "1"},
        "spec": {"imagePullSecrets": [{"name": name} for name in names]},
    }
    changes = find_changes(
        item, Renaming(pulls={"ngc-secret": "new", "odh-nim-account-pull": "new"})
    )

    changed = apply_json_patch(item, to_patch(item, changes))

    assert changed["spec"]["imagePullSecrets"] == [{"name": "mirror"}, {"name": "new"}]
    assert apply_json_patch(changed, to_way_back(changes)) == item


async def test_single_deployment_gets_a_key_of_its_own() -> None:
    """R-MIG-04."""
    cluster = old_cluster("gen2b")
    move = plan_deployment_move(await project_of(cluster, "support-bot"), "llama-support")

    await migrate_project(cluster, move, KEY, NO_WAIT)

    runtime = cluster.find("ServingRuntime", "llama-support", "support-bot")
    assert runtime is not None
    assert secret_names(runtime) == {
        "nvidia-nim-secrets-llama-support",
        "nvidia-nim-image-pull-llama-support",
    }
    other = cluster.find("ServingRuntime", "rerank-support", "support-bot")
    assert other is not None
    assert secret_names(other) == {"nvidia-nim-secrets", "ngc-secret"}


async def test_stopped_deployment_stays_stopped() -> None:
    """R-ROT-06."""
    cluster = old_cluster("gen2b")
    move = plan_project_move(await project_of(cluster, "doc-search"))
    results = await migrate_project(cluster, move, KEY, NO_WAIT)

    moved = {one.name: one.moved for one in results}
    assert moved["granite-search"] is Moved.STOPPED


async def test_differing_key_under_a_new_name_is_a_conflict() -> None:
    """R-MIG-04."""
    cluster = old_cluster("gen2b")
    cluster.put(secret("nvidia-nim-secrets-llama-support", "support-bot", {"NGC_API_KEY": "x"}))
    before = cluster.snapshot()
    move = plan_deployment_move(await project_of(cluster, "support-bot"), "llama-support")

    with pytest.raises(SecretConflictError):
        await migrate_project(cluster, move, KEY, NO_WAIT)

    assert cluster.snapshot().keys() == before.keys()
    assert (
        cluster.find("ServingRuntime", "llama-support", "support-bot")
        == before["ServingRuntime", "support-bot", "llama-support"]
    )


async def test_legacy_key_is_not_reused() -> None:
    """R-MIG-03."""
    cluster = old_cluster("mixed/stale-admin-keys")
    project = await project_of(cluster, "legacy-key")

    with pytest.raises(InputError) as refused:
        stored_key(project)

    value = field_of(project.key_secret or {}, "NGC_API_KEY")
    assert value is not None
    assert value not in str(refused.value)


async def test_at_no_write_does_a_reference_dangle() -> None:
    """R-MIG-04."""
    for state, namespace in (("gen1", "claims-triage"), ("gen2b", "support-bot")):
        whole = old_cluster(state)
        move = plan_project_move(await project_of(whole, namespace))
        await migrate_project(whole, move, KEY, NO_WAIT)
        for number in range(len(whole.writes())):
            cluster = old_cluster(state)
            move = plan_project_move(await project_of(cluster, namespace))
            call = whole.writes()[number]
            cluster.fail(Fault.SERVER_ERROR, call=call, times=100)
            try:
                await migrate_project(cluster, move, KEY, NO_WAIT)
            except OdhNimError as error:
                assert KEY.reveal() not in str(error)  # noqa: PT017 - each call may end or not
            for runtime in (one for one in cluster.snapshot().values() if _is_here(one, namespace)):
                for name in secret_names(runtime):
                    assert cluster.find("Secret", name, namespace), (call, name)


def _is_here(item: Manifest, namespace: str) -> bool:
    return bool(item["kind"] == "ServingRuntime" and item["metadata"]["namespace"] == namespace)


class KServe:
    """Makes a new pod when a runtime changes, as newer KServe does; or only when asked."""

    def __init__(
        self, cluster: UpgradeCluster, namespace: str, *, follows: bool, ready: str
    ) -> None:
        self.cluster, self.namespace, self.follows, self.ready = cluster, namespace, follows, ready
        self.rolled: list[str] = []
        cluster.on_call = self.see

    def see(self, call: str) -> None:
        follows = self.follows and call.startswith("patch ServingRuntime")
        asked = call.startswith("patch InferenceService")
        if follows or asked:
            self.rolled.append(call)

    def pod(self, name: str, runtime: Manifest) -> Manifest:
        spec = runtime["spec"]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-{len(self.rolled)}",
                "namespace": self.namespace,
                "labels": {"serving.kserve.io/inferenceservice": name},
            },
            "spec": {
                "containers": spec["containers"],
                "imagePullSecrets": spec.get("imagePullSecrets") or [],
            },
            "status": {"conditions": [{"type": "Ready", "status": self.ready}]},
        }


@pytest.mark.parametrize("follows", [True, False])
async def test_rolls_once_and_believes_only_new_pods(follows: bool) -> None:  # noqa: FBT001
    """R-MIG-06, R-ROT-05."""
    cluster = old_cluster("mixed/shared-pvc")
    kserve = KServe(cluster, "cache-share", follows=follows, ready="True")
    project = await project_of(cluster, "cache-share")
    options = MigrateOptions(within=5, pace=Pace(settle=0.05, poll=0.01))
    listed = cluster.list

    async def list_pods(resource: Any, *args: Any, **kwargs: Any) -> list[Manifest]:
        if resource.kind == "Pod" and kserve.rolled:
            name = str(kwargs["label_selector"]).partition("=")[2]
            runtime = cluster.find("ServingRuntime", name, "cache-share")
            assert runtime is not None
            cluster.put(kserve.pod(name, runtime))
        return await listed(resource, *args, **kwargs)

    cluster.list = list_pods  # type: ignore[method-assign]  # the fake's own seam for what KServe does

    results = await migrate_project(cluster, plan_project_move(project), KEY, options)

    assert [one.moved for one in results] == [Moved.DONE, Moved.DONE]
    asked = [call for call in cluster.writes() if call.startswith("patch InferenceService")]
    assert len(asked) == (0 if follows else 2)


async def test_without_new_pods_everything_is_put_back() -> None:
    """R-MIG-06."""
    cluster = old_cluster("gen2b")
    before = {name: content(item) for name, item in cluster.snapshot_by_name().items()}
    project = await project_of(cluster, "support-bot")
    options = MigrateOptions(within=0.1, pace=Pace(settle=0.02, poll=0.01))

    results = await migrate_project(cluster, plan_project_move(project), KEY, options)

    after = {name: content(item) for name, item in cluster.snapshot_by_name().items()}
    assert [one.moved for one in results] == [Moved.RESTORED]
    service = after["InferenceService/support-bot/llama-support"]
    service["spec"]["predictor"].pop("annotations", None)
    assert after == before


@pytest.mark.parametrize(("state", "namespace"), PROJECTS)
async def test_refresh_brings_the_shipped_mounts_and_can_be_undone(
    state: str, namespace: str
) -> None:
    """R-MIG-07."""
    cluster = old_cluster(state)
    shipped = packaged_template(Protocol.HTTP).runtime
    for deployment in (await project_of(cluster, namespace)).deployments:
        if deployment.runtime is None:
            continue
        refresh = plan_refresh(deployment.runtime, shipped)
        if refresh is None:
            continue
        after = apply_json_patch(deployment.runtime, refresh.patch)
        container, was = after["spec"]["containers"][0], deployment.runtime["spec"]["containers"][0]
        paths = [mount["mountPath"] for mount in container["volumeMounts"]]
        assert len(paths) == len(set(paths))
        assert "/opt/nim/nginx" in paths
        for name in ("image", "env", "args", "resources", "ports"):
            assert container.get(name) == was.get(name)
        claims = [one for one in after["spec"]["volumes"] if "persistentVolumeClaim" in one]
        assert claims == [
            one for one in deployment.runtime["spec"]["volumes"] if "persistentVolumeClaim" in one
        ]
        assert after["spec"]["annotations"]["prometheus.io/path"] == "/v1/metrics"
        assert apply_json_patch(after, refresh.way_back)["spec"] == deployment.runtime["spec"]
        assert plan_refresh(after, shipped) is None
