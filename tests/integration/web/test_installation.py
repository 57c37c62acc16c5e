"""A real API server takes every field of what installs the page, on both kinds of cluster."""

import time
from pathlib import Path
from typing import Any

import pytest

from odh_nim.domain.manifest import Manifest, describe
from odh_nim.manifests.yaml import load_all
from odh_nim.sandbox.testing import ControlPlane
from support.kustomize import render
from support.raw_apply import apply

ROOT = Path(__file__).parents[3]
OVERLAYS = ROOT / "config" / "web" / "overlays"
CRDS = ROOT / "tests" / "data" / "crds"
KINDS = {
    "openshift": {"OAuthClient", "ConsoleLink", "OdhApplication", "Route"},
    "kubernetes": {"Ingress"},
}
COMMON = {"ServiceAccount", "Service", "Deployment", "NetworkPolicy", "PodDisruptionBudget"}


def namespace(name: str, **labels: str) -> Manifest:
    metadata = {"name": name, "labels": labels}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def tried(plane: ControlPlane, overlay: str) -> dict[str, dict[str, Any]]:
    """Apply all of an overlay, nothing stored."""
    manifests = render(OVERLAYS / overlay)
    apply(plane, namespace(manifests[0]["metadata"]["namespace"]), dry_run=False)
    return {describe(one): apply(plane, one) for one in manifests}


def until_served(plane: ControlPlane, manifest: Manifest) -> None:
    """A kind is served a moment after its definition was stored."""
    deadline = time.monotonic() + 20
    while True:
        try:
            apply(plane, manifest)
        except AssertionError as error:
            known = "could not find the requested resource" in str(error)
            if not known or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def test_openshift_takes_all_of_its_overlay(control_plane: ControlPlane) -> None:
    """R-EXT-06, T17: strictly, so that no field is unknown; the tile and the menu entry too."""
    manifests = render(OVERLAYS / "openshift")
    for file in sorted(CRDS.glob("*.yaml")):
        [definition] = load_all(file.read_text(encoding="utf-8"))
        apply(control_plane, definition, dry_run=False)
        kind = definition["spec"]["names"]["kind"]
        apply(control_plane, namespace("redhat-ods-applications"), dry_run=False)
        until_served(control_plane, next(one for one in manifests if one["kind"] == kind))

    stored = tried(control_plane, "openshift")

    assert {one["kind"] for one in stored.values()} == COMMON | KINDS["openshift"]
    assert stored["Service/odh-nim-web"]["spec"]["ports"][0]["targetPort"] == "proxy"


def test_plain_kubernetes_takes_all_of_its_overlay(plain_control_plane: ControlPlane) -> None:
    """R-EXT-03, R-EXT-06, T17."""
    stored = tried(plain_control_plane, "kubernetes")

    assert {one["kind"] for one in stored.values()} == COMMON | KINDS["kubernetes"]


@pytest.mark.parametrize("overlay", KINDS)
def test_pods_run_where_pod_security_is_restricted(
    overlay: str, plain_control_plane: ControlPlane
) -> None:
    """T17: admitted by the API server itself, and not when one field is missing."""
    apply(
        plain_control_plane,
        namespace("web-restricted", **{"pod-security.kubernetes.io/enforce": "restricted"}),
        dry_run=False,
    )
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "odh-nim-web", "namespace": "web-restricted"},
    }
    apply(plain_control_plane, account, dry_run=False)
    [deployment] = [one for one in render(OVERLAYS / overlay) if one["kind"] == "Deployment"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "web-restricted"},
        "spec": deployment["spec"]["template"]["spec"],
    }

    assert apply(plain_control_plane, pod)["kind"] == "Pod"

    del pod["spec"]["securityContext"]["seccompProfile"]
    with pytest.raises(AssertionError, match="seccompProfile"):
        apply(plain_control_plane, pod)
