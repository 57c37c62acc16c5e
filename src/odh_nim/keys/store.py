"""Stores a key for a project, or for one deployment: in two Secrets, or in none."""

import datetime as dt
import secrets
from dataclasses import dataclass
from enum import StrEnum

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import SecretConflictError
from odh_nim.keys.pair import PairKind
from odh_nim.keys.read import read_pair
from odh_nim.keys.write import SecretStore, Write, merged, write_all
from odh_nim.manifests.secrets import build_key_secrets


class Change(StrEnum):
    """What storing did."""

    CREATED = "created"
    REPLACED = "replaced"
    # The same key; one Secret was missing or differed.
    REPAIRED = "repaired"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class StoredKey:
    """The Secrets that now hold the key."""

    change: Change
    namespace: str
    key_secret: str
    pull_secret: str
    revision: str


async def store_project_key(
    cluster: SecretStore,
    key: ApiKey,
    *,
    namespace: str,
    deployment: str | None = None,
    replace: bool,
    checked_at: str | None = None,
    expires: str | None = None,
) -> StoredKey:
    """Store a key for a project, or for one deployment.

    The same key again writes nothing. Another key is replaced only where `replace` says so.

    Raises:
        SecretConflictError: A Secret of our name is not ours, or holds another key.
        KeyNotStoredError: A write failed; what was written is taken back, or named.

    """
    pair = await read_pair(cluster, namespace, deployment)
    state = pair.state(key)
    state.refuse_foreign()
    change = _decide(state.kind, same_key=bool(state.holds_same_key))
    stored = StoredKey(change, namespace, state.key_secret, state.pull_secret, state.revision or "")
    if change is Change.UNCHANGED:
        return stored
    if change is Change.REPLACED and not replace:
        raise SecretConflictError(
            f"Project {namespace} has another key already, in Secret/{state.key_secret}.",
            remedy="Add --replace to store the new key in its place.",
        )
    mark = secrets.token_hex(8)
    built = build_key_secrets(
        key, deployment, revision=mark, checked_at=checked_at, expires=expires
    )
    if change is not Change.CREATED:
        # Pods that are older run with what was there before: `keys show` tells them by it.
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for secret in built:
            secret["metadata"]["annotations"][names.KEY_ROTATED_AT] = now
    writes = [
        Write(merged(new, old, namespace), old)
        for new, old in zip(built, (pair.key, pair.pull), strict=True)
    ]
    await write_all(cluster, writes, namespace)
    return StoredKey(change, namespace, state.key_secret, state.pull_secret, mark)


def _decide(kind: PairKind, *, same_key: bool) -> Change:
    if kind is PairKind.ABSENT:
        return Change.CREATED
    if not same_key:
        return Change.REPLACED
    return Change.UNCHANGED if kind is PairKind.OURS else Change.REPAIRED
