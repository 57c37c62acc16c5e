"""Access from outside on plain Kubernetes; on OpenShift Open Data Hub makes a Route."""

from typing import Final

from odh_nim.domain import names
from odh_nim.domain.deployment_spec import DeploymentSpec
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INGRESSES

# KServe makes it from the container's first port, headless Services included.
_SERVICE_PORT: Final = 80


def build_ingress(
    spec: DeploymentSpec,
    *,
    host: str | None,
    request_id: str,
    ingress_class: str | None = None,
) -> Manifest:
    """Build the Ingress of an exposed deployment; without a host it answers for every name."""
    service = {"name": names.predictor(spec.name), "port": {"number": _SERVICE_PORT}}
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": service}}
    rule: Manifest = {"http": {"paths": [path]}}
    ingress: Manifest = {
        "apiVersion": INGRESSES.api_version,
        "kind": INGRESSES.kind,
        "metadata": {
            "name": names.ingress(spec.name),
            "namespace": spec.namespace,
            "labels": dict(names.OBJECT_LABELS),
            "annotations": {names.REQUEST_ID: request_id},
        },
        "spec": {"rules": [{"host": host, **rule} if host else rule]},
    }
    if ingress_class is not None:
        ingress["spec"]["ingressClassName"] = ingress_class
    return ingress
