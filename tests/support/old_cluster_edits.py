"""Ways to make another state of a recorded one: for states that nobody has recorded."""

import copy
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any, Final

from odh_nim.domain.manifest import Manifest
from support.old_deployments import secret
from support.upgrade_cluster import FINALIZER, UpgradeCluster

MAIN: Final = "redhat-ods-applications"
Edit = Callable[[UpgradeCluster], None]


def every(*edits: Edit) -> Edit:
    """Make several changes, one after the other."""

    def change(cluster: UpgradeCluster) -> None:
        for edit in edits:
            edit(cluster)

    return change


def find(cluster: UpgradeCluster, identity: str) -> Manifest:
    """Give an object by the name that expected.yaml has for it."""
    return cluster.snapshot_by_name()[identity]


def merge(identity: str, **change: Any) -> Edit:
    """Merge a change into an object; None takes away."""

    def edit(cluster: UpgradeCluster) -> None:
        cluster.put(_merged(find(cluster, identity), change))

    return edit


def _merged(before: Any, change: dict[str, Any]) -> Manifest:
    after: Manifest = copy.deepcopy(before) if isinstance(before, dict) else {}
    for key, value in change.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = _merged(after.get(key), value) if isinstance(value, dict) else value
    return after


def without(*identities: str) -> Edit:
    """Take objects away, finalizers or not; what they own stays."""

    def edit(cluster: UpgradeCluster) -> None:
        cluster.gc = False
        for identity in identities:
            item = find(cluster, identity)["metadata"]
            cluster.remove(identity.partition("/")[0], item["name"], item.get("namespace", ""))
        cluster.gc = True

    return edit


def with_also(*items: Manifest) -> Edit:
    """Put more objects on the cluster."""

    def edit(cluster: UpgradeCluster) -> None:
        for item in items:
            cluster.put(item)

    return edit


def copied(identity: str, name: str, namespace: str = "") -> Edit:
    """Put a copy with another name beside it, owned by nobody."""

    def edit(cluster: UpgradeCluster) -> None:
        item = find(cluster, identity)
        metadata = {key: item["metadata"].get(key) or {} for key in ("labels", "annotations")}
        space = namespace or item["metadata"].get("namespace", "")
        place = {"name": name} | ({"namespace": space} if space else {})
        cluster.put({**item, "metadata": {**metadata, **place}})

    return edit


def no_controller(cluster: UpgradeCluster) -> None:
    """Take the old controller away: nobody serves finalizers, and nobody says so."""
    cluster.controller = False
    without(f"Deployment/{MAIN}/odh-model-controller")(cluster)


def account(namespace: str, name: str, *, key: str = "nvidia-nim-access") -> Edit:
    """Put an Account with its three children, as the old controller makes them."""

    def edit(cluster: UpgradeCluster) -> None:
        place = {"namespace": namespace}
        stored = cluster.put(
            {
                "apiVersion": "nim.opendatahub.io/v1",
                "kind": "Account",
                "metadata": {"name": name, "finalizers": [FINALIZER]} | place,
                "spec": {"apiKeySecret": {"name": key} | place},
                "status": {
                    "nimConfig": {"name": f"{name}-cm"} | place,
                    "runtimeTemplate": {"name": f"{name}-template"} | place,
                    "nimPullSecret": {"name": f"{name}-pull"} | place,
                },
            }
        )
        owner = {
            "apiVersion": "nim.opendatahub.io/v1",
            "kind": "Account",
            "name": name,
            "uid": stored["metadata"]["uid"],
        }
        marks: dict[str, Any] = place | {
            "ownerReferences": [owner],
            "labels": {"opendatahub.io/managed": "true"},
        }
        cluster.put(config_map(f"{name}-cm", {"llama": model("llama")}, **marks))
        cluster.put(pull(f"{name}-pull", "nvapi-of-an-account", **marks))
        cluster.put(
            {
                "apiVersion": "template.openshift.io/v1",
                "kind": "Template",
                "metadata": {"name": f"{name}-template"} | marks,
                "objects": [{"kind": "ServingRuntime", "metadata": {"name": "nvidia-nim-runtime"}}],
            }
        )

    return edit


def model(name: str) -> str:
    """Build an entry of a catalogue as the old controller writes it."""
    return json.dumps({"name": name, "displayName": name, "latestTag": "1", "namespace": "nim/a"})


def config_map(name: str, data: dict[str, str], **metadata: Any) -> Manifest:
    """Build a ConfigMap."""
    place = {"name": name} | metadata
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": place, "data": data}


def pull(name: str, key: str, namespace: str = MAIN, **metadata: Any) -> Manifest:
    """Build a pull Secret for NVIDIA's registry."""
    login = {"auths": {"nvcr.io": {"username": "$oauthtoken", "password": key}}}
    built = secret(name, namespace, {".dockerconfigjson": json.dumps(login)}, **metadata)
    return built | {"type": "kubernetes.io/dockerconfigjson"}


def encoded(text: str) -> str:
    """Encode a field of a Secret."""
    return b64encode(text.encode()).decode()


def namespace(name: str, **metadata: Any) -> Manifest:
    """Build a namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name} | metadata}


def replica_set(space: str, pull_secret: str) -> Manifest:
    """Build a ReplicaSet that is scaled to nothing, and could be rolled back to."""
    labels = {"app": "of-yesterday"}
    pod = {
        "containers": [{"name": "model", "image": "model"}],
        "imagePullSecrets": [{"name": pull_secret}],
    }
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {"name": "of-yesterday", "namespace": space},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }


def webhook(name: str, path: str) -> dict[str, Any]:
    """Build an entry of a webhook object; it is asked about nothing."""
    service = {"name": "odh-model-controller-webhook-service", "namespace": MAIN, "path": path}
    return {
        "name": name,
        "clientConfig": {"service": service},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
