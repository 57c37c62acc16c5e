"""What makes the real API server pass requests about projects on to the stand-in."""

from base64 import b64encode
from typing import Final

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import API_SERVICES, NAMESPACES, PROJECTS, SERVICES

SERVICE: Final = "project-api"
NAMESPACE: Final = "odh-nim-sandbox"
# The name in the stand-in's certificate.
HOST: Final = f"{SERVICE}.{NAMESPACE}.svc"


def project_api_objects(*, port: int, ca_pem: bytes) -> list[Manifest]:
    """Build the objects, in their order; `ca_pem` signed the certificate."""
    return [
        {
            "apiVersion": NAMESPACES.api_version,
            "kind": NAMESPACES.kind,
            "metadata": {"name": NAMESPACE},
        },
        {
            "apiVersion": SERVICES.api_version,
            "kind": SERVICES.kind,
            "metadata": {"name": SERVICE, "namespace": NAMESPACE},
            "spec": {"type": "ExternalName", "externalName": "localhost"},
        },
        {
            "apiVersion": API_SERVICES.api_version,
            "kind": API_SERVICES.kind,
            "metadata": {"name": f"{PROJECTS.version}.{PROJECTS.group}"},
            "spec": {
                "group": PROJECTS.group,
                "version": PROJECTS.version,
                # The order among groups that share a kind's name; nobody shares this one.
                "groupPriorityMinimum": 9900,
                "versionPriority": 15,
                "service": {"name": SERVICE, "namespace": NAMESPACE, "port": port},
                "caBundle": b64encode(ca_pem).decode(),
            },
        },
    ]
