"""Objects to edit: as a cluster holds ours, and as the stock dashboard makes them."""

import copy

from odh_nim.deployment import DeploymentObjects, Plan
from odh_nim.domain.manifest import Manifest


def objects_of(plan: Plan) -> DeploymentObjects:
    """Give the objects of a plan with the fields that a cluster adds."""
    found = {}
    for number, item in enumerate(plan.objects):
        stored = copy.deepcopy(item)
        stored["metadata"]["uid"] = f"uid-{number}"
        stored["metadata"]["resourceVersion"] = str(number)
        found[item["kind"]] = stored
    return DeploymentObjects(
        found["InferenceService"], found["ServingRuntime"], found.get("PersistentVolumeClaim")
    )


# Names with a random part, requests below limits, an own Secret of the wizard.
STOCK_SERVICE: Manifest = {
    "apiVersion": "serving.kserve.io/v1beta1",
    "kind": "InferenceService",
    "metadata": {
        "name": "my-nim",
        "namespace": "team-a",
        "uid": "uid-stock",
        "labels": {"opendatahub.io/dashboard": "true"},
        "annotations": {
            "openshift.io/display-name": "My NIM",
            "security.opendatahub.io/enable-auth": "false",
        },
    },
    "spec": {
        "predictor": {
            "minReplicas": 1,
            "maxReplicas": 1,
            "model": {
                "modelFormat": {"name": "llama-3.1-8b-instruct"},
                "name": "",
                "resources": {
                    "requests": {"cpu": "2", "memory": "8Gi", "nvidia.com/gpu": "1"},
                    "limits": {"cpu": "8", "memory": "16Gi", "nvidia.com/gpu": "1"},
                },
                "runtime": "my-nim-xk2f9",
            },
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
        }
    },
}
STOCK_RUNTIME: Manifest = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ServingRuntime",
    "metadata": {
        "name": "my-nim-xk2f9",
        "namespace": "team-a",
        "uid": "uid-stock-runtime",
        "labels": {"opendatahub.io/dashboard": "true"},
        "annotations": {
            "opendatahub.io/apiProtocol": "REST",
            "opendatahub.io/template-name": "nvidia-nim-serving-template",
            "runtimes.opendatahub.io/nvidia-nim": "true",
        },
    },
    "spec": {
        "containers": [
            {
                "name": "kserve-container",
                "image": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5",
                "env": [
                    {"name": "NIM_CACHE_PATH", "value": "/mnt/models/cache"},
                    {
                        "name": "NGC_API_KEY",
                        "valueFrom": {
                            "secretKeyRef": {"name": "nvidia-nim-secrets", "key": "NGC_API_KEY"}
                        },
                    },
                ],
                "ports": [{"containerPort": 8000, "protocol": "TCP"}],
                "volumeMounts": [{"name": "nim-pvc-xk2f9", "mountPath": "/mnt/models/cache"}],
            }
        ],
        "imagePullSecrets": [{"name": "ngc-secret"}],
        "multiModel": False,
        "protocolVersions": ["grpc-v2", "v2"],
        "supportedModelFormats": [{"name": "llama-3.1-8b-instruct"}],
        "volumes": [
            {"name": "nim-pvc-xk2f9", "persistentVolumeClaim": {"claimName": "nim-pvc-xk2f9"}}
        ],
    },
}
