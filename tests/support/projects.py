"""A whole cluster in memory for commands: catalogue, Templates, a GPU node, a project, its key."""

from types import SimpleNamespace
from typing import Any

from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.shipped import read_shipped
from odh_nim.manifests.yaml import load_yaml
from support.catalogs import config_map, entry
from support.cluster import FakeCluster
from support.keys import key_secret, pull_secret

PROJECT = "team-a"
APPLICATIONS = "opendatahub"
TEMPLATES = ("runtimes/nim-http-template.yaml", "runtimes/nim-grpc-template.yaml")
MODELS = {
    "llama-3.1-8b-instruct": entry(defaultTag="1.8.5"),
    "nv-embedqa-e5-v5": entry(
        name="nv-embedqa-e5-v5",
        namespace="nim/nvidia",
        tags=["1.6.0"],
        latestTag="1.6.0",
        family="retriever-embed",
        protocols=["http", "grpc"],
        euRestricted=True,
    ),
    "open-model": entry(name="open-model", keyRequired=False),
    "broken": "{",
}


def item(kind: str, name: str, api_version: str = "v1", **parts: Any) -> Manifest:
    metadata = {"name": name, **parts.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def node(gpus: int = 8) -> Manifest:
    status = {
        "allocatable": {"nvidia.com/gpu": str(gpus)},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    return item("Node", "gpu-1", status=status)


def claim(name: str, *, size: str = "50Gi", mode: str = "ReadWriteOnce") -> Manifest:
    return item(
        "PersistentVolumeClaim",
        name,
        metadata={"namespace": PROJECT},
        spec={"accessModes": [mode]},
        status={"phase": "Bound", "capacity": {"storage": size}},
    )


def quota(**hard: str) -> Manifest:
    limits = {name.replace("_", "."): amount for name, amount in hard.items()}
    status = {"hard": limits, "used": dict.fromkeys(limits, "1")}
    return item("ResourceQuota", "q", metadata={"namespace": PROJECT}, status=status)


def world(
    *objects: Manifest,
    gpus: int = 8,
    nim_config: str | None = None,
    catalog: dict[str, Any] | None = None,
    with_key: bool = True,
) -> FakeCluster:
    """Build a cluster that is fine; `objects` are what else is in it."""
    default_class = {"storageclass.kubernetes.io/is-default-class": "true"}
    cluster = FakeCluster(
        item("Namespace", PROJECT),
        node(gpus),
        item("StorageClass", "fast", "storage.k8s.io/v1", metadata={"annotations": default_class}),
        config_map(MODELS if catalog is None else catalog, namespace=APPLICATIONS),
        gc=True,
    )
    cluster.not_served = {"DSCInitialization", "OdhDashboardConfig", "HardwareProfile"}
    for path in TEMPLATES:
        template: Manifest = load_yaml(read_shipped(path))
        template["metadata"]["namespace"] = APPLICATIONS
        cluster.put(template)
    if nim_config is not None:
        settings = {"nimConfig": nim_config}
        cluster.put(config_map(settings, name="odh-nim-config", namespace=APPLICATIONS))
    for secret in (key_secret(), pull_secret()) if with_key else ():
        cluster.put(secret)
    for extra in objects:
        cluster.put(extra)
    # What the commands read of a client beside its verbs.
    cluster.config = SimpleNamespace(namespace=PROJECT)  # type: ignore[attr-defined]  # as said
    return cluster
