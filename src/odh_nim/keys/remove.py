"""Takes a key away: only where nothing refers to it, or where a person insists."""

from dataclasses import dataclass, field
from typing import Protocol

from odh_nim.domain.errors import (
    ConflictError,
    KeyInUseError,
    KeyMissingError,
    NotFoundError,
    SecretConflictError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS, ApiResource
from odh_nim.keys.pair import KeySecretsState
from odh_nim.keys.read import SecretReader, read_pair
from odh_nim.keys.rotated import Rotated
from odh_nim.keys.users import KeyUser, UsersCluster, find_users


class RemoveCluster(SecretReader, UsersCluster, Protocol):
    """The calls that removing needs."""

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
class RemovePlan:
    """The Secrets that go, and who refers to them."""

    state: KeySecretsState
    deployment: str | None
    users: tuple[KeyUser, ...]
    _secrets: tuple[Manifest, ...] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The Secrets that would be deleted."""
        return tuple(secret["metadata"]["name"] for secret in self._secrets)

    @property
    def consequences(self) -> tuple[str, ...]:
        """What will fail, one line a user."""
        return tuple(f"{user.name}: {_fails(user)}" for user in self.users)

    def require_unused(self) -> None:
        """Stop where something refers to the key.

        Raises:
            KeyInUseError: With every user; stopped ones count.

        """
        if self.users:
            raise KeyInUseError(self.state.namespace, [user.name for user in self.users])


async def plan_remove(
    cluster: RemoveCluster, namespace: str, deployment: str | None = None
) -> RemovePlan:
    """Read the Secrets and find who refers to them; a list that fails stops everything.

    Raises:
        KeyMissingError: There is no key.
        SecretConflictError: A Secret of our name is not ours.
        ClusterError: It cannot be told who refers to it.

    """
    pair = await read_pair(cluster, namespace, deployment)
    state = pair.state()
    state.refuse_foreign()
    found = tuple(secret for secret in (pair.pull, pair.key) if secret is not None)
    if not found:
        whose = f"deployment {deployment} in {namespace}" if deployment else f"project {namespace}"
        raise KeyMissingError(f"No key is stored for {whose}: there is nothing to remove.")
    secrets = (state.key_secret, state.pull_secret)
    users = await find_users(cluster, namespace, secrets, Rotated.of(pair.key or pair.pull))
    return RemovePlan(state, deployment, users.of_this, found)


async def remove_key(
    cluster: RemoveCluster, plan: RemovePlan, *, force: bool = False
) -> tuple[str, ...]:
    """Delete exactly the Secrets of the plan; give their names.

    Raises:
        KeyInUseError: Something refers to the key, and `force` was not given.
        SecretConflictError: Somebody else has changed one since; what is gone is named.

    """
    if not force:
        plan.require_unused()
    gone: list[str] = []
    for secret in plan._secrets:  # noqa: SLF001 - of this module
        metadata = secret["metadata"]
        try:
            await cluster.delete(
                SECRETS,
                metadata["name"],
                plan.state.namespace,
                uid=metadata["uid"],
                resource_version=metadata["resourceVersion"],
            )
        except NotFoundError:
            continue
        except ConflictError as error:
            done = f" Deleted already: {', '.join(gone)}." if gone else ""
            raise SecretConflictError(
                f"Secret/{metadata['name']} in {plan.state.namespace} was changed by somebody else "
                f"meanwhile; it stays.{done}",
                remedy="Look at it, then run the command again.",
            ) from error
        gone.append(metadata["name"])
    return tuple(gone)


def _fails(user: KeyUser) -> str:
    if not user.is_deployment:
        return "it refers to the key"
    if user.stopped:
        return "it will not start again"
    return "its pods run on, but none will start again after them"
