"""Applies any manifest, of kinds that the product does not work with too, and strictly."""

import json
import ssl
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import Any

from odh_nim.domain.manifest import Manifest, describe
from odh_nim.manifests.yaml import load_yaml
from odh_nim.sandbox.testing import ControlPlane

# They have no namespace, whatever a manifest says.
CLUSTER_SCOPED = ("Namespace", "CustomResourceDefinition", "ConsoleLink", "OAuthClient")
# The plural where it is not the kind and an s.
PLURALS = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}


def apply(plane: ControlPlane, manifest: Manifest, *, dry_run: bool = True) -> dict[str, Any]:
    """Apply as the admin; an unknown field or a refusal is an error with the server's words."""
    kubeconfig = load_yaml(plane.kubeconfig("admin").read_text(encoding="utf-8"))
    token = kubeconfig["users"][0]["user"]["token"]
    question = "fieldManager=test&force=true&fieldValidation=Strict"
    request = urllib.request.Request(  # noqa: S310 - the address of this test's control plane
        f"{plane.admin.server}{path_of(manifest)}?{question}{'&dryRun=All' if dry_run else ''}",
        data=json.dumps(manifest).encode(),
        method="PATCH",
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/apply-patch+yaml",
        },
    )
    trust = ssl.create_default_context(cafile=str(plane.layout.certificates / "ca.crt"))
    try:
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:  # noqa: S310 - as above
            assert answer.status in (HTTPStatus.OK, HTTPStatus.CREATED)
            stored: dict[str, Any] = json.load(answer)
            return stored
    except urllib.error.HTTPError as error:
        words = json.load(error).get("message")
        message = f"{describe(manifest)} is refused: {words}"
        raise AssertionError(message) from None


def path_of(manifest: Manifest) -> str:
    version, kind, metadata = manifest["apiVersion"], manifest["kind"], manifest["metadata"]
    plural = PLURALS.get(kind, f"{kind.lower()}s")
    place = "" if kind in CLUSTER_SCOPED else f"/namespaces/{metadata['namespace']}"
    return f"/{'apis' if '/' in version else 'api'}/{version}{place}/{plural}/{metadata['name']}"
