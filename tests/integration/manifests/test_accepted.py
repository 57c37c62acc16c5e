"""A real API server stores every field of what we build, and KServe makes the right Service."""

import asyncio
import copy
from dataclasses import replace
from typing import Any

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.errors import ForbiddenError, NotFoundError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import SERVICES
from odh_nim.manifests.yaml import load_all, load_yaml
from odh_nim.sandbox.shipped import shipped_manifests
from odh_nim.sandbox.testing import ControlPlane
from support.plans import SPECS, build

# KServe's newer word for the same mode.
REWRITTEN = {
    "/metadata/annotations/serving.kserve.io/deploymentMode: 'RawDeployment' became 'Standard'"
}


def lost(sent: Any, stored: Any, path: str = "") -> list[str]:
    """Name what was sent and is not stored as it was."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        return [
            place
            for key, value in sent.items()
            for place in lost(value, stored.get(key), f"{path}/{key}")
        ]
    if isinstance(sent, list) and isinstance(stored, list) and len(sent) == len(stored):
        return [
            place
            for number, (one, other) in enumerate(zip(sent, stored, strict=True))
            for place in lost(one, other, f"{path}/{number}")
        ]
    empty_is_absent = sent in ({}, "") and stored is None
    return [] if sent == stored or empty_is_absent else [f"{path}: {sent!r} became {stored!r}"]


@pytest.mark.anyio
@pytest.mark.parametrize("scenario", SPECS)
async def test_every_field_of_every_manifest_is_taken(
    scenario: str, control_plane: ControlPlane, namespace: str
) -> None:
    """R-DEP-02, R-DEP-15, R-DEP-17, R-PROTO-04: as the user who deploys, nothing stored."""
    built = build(replace(SPECS[scenario], namespace=namespace))

    async with Client(control_plane.config_for("alice")) as client:
        for manifest in built.manifests:
            try:
                stored = await client.create(manifest, dry_run=True)
            except NotFoundError:
                # A dry run leaves no Role that a RoleBinding could refer to.
                assert manifest["kind"] == "RoleBinding"
                continue
            except ForbiddenError:
                # Who may only edit makes no Roles: the preflight says so.
                assert manifest["kind"] in ("Role", "RoleBinding")
                continue
            assert set(lost(manifest, stored)) <= REWRITTEN, describe(manifest)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("scenario", "ports"),
    [
        ("llm-http", [(80, 8000, None)]),
        ("retriever-grpc-1", [(80, 8001, "kubernetes.io/h2c"), (8000, 8000, None)]),
        ("speech-grpc", [(80, 50051, "kubernetes.io/h2c")]),
    ],
)
async def test_kserve_makes_the_service_that_the_protocol_needs(
    scenario: str, ports: list[Any], control_plane: ControlPlane, namespace: str
) -> None:
    """R-PROTO-04."""
    built = build(replace(SPECS[scenario], namespace=namespace))

    async with Client(control_plane.config_for("alice")) as client:
        for manifest in built.manifests:
            await client.create(manifest)
        async with asyncio.timeout(60):
            service = await until_there(client, "demo-predictor", namespace)

    assert [
        (port["port"], port["targetPort"], port.get("appProtocol"))
        for port in service["spec"]["ports"]
    ] == ports


async def until_there(client: Client, name: str, namespace: str) -> Manifest:
    while True:
        try:
            return await client.get(SERVICES, name, namespace)
        except NotFoundError:
            await asyncio.sleep(0.2)


@pytest.mark.anyio
async def test_second_installation_changes_nothing(control_plane: ControlPlane) -> None:
    """R-TPL-07, R-CAT-14."""
    async with Client(control_plane.admin) as client:
        for manifest in shipped_manifests(control_plane.variant):
            first = await client.apply(manifest, force=True)
            second = await client.apply(copy.deepcopy(manifest), force=True)
            assert lost(manifest, first) == [], describe(manifest)
            assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]


@pytest.mark.anyio
async def test_runtime_runs_where_pod_security_is_restricted(control_plane: ControlPlane) -> None:
    """UI-31, R-EXT-03: on plain Kubernetes with a user, and not without one."""
    built = build(SPECS["llm-everything"])
    spec = {
        field: built.runtime["spec"][field]
        for field in ("containers", "volumes", "imagePullSecrets")
    }
    user = built.service["spec"]["predictor"]["securityContext"]

    async with Client(control_plane.admin) as client:
        await client.apply(RESTRICTED)
        await client.create(pod(spec | {"securityContext": user}), dry_run=True)
        with pytest.raises(ForbiddenError, match="runAsNonRoot"):
            await client.create(pod(spec), dry_run=True)


RESTRICTED = load_yaml("""
apiVersion: v1
kind: Namespace
metadata:
  name: test-restricted
  labels:
    pod-security.kubernetes.io/enforce: restricted
""")


def pod(spec: Manifest) -> Manifest:
    (manifest,) = load_all("""
apiVersion: v1
kind: Pod
metadata:
  name: demo
  namespace: test-restricted
""")
    return manifest | {"spec": copy.deepcopy(spec)}
