"""Reads the two Secrets of a key, with the caller's own rights."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InvalidKeyError, NotFoundError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS, ApiResource
from odh_nim.keys.pair import KeySecretsState, Pair


class SecretReader(Protocol):
    """The one call that reading needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


async def read_key_state(
    cluster: SecretReader,
    namespace: str,
    deployment: str | None = None,
    *,
    compared_with: ApiKey | None = None,
) -> KeySecretsState:
    """Say what is stored for a project, or for one deployment; never the key."""
    return (await read_pair(cluster, namespace, deployment)).state(compared_with)


@dataclass(frozen=True)
class StoredPair:
    """What is stored, and the key to ask NVIDIA about; `flaw` says why what is stored is no key."""

    state: KeySecretsState
    key: ApiKey | None = None
    flaw: InvalidKeyError | None = None

    def is_of(self, request_id: str | None) -> bool:
        """Whether a deployment request has written what is stored: then it may finish it."""
        return request_id is not None and self.state.revision == request_id


async def read_stored_key(
    cluster: SecretReader, namespace: str, deployment: str | None = None
) -> StoredPair:
    """Read what is stored together with the key, to ask NVIDIA about it.

    It is read with the caller's own rights, in the one project, and only for this process: it
    goes to NVIDIA's key check and registry, and nowhere else.
    """
    pair = await read_pair(cluster, namespace, deployment)
    found = pair.api_key()
    if isinstance(found, InvalidKeyError):
        return StoredPair(pair.state(), flaw=found)
    return StoredPair(pair.state(), key=found)


def absent_pair(namespace: str, deployment: str | None = None) -> StoredPair:
    """Say that nothing is stored, where that is known already."""
    return StoredPair(Pair(namespace, deployment, None, None).state())


async def read_pair(cluster: SecretReader, namespace: str, deployment: str | None) -> Pair:
    """Read both Secrets at once."""
    key, pull = await asyncio.gather(
        get_secret(cluster, names.key_secret(deployment), namespace),
        get_secret(cluster, names.pull_secret(deployment), namespace),
    )
    return Pair(namespace, deployment, key, pull)


async def get_secret(cluster: SecretReader, name: str, namespace: str) -> Manifest | None:
    """Read one Secret; None where there is none."""
    try:
        return await cluster.get(SECRETS, name, namespace)
    except NotFoundError:
        return None
