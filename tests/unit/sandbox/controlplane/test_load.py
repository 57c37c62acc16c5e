import pytest

from odh_nim.domain.errors import (
    AlreadyExistsError,
    ClusterError,
    KindNotServedError,
    NotFoundError,
    RejectedError,
    SandboxError,
)
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import ApiResource
from odh_nim.sandbox.controlplane.load import load_kinds, load_objects, wait_for_controllers


class FakeCluster:
    """Remembers the calls; `faults` are raised, one after the other, by calls for their object."""

    def __init__(self, faults: dict[str, list[ClusterError]] | None = None) -> None:
        self.calls: list[str] = []
        self.conditions: list[list[dict[str, str]] | None] = []
        self._faults = faults or {}

    async def apply(
        self, manifest: Manifest, *, force: bool = False, field_manager: str = ""
    ) -> Manifest:
        assert force
        assert field_manager == "odh-nim-sandbox"
        self.calls.append(f"apply {describe(manifest)}")
        if self._faults.get(describe(manifest)):
            raise self._faults[describe(manifest)].pop(0)
        return manifest

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        self.calls.append(f"get {resource.kind}/{name}")
        if self._faults.get(f"{resource.kind}/{name}"):
            raise self._faults[f"{resource.kind}/{name}"].pop(0)
        conditions = self.conditions.pop(0) if self.conditions else None
        return {"metadata": {"name": name}, "status": {"conditions": conditions}}

    async def delete(self, resource: ApiResource, name: str, namespace: str | None = None) -> None:
        self.calls.append(f"delete {resource.kind}/{name}")


def config_map(name: str, *, immutable: bool = False) -> Manifest:
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "opendatahub"},
    }
    return manifest | ({"immutable": True} if immutable else {})


NAMESPACE: Manifest = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "opendatahub"},
}


@pytest.mark.anyio
async def test_namespaces_come_before_what_they_hold() -> None:
    cluster = FakeCluster()

    await load_objects(cluster, [config_map("a"), NAMESPACE])

    assert cluster.calls == ["apply Namespace/opendatahub", "apply ConfigMap/a"]


@pytest.mark.anyio
async def test_kind_that_is_not_served_yet_is_waited_for() -> None:
    early = KindNotServedError("apply ConfigMap/a", "not found", status=404)
    cluster = FakeCluster({"ConfigMap/a": [early, early]})

    await load_objects(cluster, [config_map("a")])

    assert cluster.calls == ["apply ConfigMap/a"] * 3


@pytest.mark.anyio
async def test_immutable_object_of_an_older_version_is_replaced() -> None:
    refused = RejectedError("apply ConfigMap/a", "field is immutable", status=422)
    cluster = FakeCluster({"ConfigMap/a": [refused]})

    await load_objects(cluster, [config_map("a", immutable=True)])

    assert cluster.calls == ["apply ConfigMap/a", "delete ConfigMap/a", "apply ConfigMap/a"]


@pytest.mark.anyio
async def test_object_that_is_refused_is_named_and_nothing_is_deleted() -> None:
    refused = RejectedError("apply ConfigMap/a", "no such field", status=422)
    cluster = FakeCluster({"ConfigMap/a": [refused]})

    with pytest.raises(SandboxError, match=r"ConfigMap/a is not accepted: .*no such field"):
        await load_objects(cluster, [config_map("a"), config_map("b")])

    assert not [call for call in cluster.calls if call.startswith("delete")]


@pytest.mark.anyio
async def test_other_errors_are_named_too() -> None:
    cluster = FakeCluster({"ConfigMap/a": [AlreadyExistsError("apply", "there", status=409)]})

    with pytest.raises(SandboxError, match="ConfigMap/a"):
        await load_objects(cluster, [config_map("a")])


@pytest.mark.anyio
async def test_kind_is_waited_for_until_it_is_established() -> None:
    cluster = FakeCluster()
    cluster.conditions = [
        None,
        [{"type": "NamesAccepted", "status": "True"}, {"type": "Established", "status": "False"}],
        [{"type": "Established", "status": "True"}],
    ]
    crd: Manifest = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "routes"},
    }

    await load_kinds(cluster, [crd])

    assert cluster.calls.count("get CustomResourceDefinition/routes") == 3


@pytest.mark.anyio
async def test_controllers_are_known_to_work_when_they_put_back_what_was_taken() -> None:
    gone = NotFoundError("get ConfigMap/kube-root-ca.crt", "not found", status=404)
    cluster = FakeCluster({"ConfigMap/kube-root-ca.crt": [gone, gone]})

    await wait_for_controllers(cluster)

    assert cluster.calls == [
        "delete ConfigMap/kube-root-ca.crt",
        *["get ConfigMap/kube-root-ca.crt"] * 3,
    ]
