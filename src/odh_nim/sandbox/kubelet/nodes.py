"""The sandbox's machines: names, GPUs, and where their logs are served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.pod_status import NODE_ADDRESS, moment_of, timestamp

# A renewal each minute costs nothing; nobody in the sandbox takes a late one as a death.
RENEW_SECONDS: Final = 60
LEASE_SECONDS: Final = 3 * RENEW_SECONDS
_LEASES_NAMESPACE: Final = "kube-node-lease"


@dataclass(frozen=True)
class Node:
    """A machine with GPUs of one product."""

    name: str
    gpus: int
    product: str
    gpu_memory_mib: int


NODES: Final[Sequence[Node]] = (
    Node("gpu-1", 8, "NVIDIA-H100-80GB-HBM3", 81559),
    Node("gpu-2", 2, "NVIDIA-L40S", 46068),
)


def build_node(node: Node) -> Manifest:
    """Build the Node object with the labels that GPU Feature Discovery sets."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "labels": {
                "kubernetes.io/hostname": node.name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/worker": "",
                "nvidia.com/gpu.present": "true",
                "nvidia.com/gpu.product": node.product,
                "nvidia.com/gpu.count": str(node.gpus),
                "nvidia.com/gpu.memory": str(node.gpu_memory_mib),
            },
        },
    }


def build_lease(node: Node, *, now: float) -> Manifest:
    """Build the sign of life that a kubelet renews."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": node.name, "namespace": _LEASES_NAMESPACE},
        "spec": {
            "holderIdentity": node.name,
            "leaseDurationSeconds": LEASE_SECONDS,
            "renewTime": datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }


def ready_since(found: Manifest) -> float | None:
    """Tell since when a node object is ready; None where it is not."""
    for condition in found.get("status", {}).get("conditions") or []:
        if condition["type"] == "Ready" and condition["status"] == "True":
            return moment_of(condition["lastTransitionTime"])
    return None


def build_node_status(
    node: Node, *, log_port: int, now: float, since: float | None = None
) -> dict[str, Any]:
    """Build the status of a healthy node; `log_port` is where the API server asks for logs."""
    resources = {
        "cpu": "128",
        "memory": "2Ti",
        "pods": "500",
        "ephemeral-storage": "4Ti",
        names.GPU_RESOURCE: str(node.gpus),
    }
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "sandbox",
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": timestamp(now if since is None else since),
    }
    return {
        "capacity": resources,
        "allocatable": resources,
        "conditions": [ready],
        "addresses": [{"type": "InternalIP", "address": NODE_ADDRESS}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": log_port}},
        "nodeInfo": {
            "architecture": "amd64",
            "bootID": node.name,
            "containerRuntimeVersion": "sandbox://1",
            "kernelVersion": "sandbox",
            "kubeProxyVersion": "",
            "kubeletVersion": "v1.36.3",
            "machineID": node.name,
            "operatingSystem": "linux",
            "osImage": "odh-nim sandbox",
            "systemUUID": node.name,
        },
    }
