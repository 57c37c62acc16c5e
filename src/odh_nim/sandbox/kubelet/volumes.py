"""Which volume a claim gets, decided without asking anybody.

The controller for volumes is not part of the sandbox's controller-manager, so the kubelet stand-in
does its work: it binds, grows and releases claims of its own StorageClasses.
"""

from dataclasses import dataclass
from typing import Final

from odh_nim.domain.manifest import Manifest, annotations

PROVISIONER: Final = "volumes.sandbox.nim.opendatahub.io"
CLAIM_FINALIZER: Final = "kubernetes.io/pvc-protection"
_SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"
_BOUND: Final = {
    "pv.kubernetes.io/bind-completed": "yes",
    "pv.kubernetes.io/bound-by-controller": "yes",
}


@dataclass(frozen=True)
class Binding:
    """A volume to make, what to write into the claim, and the claim's status afterwards."""

    volume: Manifest
    claim_patch: Manifest
    claim_status: Manifest


@dataclass(frozen=True)
class Waiting:
    """Why a claim is not bound, as an event says it."""

    reason: str
    message: str


def volume_name(claim: Manifest) -> str:
    """Name the volume of a claim as dynamic provisioners do."""
    return f"pvc-{claim['metadata']['uid']}"


def plan_binding(claim: Manifest, storage_class: Manifest | None) -> Binding | Waiting:
    """Decide what happens to an unbound claim."""
    if storage_class is None:
        wanted = claim["spec"].get("storageClassName")
        if wanted:
            return Waiting(
                "ProvisioningFailed", f'storageclass.storage.k8s.io "{wanted}" not found'
            )
        text = "no persistent volumes available for this claim and no storage class is set"
        return Waiting("FailedBinding", text)
    waits = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    if waits and _SELECTED_NODE not in annotations(claim):
        return Waiting(
            "WaitForFirstConsumer", "waiting for first consumer to be created before binding"
        )
    provisioner = storage_class["provisioner"]
    if provisioner != PROVISIONER:
        return Waiting(
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner "
            f"'{provisioner}' or manually by the system administrator.",
        )
    return _bind(claim)


def uses_claim(pod: Manifest, claim: Manifest) -> bool:
    """Tell whether a pod holds a claim; one that no node has yet holds nothing."""
    if not pod["spec"].get("nodeName"):
        return False
    if pod["metadata"]["namespace"] != claim["metadata"]["namespace"]:
        return False
    return any(
        (volume.get("persistentVolumeClaim") or {}).get("claimName") == claim["metadata"]["name"]
        for volume in pod["spec"].get("volumes") or []
    )


def plan_growth(claim: Manifest) -> Manifest | None:
    """Decide the status of a bound claim that asks for more than it has."""
    wanted = claim["spec"]["resources"]["requests"]["storage"]
    status = claim.get("status", {})
    if status.get("capacity", {}).get("storage") == wanted:
        return None
    return {"capacity": {"storage": wanted}}


def _bind(claim: Manifest) -> Binding:
    metadata, spec = claim["metadata"], claim["spec"]
    size = spec["resources"]["requests"]["storage"]
    volume = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": volume_name(claim)},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": size},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec.get("storageClassName", ""),
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
            "csi": {"driver": PROVISIONER, "volumeHandle": metadata["uid"]},
        },
    }
    return Binding(
        volume,
        {
            "metadata": {"annotations": _BOUND, "uid": metadata["uid"]},
            "spec": {"volumeName": volume_name(claim)},
        },
        {"phase": "Bound", "accessModes": spec["accessModes"], "capacity": {"storage": size}},
    )
