"""The kubeconfigs of the sandbox's users."""

from base64 import b64encode
from pathlib import Path
from typing import Any, Final

from odh_nim.domain.errors import SandboxError
from odh_nim.manifests.yaml import dump_yaml, load_yaml
from odh_nim.sandbox.layout import write_private
from odh_nim.sandbox.users import User

NAME: Final = "odh-nim-sandbox"
_LISTS: Final = ("clusters", "users", "contexts")


def build_kubeconfig(user: User, token: str, *, server: str, ca_pem: bytes) -> dict[str, Any]:
    """Build a kubeconfig with one context."""
    cluster = {"server": server, "certificate-authority-data": b64encode(ca_pem).decode()}
    name = f"{NAME}-{user.name}"
    context = {"cluster": NAME, "user": name, "namespace": user.namespace}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": name, "user": {"token": token}}],
        "contexts": [{"name": name, "context": context}],
        "current-context": name,
    }


def write_kubeconfig(path: Path, kubeconfig: dict[str, Any]) -> None:
    """Write a kubeconfig, readable for the user alone: it holds a token."""
    write_private(path, dump_yaml(kubeconfig))


def merge_into(path: Path, kubeconfigs: list[dict[str, Any]]) -> None:
    """Put the users' contexts into a kubeconfig of the person's own.

    Entries of an earlier sandbox are replaced, all others and the current context stay.

    Raises:
        SandboxError: The file is no kubeconfig.

    """
    path = path.resolve()
    own = load_yaml(path.read_text(encoding="utf-8")) if path.exists() else None
    if own is None:
        own = {"apiVersion": "v1", "kind": "Config"}
    if not isinstance(own, dict):
        raise SandboxError(f"{path} is no kubeconfig.", remedy="Nothing is changed in it.")
    for kubeconfig in kubeconfigs:
        for kind in _LISTS:
            names = [entry["name"] for entry in kubeconfig[kind]]
            kept = [entry for entry in own.get(kind) or [] if entry.get("name") not in names]
            own[kind] = kept + kubeconfig[kind]
    if not own.get("current-context"):
        own["current-context"] = kubeconfigs[0]["current-context"]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_private(path, dump_yaml(own))
