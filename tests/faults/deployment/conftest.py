"""A project with objects of somebody else, seen through a proxy that plays faults."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from odh_nim.cluster import Client, Pacing, Timeouts
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.testing import ControlPlane
from support.fault_proxy import Call, FaultProxy

# Short, so that a server that hangs costs a test a moment.
SHORT = Timeouts(connect=2, read=0.6, operation=1.2, listing=3)
PAUSES = (0.02, 0.05)


async def no_sleep(_: float) -> None:
    """Try again at once."""


@dataclass(frozen=True)
class Stage:
    """Where a scenario plays; `cluster` is alice's connection through the proxy."""

    plane: ControlPlane
    namespace: str
    proxy: FaultProxy
    cluster: Client
    admin: Client


def counts(call: Call) -> bool:
    """Number what a feature asks for, not what it follows or discovers."""
    return "watch=" not in call.target and call.path.count("/") > 3


def proxy_of(plane: ControlPlane) -> FaultProxy:
    folder: Path = plane.layout.certificates
    verify = ssl.create_default_context(cafile=folder / "ca.crt")
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(folder / "apiserver" / "tls.crt", folder / "apiserver" / "tls.key")
    server = plane.config_for("alice").server
    return FaultProxy(server, verify=verify, certificate=certificate, counts=counts)


@pytest.fixture
async def stage(control_plane: ControlPlane, namespace: str) -> AsyncIterator[Stage]:
    async with Client(control_plane.admin) as admin, proxy_of(control_plane) as proxy:
        for manifest in foreign_objects(namespace):
            await admin.create(manifest)
        config = replace(control_plane.config_for("alice"), server=proxy.url)
        pacing = Pacing(sleep=no_sleep)
        async with Client(config, timeouts=SHORT, pacing=pacing) as cluster:
            yield Stage(control_plane, namespace, proxy, cluster, admin)


def foreign_objects(namespace: str) -> list[Manifest]:
    """Build what a neighbour has in the project, with names near to ours."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "nvidia-nim-secrets-other", "namespace": namespace},
            "data": {"NGC_API_KEY": "bmVpZ2hib3Vy"},
        },
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "nim-pvc-other", "namespace": namespace},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "never-binds",
                "resources": {"requests": {"storage": "1Gi"}},
            },
        },
    ]
