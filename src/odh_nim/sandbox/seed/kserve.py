"""What KServe's controller reads when it starts: its configuration and its webhooks."""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import Final

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.seed.manifests import Variant

_VERSION: Final = "v0.20.0"
_GROUP: Final = "serving.kserve.io"
_ADMISSION: Final = "admissionregistration.k8s.io/v1"
# KServe's pod webhook parses these for every pod, also where no such container is added.
_SIDECAR: Final = {
    "cpuRequest": "100m",
    "cpuLimit": "1",
    "memoryRequest": "100Mi",
    "memoryLimit": "1Gi",
}


def kserve_manifests(
    *, webhook_port: int, ca_pem: str | bytes, variant: Variant = Variant.OPEN_DATA_HUB
) -> list[Manifest]:
    """Build namespace, configuration and webhooks of a KServe that listens on loopback.

    The webhooks come last: from then on the API server refuses InferenceServices until KServe
    listens on `webhook_port` with a certificate of this authority.
    """
    authority = ca_pem.encode() if isinstance(ca_pem, str) else ca_pem
    hooks = _Webhooks(webhook_port, b64encode(authority).decode())
    return [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": names.KSERVE_NAMESPACE},
        },
        _configuration(headless=variant is not Variant.KUBERNETES_ONLY),
        hooks.mutating(),
        hooks.validating("inferenceservice", "v1beta1"),
        hooks.validating("servingruntime", "v1alpha1"),
    ]


def _configuration(*, headless: bool) -> Manifest:
    agent = {"image": f"kserve/agent:{_VERSION}", **_SIDECAR}
    settings = {
        "deploy": {"defaultDeploymentMode": "Standard"},
        "ingress": {
            # Must not be empty, though no ingress is made.
            "ingressGateway": "none/none",
            "ingressDomain": "example.com",
            "urlScheme": "http",
            "disableIstioVirtualHost": True,
            "disableIngressCreation": True,
            "enableGatewayApi": False,
        },
        "storageInitializer": {
            "image": f"kserve/storage-initializer:{_VERSION}",
            **_SIDECAR,
            "cpuModelcar": "10m",
            "memoryModelcar": "15Mi",
        },
        "agent": agent,
        "logger": {**agent, "defaultUrl": "http://none"},
        "batcher": {**agent, "maxBatchSize": "32", "maxLatency": "5000"},
        # Open Data Hub's default; Kubernetes alone gets a Service with an address.
        "service": {"serviceClusterIPNone": headless},
    }
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": names.KSERVE_CONFIG_MAP, "namespace": names.KSERVE_NAMESPACE},
        "data": {name: json.dumps(value) for name, value in settings.items()},
    }


class _Webhooks:
    """KServe's webhooks, reached by address: no Service and no certificate manager is needed."""

    def __init__(self, port: int, authority: str) -> None:
        self._port = port
        self._authority = authority

    def mutating(self) -> Manifest:
        defaulter = self._hook(
            "inferenceservice.kserve-webhook-server.defaulter",
            "/mutate-serving-kserve-io-v1beta1-inferenceservice",
            _rule(_GROUP, "v1beta1", "inferenceservices", ["CREATE", "UPDATE"]),
        )
        pods = self._hook(
            "inferenceservice.kserve-webhook-server.pod-mutator",
            "/mutate-pods",
            _rule("", "v1", "pods", ["CREATE"]),
        )
        of_services = {"key": names.INFERENCE_SERVICE_LABEL, "operator": "Exists"}
        pods["reinvocationPolicy"] = "IfNeeded"
        pods["objectSelector"] = {"matchExpressions": [of_services]}
        return _configuration_of(
            "MutatingWebhookConfiguration", "inferenceservice", [defaulter, pods]
        )

    def validating(self, singular: str, version: str) -> Manifest:
        hook = self._hook(
            f"{singular}.kserve-webhook-server.validator",
            f"/validate-serving-kserve-io-{version}-{singular}",
            _rule(_GROUP, version, f"{singular}s", ["CREATE", "UPDATE"]),
        )
        return _configuration_of("ValidatingWebhookConfiguration", singular, [hook])

    def _hook(self, name: str, path: str, rule: Manifest) -> Manifest:
        return {
            "name": name,
            "clientConfig": {
                "url": f"https://127.0.0.1:{self._port}{path}",
                "caBundle": self._authority,
            },
            "rules": [rule],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 10,
        }


def _rule(group: str, version: str, plural: str, operations: Sequence[str]) -> Manifest:
    return {
        "apiGroups": [group],
        "apiVersions": [version],
        "resources": [plural],
        "operations": list(operations),
    }


def _configuration_of(kind: str, singular: str, webhooks: list[Manifest]) -> Manifest:
    return {
        "apiVersion": _ADMISSION,
        "kind": kind,
        "metadata": {"name": f"{singular}.{_GROUP}"},
        "webhooks": webhooks,
    }
