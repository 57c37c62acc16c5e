"""How each part of the control plane is started: pure data, decided in one place.

Everything listens on loopback. etcd has no port at all but a socket in the data folder, where
nobody else may go; it and the API server run in that folder, so that the socket's path is short
(the system allows about 100 bytes).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.ports import LOOPBACK
from odh_nim.sandbox.programs import Programs

ETCD: Final = "etcd"
API_SERVER: Final = "kube-apiserver"
CONTROLLER_MANAGER: Final = "kube-controller-manager"
SCHEDULER: Final = "kube-scheduler"
KSERVE: Final = "kserve-manager"
PAGE: Final = "page"
# In the order of their start. Stopped the other way round: an API server whose store is gone does
# not end.
CORE: Final = (ETCD, API_SERVER, CONTROLLER_MANAGER, SCHEDULER)
PARTS: Final = (*CORE, KSERVE)
# All that have a process of their own, with its log and its pid file.
PROCESSES: Final = (*PARTS, PAGE)
# Those that have a port to be chosen.
LISTENING: Final = (API_SERVER, KSERVE)

_STORE: Final = "client.sock:1"
_CONTROLLERS: Final = (
    "namespace-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "root-ca-certificate-publisher-controller",
    "garbage-collector-controller",
    "deployment-controller",
    "replicaset-controller",
    "job-controller",
    "resourcequota-controller",
    "endpointslice-controller",
    # Without it the roles admin, edit and view are empty.
    "clusterrole-aggregation-controller",
    # KServe scales by it, also to a fixed number.
    "horizontal-pod-autoscaler-controller",
)


@dataclass(frozen=True)
class Part:
    """A program with its arguments, the folder it runs in, and what its environment has more."""

    name: str
    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def build_parts(programs: Programs, layout: Layout, ports: Mapping[str, int]) -> dict[str, Part]:
    """Describe every part of a control plane in this folder on these ports."""
    kubernetes = str(programs.kubernetes)
    clients = _client_flags(layout)
    commands: dict[str, tuple[str, ...]] = {
        ETCD: (kubernetes, ETCD, *_etcd_flags()),
        API_SERVER: (kubernetes, API_SERVER, *_api_server_flags(layout, ports[API_SERVER])),
        CONTROLLER_MANAGER: (
            kubernetes,
            CONTROLLER_MANAGER,
            *clients,
            f"--root-ca-file={layout.certificates}/ca.crt",
            f"--service-account-private-key-file={layout.certificates}/service-accounts.key",
            "--use-service-account-credentials=false",
            f"--controllers={','.join(_CONTROLLERS)}",
        ),
        SCHEDULER: (kubernetes, SCHEDULER, *clients),
        KSERVE: (
            str(programs.kserve),
            f"--kubeconfig={layout.system_kubeconfig}",
            f"--webhook-port={ports[KSERVE]}",
            f"--cert-dir={layout.certificates}/kserve",
        ),
    }
    return {name: Part(name, command, layout.data) for name, command in commands.items()}


def _etcd_flags() -> tuple[str, ...]:
    return (
        "--data-dir=etcd",
        # Outlives a kill of any process; only a power cut could lose the last writes.
        "--unsafe-no-fsync",
        "--log-level=warn",
        f"--listen-client-urls=unix://{_STORE}",
        f"--advertise-client-urls=unix://{_STORE}",
        "--listen-peer-urls=unix://peer.sock:1",
        "--initial-advertise-peer-urls=http://localhost:1",
        "--initial-cluster=default=http://localhost:1",
    )


def _api_server_flags(layout: Layout, port: int) -> tuple[str, ...]:
    folder = layout.certificates
    return (
        f"--etcd-servers=unix://{_STORE}",
        f"--bind-address={LOOPBACK}",
        f"--advertise-address={LOOPBACK}",
        f"--secure-port={port}",
        f"--tls-cert-file={folder}/apiserver/tls.crt",
        f"--tls-private-key-file={folder}/apiserver/tls.key",
        f"--client-ca-file={folder}/ca.crt",
        f"--token-auth-file={layout.tokens_file}",
        "--authorization-mode=RBAC",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder}/service-accounts.key",
        f"--service-account-signing-key-file={folder}/service-accounts.key",
        "--service-cluster-ip-range=10.0.0.0/24",
        # Independent of the machine's network.
        "--endpoint-reconciler-type=none",
        # No controller takes the taint away that this plugin puts on new nodes.
        "--disable-admission-plugins=TaintNodesByCondition",
        # For the stand-in of OpenShift's projects.
        f"--requestheader-client-ca-file={folder}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        f"--proxy-client-cert-file={folder}/front-proxy.crt",
        f"--proxy-client-key-file={folder}/front-proxy.key",
    )


def _client_flags(layout: Layout) -> tuple[str, ...]:
    file = layout.system_kubeconfig
    return (
        f"--kubeconfig={file}",
        f"--authentication-kubeconfig={file}",
        f"--authorization-kubeconfig={file}",
        "--leader-elect=false",
        "--secure-port=0",
    )
