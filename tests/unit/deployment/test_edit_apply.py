"""Writing an edit: one roll, all or nothing, and nobody's change lost."""

import pytest

from odh_nim.deployment import (
    DeploymentObjects,
    EditChange,
    EditPlan,
    apply_edit,
    other_users,
    plan_edit,
    read_objects,
)
from odh_nim.deployment.edit_check import check_edit
from odh_nim.domain.deployment_spec import EnvVar, KeyChoice, NewClaim
from odh_nim.domain.errors import (
    ConflictError,
    EditConflictError,
    EditFailedError,
    OdhNimError,
    RejectedError,
    UnknownModelError,
)
from odh_nim.domain.protocol import Protocol
from odh_nim.manifests.templates import packaged_template
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import plan

pytestmark = pytest.mark.anyio
TEMPLATES = {protocol: packaged_template(protocol) for protocol in Protocol}
BOTH = EditChange(tag="latest", memory="16Gi")
ALL = EditChange(tag="latest", memory="16Gi", storage_size="80Gi")


def cluster_with_llama() -> FakeCluster:
    return FakeCluster(*plan(storage=NewClaim("50Gi", "fast")).objects)


async def planned(cluster: FakeCluster, change: EditChange = BOTH) -> EditPlan:
    objects = await read_objects(cluster, "llama", "team-a")
    made = plan_edit(objects, change, templates=TEMPLATES)
    cluster.calls.clear()
    return made


def specs(cluster: FakeCluster) -> list[object]:
    kinds = [("InferenceService", "llama"), ("ServingRuntime", "llama")]
    found = [cluster.find(*one) for one in kinds]
    return [(item["spec"], item["metadata"]["annotations"]) for item in found if item]


async def test_both_objects_change_behind_a_runtime_that_is_held_back() -> None:
    """R-DEP-24: KServe sees both changes at once, and makes one new ReplicaSet."""
    cluster = cluster_with_llama()
    made = await planned(cluster)
    held: list[bool] = []

    def watch(call: str) -> None:
        if call.startswith("patch"):
            runtime = cluster.find("ServingRuntime", "llama")
            held.append(bool(runtime and runtime["spec"].get("disabled")))

    cluster.on_call = watch
    await apply_edit(cluster, made, hold=0)

    assert cluster.writes() == [
        "patch ServingRuntime/llama",
        "patch InferenceService/llama",
        "patch ServingRuntime/llama",
    ]
    assert held == [False, True, True]
    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    assert "disabled" not in runtime["spec"]


async def test_one_object_is_one_write() -> None:
    cluster = cluster_with_llama()

    await apply_edit(cluster, await planned(cluster, EditChange(memory="16Gi")), hold=0)

    assert cluster.writes() == ["patch InferenceService/llama"]


async def test_every_write_is_rehearsed_before_the_first_one() -> None:
    cluster = cluster_with_llama()
    cluster.fail(Fault.REJECTED, call="dry-run patch InferenceService")
    before = cluster.snapshot()

    with pytest.raises(RejectedError):
        await apply_edit(cluster, await planned(cluster, ALL), hold=0)

    assert cluster.snapshot() == before
    assert cluster.writes() == []


@pytest.mark.parametrize("fault", [Fault.FORBIDDEN, Fault.QUOTA, Fault.UNAUTHORIZED])
@pytest.mark.parametrize("write", [1, 2, 3])
async def test_refused_write_leaves_the_deployment_as_it_was(fault: Fault, write: int) -> None:
    """R-DEP-24, R-PROTO-05: restore on failure."""
    cluster = cluster_with_llama()
    made = await planned(cluster)
    before = specs(cluster)
    patches = ["patch ServingRuntime", "patch InferenceService", "patch ServingRuntime"]
    count = 0

    def fail(call: str) -> None:
        nonlocal count
        count += call.startswith("patch")
        if call.startswith("patch") and count == write:
            cluster.fail(fault, call=patches[write - 1])

    cluster.on_call = fail

    with pytest.raises(EditFailedError) as failure:
        await apply_edit(cluster, made, pauses=(), hold=0)

    assert specs(cluster) == before
    assert failure.value.leftovers == ()
    assert "no pod was restarted" in str(failure.value)


@pytest.mark.parametrize(
    "fault", [Fault.RESET_AFTER, Fault.RESET_BEFORE, Fault.SERVER_ERROR, Fault.SERVER_ERROR_AFTER]
)
@pytest.mark.parametrize("write", ["ServingRuntime", "InferenceService"])
async def test_lost_reply_is_settled_by_looking(fault: Fault, write: str) -> None:
    cluster = cluster_with_llama()
    made = await planned(cluster)
    cluster.fail(fault, call=f"patch {write}")

    await apply_edit(cluster, made, pauses=(0.0,), hold=0)

    service, runtime = (
        cluster.find(kind, "llama") for kind in ("InferenceService", "ServingRuntime")
    )
    assert service is not None
    assert runtime is not None
    limits = service["spec"]["predictor"]["model"]["resources"]["limits"]
    assert limits["memory"] == "16Gi"
    assert runtime["spec"]["containers"][0]["image"].endswith(":latest")
    assert "disabled" not in runtime["spec"]


async def test_claim_that_has_grown_is_named_when_the_rest_fails() -> None:
    cluster = cluster_with_llama()
    made = await planned(cluster, ALL)
    cluster.fail(Fault.FORBIDDEN, call="patch InferenceService")

    with pytest.raises(EditFailedError) as failure:
        await apply_edit(cluster, made, pauses=(), hold=0)

    assert [one.subject for one in failure.value.leftovers] == [
        "PersistentVolumeClaim/nim-pvc-llama"
    ]
    assert failure.value.exit_code == 9


