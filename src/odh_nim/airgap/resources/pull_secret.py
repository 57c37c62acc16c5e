"""The login of the mirror in the cluster's own pull secret, without losing an entry.

On OpenShift mirrors are asked with this secret alone; the pull secrets of projects do not count.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import ConfigurationError, ConflictError, InputError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS, ApiResource


class SecretCluster(Protocol):
    """The calls that merging needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object."""

    async def replace(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        """Write an object that has not changed meanwhile."""


@dataclass(frozen=True)
class MirrorLogin:
    """A login of the mirror; it cannot be printed by accident."""

    host: str
    username: str
    password: str = field(repr=False)

    def entry(self) -> dict[str, str]:
        """Give the entry of a docker configuration."""
        text = f"{self.username}:{self.password}"
        return {"auth": base64.b64encode(text.encode()).decode()}


@dataclass(frozen=True)
class Merge:
    """What a merge would change: hosts only, never a login."""

    content: bytes = field(repr=False)
    kept: tuple[str, ...]
    change: str

    def lines(self) -> list[str]:
        """Give the difference for people."""
        return [*(f"  {host}" for host in self.kept), self.change]


def merge(config: bytes, login: MirrorLogin) -> Merge:
    """Add a login to a docker configuration; everything else stays as it is.

    Raises:
        InputError: The configuration cannot be read.

    """
    try:
        document: dict[str, Any] = json.loads(config)
        auths: dict[str, Any] = document.setdefault("auths", {})
        before = auths.get(login.host)
        kept = tuple(sorted(host for host in auths if host != login.host))
    except (ValueError, AttributeError, TypeError, RecursionError):
        raise InputError("The pull secret holds no docker configuration.") from None
    if isinstance(before, dict) and before.get("auth") == login.entry()["auth"]:
        return Merge(config, kept, f"= {login.host}")
    auths[login.host] = login.entry()
    mark = "~" if before is not None else "+"
    return Merge(json.dumps(document).encode(), kept, f"{mark} {login.host}")


async def merge_pull_secret(
    cluster: SecretCluster, login: MirrorLogin, *, dry_run: bool = False
) -> Merge:
    """Merge a login into the global pull secret; a second run changes nothing.

    Raises:
        ConfigurationError: The cluster has none: it is no OpenShift.
        ConflictError: Somebody else changed the secret three times meanwhile.

    """
    for last in (False, False, True):
        secret = await _read(cluster)
        done = merge(_content(secret), login)
        if done.change.startswith("="):
            return done
        changed = base64.b64encode(done.content).decode()
        data = {**(secret.get("data") or {}), names.DOCKER_CONFIG_FIELD: changed}
        try:
            await cluster.replace(
                {**secret, "data": data},
                namespace=names.GLOBAL_PULL_SECRET_NAMESPACE,
                dry_run=dry_run,
            )
        except ConflictError:
            if last:
                raise
            continue
        return done
    raise AssertionError


async def _read(cluster: SecretCluster) -> Manifest:
    place = names.GLOBAL_PULL_SECRET_NAMESPACE
    try:
        return await cluster.get(SECRETS, names.GLOBAL_PULL_SECRET, place)
    except NotFoundError:
        raise ConfigurationError(
            f"There is no Secret/{names.GLOBAL_PULL_SECRET} in {place}: only OpenShift has one.",
            remedy="Elsewhere give the nodes the login, for containerd beside its hosts.toml.",
        ) from None


def _content(secret: Manifest) -> bytes:
    text = (secret.get("data") or {}).get(names.DOCKER_CONFIG_FIELD, "")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InputError("The pull secret holds no docker configuration.") from None
