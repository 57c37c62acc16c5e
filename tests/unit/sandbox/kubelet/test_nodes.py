import pytest

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.nodes import (
    NODES,
    Node,
    build_lease,
    build_node,
    build_node_status,
    ready_since,
)
from odh_nim.sandbox.kubelet.pod_status import timestamp

NOW = 1_700_000_000.0


def test_sandbox_has_two_kinds_of_gpus() -> None:
    """R-EXT-07, R-DEP-19."""
    assert [(node.name, node.gpus, node.product) for node in NODES] == [
        ("gpu-1", 8, "NVIDIA-H100-80GB-HBM3"),
        ("gpu-2", 2, "NVIDIA-L40S"),
    ]


@pytest.mark.parametrize("node", NODES)
def test_node_carries_the_labels_of_gpu_feature_discovery(node: Node) -> None:
    labels = build_node(node)["metadata"]["labels"]

    assert labels["nvidia.com/gpu.product"] == node.product
    assert labels["nvidia.com/gpu.count"] == str(node.gpus)
    assert int(labels["nvidia.com/gpu.memory"]) == node.gpu_memory_mib


def test_status_offers_the_gpus_and_says_where_logs_are() -> None:
    status = build_node_status(NODES[0], log_port=4711, now=NOW)

    assert status["allocatable"]["nvidia.com/gpu"] == "8"
    assert status["daemonEndpoints"] == {"kubeletEndpoint": {"Port": 4711}}
    assert status["addresses"] == [{"type": "InternalIP", "address": "127.0.0.1"}]


@pytest.mark.parametrize(
    ("status", "since"),
    [
        (build_node_status(NODES[0], log_port=1, now=NOW), NOW),
        (build_node_status(NODES[0], log_port=1, now=NOW, since=NOW - 100), NOW - 100),
        ({"conditions": [{"type": "Ready", "status": "Unknown"}]}, None),
        ({}, None),
    ],
)
def test_readiness_is_read_with_its_time(status: Manifest, since: float | None) -> None:
    assert ready_since({"status": status}) == since


def test_lease_tells_that_the_node_lives() -> None:
    lease = build_lease(NODES[1], now=NOW)

    assert lease["metadata"] == {"name": "gpu-2", "namespace": "kube-node-lease"}
    assert lease["spec"]["renewTime"].startswith(timestamp(NOW).removesuffix("Z"))
