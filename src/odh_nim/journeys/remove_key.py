"""Removes a key: both Secrets, unless a deployment still refers to them."""

from dataclasses import dataclass
from typing import Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import KeyMissingError, NotFoundError, PreflightError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS, ApiResource
from odh_nim.keys import PairKind, read_key_state
from odh_nim.keys.users import Rotated, UsersCluster, find_users


class RemoveCluster(UsersCluster, Protocol):
    """The calls that removing needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def get_metadata(
        self, resource: ApiResource, name: str, namespace: str | None = None
    ) -> Manifest:
        """Give an object without its content."""

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
    ) -> None:
        """Delete what has this uid and resourceVersion."""


@dataclass(frozen=True)
class Removed:
    """The Secrets that are gone, and what fails without them."""

    secrets: tuple[str, ...]
    findings: tuple[Finding, ...]


async def remove_key(
    cluster: RemoveCluster, namespace: str, deployment: str | None = None, *, force: bool = False
) -> Removed:
    """Remove the key of a project, or a deployment's own; run again it finishes what was begun.

    Raises:
        KeyMissingError: There is none.
        SecretConflictError: A Secret of our name is not ours.
        PreflightError: Deployments use it, stopped ones too, and it is not forced.
        ClusterError: Who uses it cannot be told; or a Secret was changed meanwhile.

    """
    state = await read_key_state(cluster, namespace, deployment)
    if state.kind is PairKind.ABSENT:
        raise KeyMissingError(f"There is no key in Secret/{state.key_secret} of {namespace}.")
    state.refuse_foreign()
    secrets = (names.pull_secret(deployment), names.key_secret(deployment))
    users = await find_users(cluster, namespace, secrets, Rotated(None, None))
    severity = Severity.WARNING if force else Severity.ERROR
    findings = tuple(
        Finding(
            severity,
            "key-used",
            one.name,
            f"It refers to this key: {'it starts no more' if one.stopped else 'new pods fail'}.",
            "Give it another key, or delete it first.",
        )
        for one in users.of_this
    )
    if findings and not force:
        raise PreflightError(f"The removal of the key in {namespace}", findings)
    gone = [name for name in secrets if await _delete(cluster, name, namespace)]
    return Removed(tuple(gone), findings)


async def _delete(cluster: RemoveCluster, name: str, namespace: str) -> bool:
    try:
        metadata = (await cluster.get_metadata(SECRETS, name, namespace))["metadata"]
        await cluster.delete(
            SECRETS,
            name,
            namespace,
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
        )
    except NotFoundError:
        return False
    return True
