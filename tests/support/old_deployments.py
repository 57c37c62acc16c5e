"""A deployment as the old dashboard made it, with keys that the sandbox's registry knows."""

import json
from base64 import b64encode
from typing import Any

from odh_nim.domain.manifest import Manifest
from support.old_clusters import manifests

STATE = "mixed/non-nim-neighbours"
NAME = "nim-chat"
IMAGE = "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"


def old_deployment(
    namespace: str, key: str, *, node: str | None = None, gpus: int = 1, **annotations: str
) -> list[Manifest]:
    """Build Secrets, claim, ServingRuntime and InferenceService of generation 2."""
    found = {
        one["kind"]: one
        for one in manifests(STATE)
        if one["metadata"].get("namespace") == "shared" and one["metadata"]["name"] == NAME
    }
    runtime, service = found["ServingRuntime"], found["InferenceService"]
    runtime["spec"]["containers"][0]["image"] = IMAGE
    runtime["spec"]["volumes"][0] = {
        "name": runtime["spec"]["volumes"][0]["name"],
        "emptyDir": {},
    }
    predictor = service["spec"]["predictor"]
    small = {"cpu": "1", "memory": "1Gi", "nvidia.com/gpu": str(gpus)}
    predictor["model"]["resources"] = {"requests": small, "limits": small}
    if node is not None:
        predictor["nodeSelector"] = {"kubernetes.io/hostname": node}
    service["metadata"]["annotations"] |= annotations
    service.pop("status")
    for one in (runtime, service):
        one["metadata"]["namespace"] = namespace
        one["metadata"].pop("uid", None)
    return [*old_secrets(namespace, key), runtime, service]


def old_secrets(namespace: str, key: str) -> list[Manifest]:
    """Build the two copies of a key as the old dashboard made them."""
    login = {"auths": {"nvcr.io": {"username": "$oauthtoken", "password": key}}}
    return [
        secret("nvidia-nim-secrets", namespace, {"NGC_API_KEY": key}),
        secret("ngc-secret", namespace, {".dockerconfigjson": json.dumps(login)})
        | {"type": "kubernetes.io/dockerconfigjson"},
    ]


def secret(name: str, namespace: str, data: dict[str, str], **metadata: Any) -> Manifest:
    """Build a Secret."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace, **metadata},
        "data": {field: b64encode(text.encode()).decode() for field, text in data.items()},
    }
