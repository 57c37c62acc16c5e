"""Which deployments still run with the key before the last rotation: for lists, in few calls."""

import asyncio
from collections.abc import Mapping
from typing import Protocol

from odh_nim.domain import names
from odh_nim.domain.manifest import annotations, labels
from odh_nim.domain.resources import PODS
from odh_nim.keys.read import SecretReader, get_secret
from odh_nim.keys.users import Rotated, UsersCluster


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
    rotated: dict[str, Rotated] = {}
    for name, secret in zip(wanted, found, strict=True):
        marks = annotations(secret) if secret else {}
        if names.KEY_ROTATED_AT in marks:
            rotated[name] = Rotated(
                marks.get(names.KEY_REVISION),
                marks[names.KEY_ROTATED_AT],
                marks.get(names.KEY_KEPT_BEFORE),
            )
    if not rotated:
        return ()
    behind = set()
    for pod in await cluster.list(PODS, namespace, label_selector=names.INFERENCE_SERVICE_LABEL):
        name = labels(pod).get(names.INFERENCE_SERVICE_LABEL, "")
        of_key = rotated.get(key_secrets.get(name, ""))
        going = pod["metadata"].get("deletionTimestamp")
        if of_key is not None and not going and of_key.is_stale(pod):
            behind.add(name)
    return tuple(sorted(behind))
