"""The only code that talks to the API server."""

from odh_nim.cluster.client import Client, DryRunClient
from odh_nim.cluster.config import ClientCertificate, ConnectionConfig, ExecPlugin
from odh_nim.cluster.identity import Identity, use_identity
from odh_nim.cluster.known import WatchEvent
from odh_nim.cluster.kubeconfig import load_kubeconfig
from odh_nim.cluster.reading import Page
from odh_nim.cluster.retry import Pacing
from odh_nim.cluster.transport import Timeouts

__all__ = [
    "Client",
    "ClientCertificate",
    "ConnectionConfig",
    "DryRunClient",
    "ExecPlugin",
    "Identity",
    "Pacing",
    "Page",
    "Timeouts",
    "WatchEvent",
    "load_kubeconfig",
    "use_identity",
]
