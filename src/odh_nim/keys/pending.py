"""Which deployments still run with the key before the last rotation: for lists, in few calls."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from odh_nim.domain import names
from odh_nim.domain.manifest import labels
from odh_nim.domain.resources import PODS
from odh_nim.keys.read import SecretReader, get_secret
from odh_nim.keys.rotated import Rotated
from odh_nim.keys.users import UsersCluster


class PendingCluster(SecretReader, UsersCluster, Protocol):
    """The calls that finding them needs."""


async def find_pending(
    cluster: PendingCluster, namespace: str, key_secrets: Mapping[str, str]
) -> tuple[str, ...]:
    """Name the deployments that need a restart; `key_secrets` is their key Secret by name.

    One call a Secret, and one for all pods where a key was ever replaced.

    Raises:
        ForbiddenError: The caller may not read Secrets or pods; then nobody can tell.

    """
    wanted = sorted(set(key_secrets.values()))
    found = await asyncio.gather(*(get_secret(cluster, name, namespace) for name in wanted))
    read = {name: Rotated.of(secret) for name, secret in zip(wanted, found, strict=True)}
    if not any(one.at for one in read.values()):
        return ()
    behind = set()
    for pod in await cluster.list(PODS, namespace, label_selector=names.INFERENCE_SERVICE_LABEL):
        name = labels(pod).get(names.INFERENCE_SERVICE_LABEL, "")
        of_key = read.get(key_secrets.get(name, ""))
        if of_key is not None and of_key.is_stale(pod):
            behind.add(name)
    return tuple(sorted(behind))
