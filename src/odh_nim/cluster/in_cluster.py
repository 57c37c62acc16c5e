"""The connection of a pod: its ServiceAccount's folder and the variables of the cluster."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from odh_nim.cluster.config import ConnectionConfig
from odh_nim.domain.errors import KubeconfigError

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def in_cluster_config(
    environ: Mapping[str, str],
    folder: Path = SERVICE_ACCOUNT,
    *,
    as_user: str | None = None,
    as_groups: tuple[str, ...] = (),
) -> ConnectionConfig | None:
    """Describe the cluster this process runs in; None where it runs in none.

    Raises:
        KubeconfigError: The folder is there, but not complete.

    """
    host = environ.get("KUBERNETES_SERVICE_HOST")
    port = environ.get("KUBERNETES_SERVICE_PORT")
    if not host or not port:
        return None
    token = folder / "token"
    authority = _read(folder / "ca.crt")
    if authority is None:
        # A pod without a token may still pass its callers' tokens on; without the CA it may not.
        raise KubeconfigError(
            "This pod has no ServiceAccount folder, so the cluster's certificate is not known.",
            remedy="Mount it (automountServiceAccountToken), or give a kubeconfig.",
        )
    namespace = _read(folder / "namespace")
    return ConnectionConfig(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=namespace.decode().strip() if namespace else "default",
        ca_data=authority,
        # A path, not its content: the kubelet rotates it.
        token_file=token if token.exists() else None,
        as_user=as_user,
        as_groups=as_groups,
    )


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
