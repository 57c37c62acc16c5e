"""Turns one context of a kubeconfig, with its cluster and user, into a connection."""

import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from odh_nim.cluster.config import ClientCertificate, ConnectionConfig, ExecPlugin, parse_server
from odh_nim.cluster.proxy import proxy_for
from odh_nim.domain.errors import KubeconfigError, printable

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_HTTPS = 443
_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True)
class Parts:
    """One entry of a kubeconfig, and the folder that its relative paths start in."""

    content: Mapping[str, Any] = field(repr=False)
    folder: Path

    def text(self, key: str) -> str | None:
        """Read a text; empty is none."""
        value = self.content.get(key)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            raise KubeconfigError(f"{key} in the kubeconfig is no text.")
        return value

    def flag(self, key: str) -> bool:
        """Read a boolean; only a real one counts, since it may switch a check off."""
        value = self.content.get(key) or False
        if not isinstance(value, bool):
            raise KubeconfigError(f"{key} in the kubeconfig is neither true nor false.")
        return value

    def path(self, key: str) -> Path | None:
        """Read a path beside the kubeconfig."""
        value = self.text(key)
        return self.folder / Path(value).expanduser() if value else None

    def data(self, key: str) -> bytes | None:
        """Read `KEY-data`, or the file that `KEY` names."""
        if encoded := self.text(f"{key}-data"):
            try:
                return b64decode(encoded, validate=True)
            except ValueError:
                raise KubeconfigError(f"{key}-data in the kubeconfig is no base64.") from None
        file = self.path(key)
        if file is None:
            return None
        try:
            return file.read_bytes()
        except OSError as error:
            raise KubeconfigError(
                f"The {key} {printable(str(file))} cannot be read: "
                f"{error.strerror or 'unknown reason'}."
            ) from None


def build_config(
    name: str,
    context: Parts,
    cluster: Parts,
    user: Parts,
    *,
    environ: Mapping[str, str],
    as_user: str | None,
    as_groups: tuple[str, ...],
) -> ConnectionConfig:
    """Put a context together.

    Raises:
        KubeconfigError: A part of it cannot be used.

    """
    server = cluster.text("server")
    if server is None:
        raise KubeconfigError(f"The cluster of context {printable(name)!r} has no server.")
    address = parse_server(server)
    insecure = cluster.flag("insecure-skip-tls-verify")
    ca_data = cluster.data("certificate-authority")
    if insecure and ca_data is not None:
        raise KubeconfigError(
            "The kubeconfig names a certificate authority and insecure-skip-tls-verify: "
            "one contradicts the other."
        )
    if as_user is None:
        as_user, as_groups = user.text("as"), _texts(user, "as-groups") + as_groups
    return ConnectionConfig(
        server=server.rstrip("/"),
        namespace=context.text("namespace") or "default",
        context=name,
        ca_data=ca_data,
        insecure_skip_tls_verify=insecure,
        tls_server_name=cluster.text("tls-server-name"),
        proxy=proxy_for(
            address.hostname or "",
            address.port or _HTTPS,
            configured=cluster.text("proxy-url"),
            environ=environ,
        ),
        token=user.text("token"),
        token_file=user.path("tokenFile"),
        client_certificate=_client_certificate(user),
        exec_plugin=_exec_plugin(user, cluster, ca_data, environ),
        as_user=as_user,
        as_groups=as_groups,
    )


def _texts(user: Parts, key: str) -> tuple[str, ...]:
    values = user.content.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise KubeconfigError(f"{key} in the kubeconfig is no list of names.")
    return tuple(values)


def _client_certificate(user: Parts) -> ClientCertificate | None:
    for way, instead in (("auth-provider", "exec"), ("username", "a token or exec")):
        if user.content.get(way):
            raise KubeconfigError(
                f"The kubeconfig logs in with {way}, which Kubernetes has given up.",
                remedy=f"Log in anew, or use {instead}.",
            )
    certificate = user.data("client-certificate")
    key = user.data("client-key")
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "client-certificate" if certificate is None else "client-key"
        raise KubeconfigError(f"The kubeconfig's client certificate has no {missing}.")
    return ClientCertificate(certificate, key)


def _exec_plugin(
    user: Parts, cluster: Parts, ca_data: bytes | None, environ: Mapping[str, str]
) -> ExecPlugin | None:
    content = user.content.get("exec")
    if not content:
        return None
    if not isinstance(content, dict):
        raise KubeconfigError("exec in the kubeconfig is no mapping.")
    plugin = Parts(content, user.folder)
    version = plugin.text("apiVersion") or ""
    command = plugin.text("command")
    if version not in _EXEC_VERSIONS or command is None:
        raise KubeconfigError(
            f"The kubeconfig's exec has no command, or a version ({printable(version)}) other than "
            f"{' and '.join(_EXEC_VERSIONS)}."
        )
    # A path counts from the kubeconfig, a bare name is looked for in PATH.
    has_folder = os.sep in command
    return ExecPlugin(
        api_version=version,
        command=str(plugin.folder / Path(command).expanduser()) if has_folder else command,
        arguments=_texts(plugin, "args"),
        environment=dict(environ) | _variables(plugin),
        interactive_mode=plugin.text("interactiveMode") or "IfAvailable",
        cluster=_cluster_info(cluster, ca_data) if plugin.flag("provideClusterInfo") else None,
        install_hint=plugin.text("installHint") or "",
    )


def _variables(plugin: Parts) -> dict[str, str]:
    variables = plugin.content.get("env") or []
    try:
        return {str(item["name"]): str(item["value"]) for item in variables}
    except (TypeError, KeyError):
        raise KubeconfigError("env of the kubeconfig's exec is no list of variables.") from None


def _cluster_info(cluster: Parts, ca_data: bytes | None) -> dict[str, object]:
    """Describe the cluster as `ExecCredential.spec.cluster` does."""
    extensions = cluster.content.get("extensions") or []
    config = next(
        (item.get("extension") for item in extensions if item.get("name") == _EXEC_EXTENSION), None
    )
    info = {
        "server": cluster.text("server"),
        "tls-server-name": cluster.text("tls-server-name"),
        "insecure-skip-tls-verify": cluster.flag("insecure-skip-tls-verify") or None,
        "certificate-authority-data": b64encode(ca_data).decode() if ca_data else None,
        "proxy-url": cluster.text("proxy-url"),
        "config": config,
    }
    return {key: value for key, value in info.items() if value is not None}
