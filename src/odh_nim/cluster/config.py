"""What is needed to reach an API server, and to log in to it."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Self
from urllib.parse import SplitResult, urlsplit

from odh_nim.cluster.proxy import is_loopback
from odh_nim.domain.errors import KubeconfigError, printable


@dataclass(frozen=True)
class ClientCertificate:
    """A certificate and its key, both PEM."""

    certificate: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class ExecPlugin:
    """A program that logs in (`client.authentication.k8s.io`)."""

    api_version: str
    command: str
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    interactive_mode: str = "IfAvailable"
    # The cluster, as the program wants to hear of it; None where it does not.
    cluster: Mapping[str, object] | None = field(default=None, repr=False)
    install_hint: str = ""


@dataclass(frozen=True)
class ConnectionConfig:
    """One API server and one way to log in. Secrets are not shown."""

    server: str
    namespace: str = "default"
    context: str | None = None
    ca_data: bytes | None = field(default=None, repr=False)
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    # May hold a login.
    proxy: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    client_certificate: ClientCertificate | None = None
    exec_plugin: ExecPlugin | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    identity_required: bool = False

    def __post_init__(self) -> None:
        parts = parse_server(self.server)
        host = parts.hostname or ""
        if parts.scheme not in ("https", "http") or not host:
            raise KubeconfigError(f"The server {printable(self.server)!r} is no https address.")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise KubeconfigError(
                "The server's address carries more than a host, a port and a path."
            )
        if parts.scheme == "http" and not is_loopback(host):
            raise KubeconfigError(
                f"The server {printable(self.server)} is not https: a login would travel readably.",
                remedy="Use its https address; plain http works on this machine only.",
            )

    @property
    def host(self) -> str:
        """The host of the server, without the port."""
        return parse_server(self.server).hostname or ""

    @cached_property
    def loopback(self) -> bool:
        """Whether the server is on this machine."""
        return is_loopback(self.host)

    def without_credentials(self) -> Self:
        """Keep the address and the trust only: each request then needs an identity of its own.

        For the web server, which has no business in a cluster but its callers'.
        """
        return dataclasses.replace(
            self,
            token=None,
            token_file=None,
            client_certificate=None,
            exec_plugin=None,
            as_user=None,
            as_groups=(),
            identity_required=True,
        )


def parse_server(server: str) -> SplitResult:
    """Take a server's address apart.

    Raises:
        KubeconfigError: It is no address.

    """
    try:
        parts = urlsplit(server)
        _ = parts.port
        if not server.isascii() or not server.isprintable() or " " in server:
            raise ValueError  # noqa: TRY301 - one sentence for all of it
    except ValueError:
        raise KubeconfigError(f"The server {printable(server)!r} is no address.") from None
    return parts
