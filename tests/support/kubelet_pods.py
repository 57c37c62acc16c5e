"""Pods, Secrets and claims for tests of the sandbox's kubelet."""

import json
from base64 import b64encode
from typing import Any

from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.kubelet.behaviour import ANNOTATION

IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"
GOOD_KEY = "nvapi-GOOD-CANARY-0000000000"


def pod(
    name: str = "llama",
    *,
    behaviour: str = "",
    node: str | None = "gpu-1",
    image: str = IMAGE,
    pull_secret: str | None = "pull",
    restart_policy: str = "Always",
    **container: Any,
) -> Manifest:
    """Give a pod with one model container; more fields go into the container."""
    spec: Manifest = {
        "containers": [{"name": "kserve-container", "image": image, **container}],
        "restartPolicy": restart_policy,
    }
    if node:
        spec["nodeName"] = node
    if pull_secret:
        spec["imagePullSecrets"] = [{"name": pull_secret}]
    metadata: Manifest = {"name": name, "namespace": "team-a"}
    if behaviour:
        metadata["annotations"] = {ANNOTATION: behaviour}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def pull_secret(key: str = GOOD_KEY, *, name: str = "pull", registry: str = "nvcr.io") -> Manifest:
    login = {"auths": {registry: {"username": "$oauthtoken", "password": key}}}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": "team-a"},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": b64encode(json.dumps(login).encode()).decode()},
    }


def claim(name: str = "cache", *, storage_class: str | None = "standard") -> Manifest:
    spec: Manifest = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "30Gi"}},
    }
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": name,
            "namespace": "team-a",
            "finalizers": ["kubernetes.io/pvc-protection"],
        },
        "spec": spec,
        "status": {"phase": "Pending"},
    }


def storage_class(
    name: str = "standard",
    *,
    mode: str = "Immediate",
    provisioner: str = "volumes.sandbox.nim.opendatahub.io",
) -> Manifest:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": mode,
    }
