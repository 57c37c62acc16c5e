from typing import Any

import pytest

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.volumes import (
    Binding,
    Waiting,
    plan_binding,
    plan_growth,
    uses_claim,
    volume_name,
)
from support.kubelet_pods import claim, pod, storage_class


def stored(**spec: Any) -> Manifest:
    made = claim()
    made["metadata"]["uid"] = "1234"
    made["spec"] |= spec
    return made


def test_claim_gets_a_volume_of_its_size_and_class() -> None:
    plan = plan_binding(stored(), storage_class())

    assert isinstance(plan, Binding)
    assert plan.volume["metadata"]["name"] == "pvc-1234"
    assert plan.volume["spec"]["capacity"] == {"storage": "30Gi"}
    assert plan.volume["spec"]["storageClassName"] == "standard"
    assert plan.volume["spec"]["claimRef"]["uid"] == "1234"
    assert plan.claim_patch["spec"] == {"volumeName": "pvc-1234"}
    assert plan.claim_patch["metadata"]["uid"] == "1234"
    assert plan.claim_status["phase"] == "Bound"


@pytest.mark.parametrize(
    ("wanted", "found", "reason"),
    [
        ("standard", None, "ProvisioningFailed"),
        ("", None, "FailedBinding"),
        ("other", storage_class(provisioner="nobody.example"), "ExternalProvisioning"),
        ("late", storage_class(mode="WaitForFirstConsumer"), "WaitForFirstConsumer"),
    ],
)
def test_claim_that_cannot_be_bound_says_why(
    wanted: str, found: Manifest | None, reason: str
) -> None:
    plan = plan_binding(stored(storageClassName=wanted), found)

    assert isinstance(plan, Waiting)
    assert plan.reason == reason


def test_claim_for_the_first_consumer_is_bound_once_a_node_is_chosen() -> None:
    made = stored()
    made["metadata"]["annotations"] = {"volume.kubernetes.io/selected-node": "gpu-2"}

    assert isinstance(plan_binding(made, storage_class(mode="WaitForFirstConsumer")), Binding)


@pytest.mark.parametrize(
    ("has", "expected"), [("30Gi", None), ("20Gi", {"capacity": {"storage": "30Gi"}})]
)
def test_claim_grows_to_what_it_asks_for(has: str, expected: Manifest | None) -> None:
    made = stored() | {"status": {"phase": "Bound", "capacity": {"storage": has}}}

    assert plan_growth(made) == expected


@pytest.mark.parametrize(
    ("node", "claim_name", "namespace", "expected"),
    [
        ("gpu-1", "cache", "team-a", True),
        (None, "cache", "team-a", False),
        ("gpu-1", "other", "team-a", False),
        ("gpu-1", "cache", "team-b", False),
    ],
)
def test_claim_is_used_by_pods_of_its_project_that_a_node_has(
    node: str | None, claim_name: str, namespace: str, *, expected: bool
) -> None:
    user = pod(node=node)
    user["metadata"]["namespace"] = namespace
    user["spec"]["volumes"] = [
        {"name": "tmp", "emptyDir": {}},
        {"name": "w", "persistentVolumeClaim": {"claimName": claim_name}},
    ]

    assert uses_claim(user, stored()) is expected


def test_volume_is_named_after_its_claim() -> None:
    assert volume_name(stored()) == "pvc-1234"