async def test_what_cannot_be_brought_back_is_named() -> None:
    cluster = cluster_with_llama()
    made = await planned(cluster)
    cluster.fail(Fault.FORBIDDEN, call="patch InferenceService")

    def lock(call: str) -> None:
        if call.startswith("patch InferenceService"):
            cluster.forbidden.add("patch ServingRuntime")

    cluster.on_call = lock

    with pytest.raises(EditFailedError) as failure:
        await apply_edit(cluster, made, pauses=(), hold=0)

    assert [one.subject for one in failure.value.leftovers] == ["ServingRuntime/llama"]


async def test_somebody_elses_change_is_a_conflict_with_a_diff() -> None:
    """R-DEP-24: not an overwrite."""
    cluster = cluster_with_llama()
    made = await planned(cluster)
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["spec"]["predictor"]["model"]["resources"]["limits"]["cpu"] = "64"
    cluster.put(service)

    with pytest.raises(EditConflictError) as conflict:
        await apply_edit(cluster, made, hold=0)

    assert '+          cpu: "64"' in conflict.value.diff
    assert cluster.writes() == []
    assert cluster.find("InferenceService", "llama") is not None


async def test_change_between_two_writes_is_a_conflict_and_taken_back() -> None:
    """R-DEP-24."""
    cluster = cluster_with_llama()
    made = await planned(cluster)
    runtime_before = cluster.find("ServingRuntime", "llama")

    def meanwhile(call: str) -> None:
        if call == "patch InferenceService/llama":
            service = cluster.find("InferenceService", "llama")
            assert service is not None
            service["spec"]["predictor"]["minReplicas"] = 7
            cluster.put(service)

    cluster.on_call = meanwhile
    with pytest.raises(EditConflictError):
        await apply_edit(cluster, made, pauses=(), hold=0)

    runtime = cluster.find("ServingRuntime", "llama")
    assert runtime is not None
    assert runtime_before is not None
    assert runtime["spec"] == runtime_before["spec"]


async def test_status_that_controllers_write_is_no_conflict() -> None:
    cluster = cluster_with_llama()
    made = await planned(cluster)
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["status"] = {"url": "http://llama.example.com"}
    cluster.put(service)

    await apply_edit(cluster, made, hold=0)

    changed = cluster.find("InferenceService", "llama")
    assert changed is not None
    assert changed["status"] == {"url": "http://llama.example.com"}


async def test_deployment_of_the_operator_is_refused() -> None:
    cluster = cluster_with_llama()
    service = cluster.find("InferenceService", "llama")
    assert service is not None
    service["metadata"]["ownerReferences"] = [
        {"apiVersion": "apps.nvidia.com/v1alpha1", "kind": "NIMService", "name": "x", "uid": "1"}
    ]
    cluster.put(service)

    with pytest.raises(ConflictError, match="NIMService"):
        await read_objects(cluster, "llama", "team-a")


@pytest.mark.parametrize("missing", ["InferenceService", "ServingRuntime"])
async def test_missing_object_is_told(missing: str) -> None:
    cluster = cluster_with_llama()
    cluster.remove(missing, "llama")

    with pytest.raises(UnknownModelError, match="llama"):
        await read_objects(cluster, "llama", "team-a")


async def test_neighbours_on_the_same_runtime_are_found() -> None:
    cluster = cluster_with_llama()
    other = plan(name="other").objects[-1]
    other["spec"]["predictor"]["model"]["runtime"] = "llama"
    cluster.put(other)

    objects: DeploymentObjects = await read_objects(cluster, "llama", "team-a")

    assert await other_users(cluster, objects) == ("other",)


def storage_class(*, grows: bool | None) -> dict[str, object]:
    found: dict[str, object] = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fast"},
        "provisioner": "example.com/disk",
    }
    return found if grows is None else {**found, "allowVolumeExpansion": grows}


@pytest.mark.parametrize(
    ("grows", "codes"), [(True, []), (False, ["class-fixed"]), (None, ["class-fixed"])]
)
async def test_storage_class_decides_whether_a_claim_can_grow(
    *, grows: bool | None, codes: list[str]
) -> None:
    """UI-14."""
    cluster = cluster_with_llama()
    cluster.put(storage_class(grows=grows))

    found = await check_edit(cluster, await planned(cluster, EditChange(storage_size="80Gi")))

    assert [one.code for one in found.findings] == codes


async def test_who_may_not_read_classes_is_told_so() -> None:
    cluster = cluster_with_llama()
    cluster.forbidden.add("list StorageClass")

    found = await check_edit(cluster, await planned(cluster, EditChange(storage_size="80Gi")))

    assert [one.code for one in found.findings] == ["cannot-tell"]


async def test_own_key_must_be_there_before_it_is_referred_to() -> None:
    """R-KEY-13."""
    cluster = cluster_with_llama()

    found = await check_edit(cluster, await planned(cluster, EditChange(key=KeyChoice.OWN)))

    assert [one.code for one in found.findings] == ["key-missing", "key-missing"]
    assert "keys set -n team-a --deployment llama" in found.findings[0].remedy


async def test_no_secret_value_reaches_an_error() -> None:
    """R-KEY-15."""
    cluster = cluster_with_llama()
    change = EditChange(env=(EnvVar("MY_TOKEN", "very-secret"),), tag="latest")
    made = await planned(cluster, change)
    cluster.fail(Fault.FORBIDDEN, call="patch InferenceService")

    with pytest.raises(OdhNimError) as failure:
        await apply_edit(cluster, made, pauses=(), hold=0)

    assert "very-secret" not in f"{failure.value!r}{failure.value}{made!r}{made.diff}"
