"""Replaces a key: both Secrets together or not at all; the old key stays known to this process.

In steps that a caller joins with checks and restarts: `begin_rotation` reads, `store_rotation`
writes, `go_back` brings the old key back. What a killed run left is finished by
`complete_rotation`, from the cluster alone.
"""

import asyncio
import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    KeyMissingError,
    SecretConflictError,
)
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.keys.pair import KeySecretsState, Pair, PairKind, revision
from odh_nim.keys.read import read_pair
from odh_nim.keys.rotated import Rotated
from odh_nim.keys.store import Change, StoredKey
from odh_nim.keys.users import KeyUser, Users, UsersCluster, find_users
from odh_nim.keys.write import SecretStore, Write, merged, write_all
from odh_nim.manifests.secrets import build_key_secrets

# The revision of Secrets that were written before there were revisions.
_NONE: Final = "none"


class DryStore(Protocol):
    """Writes that the API server only checks."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Check a creation."""

    async def replace(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Check a replacement."""


class RotateCluster(SecretStore, UsersCluster, Protocol):
    """The calls that rotating needs."""

    def dry_run(self) -> DryStore:
        """Give a client that cannot write."""


@dataclass(frozen=True)
class Rotation:
    """What is there before a rotation: the pair as it was read, and who uses it."""

    namespace: str
    deployment: str | None
    state: KeySecretsState
    users: Users
    _pair: Pair = field(repr=False)

    @property
    def half_written(self) -> bool:
        """Whether a killed run left the new key in the first Secret only."""
        return newer_half(self._pair) is not None

    @property
    def pending(self) -> tuple[KeyUser, ...]:
        """The deployments whose pods surely run with an older key."""
        return tuple(user for user in self.users.of_this if user.restart_pending)

    @property
    def old_key(self) -> ApiKey | None:
        """The key as it was, for the way back; None where there was no usable one."""
        found = self._pair.api_key()
        return found if isinstance(found, ApiKey) else None

    def holds(self, key: ApiKey) -> bool:
        """Say whether this very key is stored already, in both Secrets."""
        return self.state.usable and bool(self._pair.state(key).holds_same_key)

    def new_key(self) -> ApiKey | None:
        """Give the key that a killed run was about to store."""
        half = newer_half(self._pair)
        return half.first_key() if half else None


def newer_half(pair: Pair) -> Pair | None:
    """Give a half-written pair whose first Secret is surely the newer one: it can be completed."""
    if pair.key is None or pair.state().kind not in (PairKind.DIFFERING, PairKind.INCOMPLETE):
        return None
    replaced = annotations(pair.key).get(names.KEY_ROTATED_FROM)
    before = (revision(pair.pull) or _NONE) if pair.pull is not None else replaced
    return pair if replaced is not None and replaced == before else None


async def begin_rotation(
    cluster: RotateCluster, namespace: str, deployment: str | None = None
) -> Rotation:
    """Read the Secrets and find who uses them.

    Raises:
        KeyMissingError: There is no key to replace.
        SecretConflictError: A Secret of our name is not ours.

    """
    pair = await read_pair(cluster, namespace, deployment)
    state = pair.state()
    state.refuse_foreign()
    if state.kind is PairKind.ABSENT:
        option = f" --deployment {deployment}" if deployment else ""
        whose = f"Deployment {deployment} in {namespace}" if deployment else f"Project {namespace}"
        raise KeyMissingError(
            f"{whose} has no key of its own yet: there is nothing to replace.",
            remedy=f"Set one: odh-nim keys set -n {namespace}{option}",
        )
    rotated = Rotated.of(pair.key or pair.pull)
    users = await find_users(cluster, namespace, (state.key_secret, state.pull_secret), rotated)
    return Rotation(namespace, deployment, state, users, pair)


async def store_rotation(
    cluster: RotateCluster,
    rotation: Rotation,
    key: ApiKey,
    *,
    checked_at: str | None = None,
    expires: str | None = None,
) -> StoredKey:
    """Put a key in place of what `begin_rotation` read; the same key writes nothing.

    Raises:
        KeyNotStoredError: A write failed, or somebody else wrote meanwhile. What was written is
            taken back, or named.

    """
    if rotation.holds(key):
        return _stored(Change.UNCHANGED, rotation, rotation.state.revision or "")
    same = bool(rotation._pair.state(key).holds_same_key)  # noqa: SLF001 - of this module
    change = Change.REPAIRED if same else Change.REPLACED
    return await _store(cluster, rotation, rotation._pair, key, change, checked_at, expires)  # noqa: SLF001 - as above


async def complete_rotation(cluster: RotateCluster, rotation: Rotation) -> StoredKey:
    """Finish what a killed run began: the key of the first Secret goes into the second too.

    Raises:
        SecretConflictError: Nothing tells which of the two keys is the newer one.
        KeyNotStoredError: The write failed.

    """
    if rotation.state.usable:
        return _stored(Change.UNCHANGED, rotation, rotation.state.revision or "")
    key, pair = rotation.new_key(), rotation._pair  # noqa: SLF001 - of this module
    if key is None or pair.key is None:
        raise SecretConflictError(
            f"The two Secrets {rotation.state.key_secret} and {rotation.state.pull_secret} in "
            f"{rotation.namespace} hold different keys, and nothing tells which is the newer one.",
            remedy="Give the key once more: odh-nim keys rotate without --resume.",
        )
    marks = annotations(pair.key)
    mark = marks[names.KEY_REVISION]
    _, pull = build_key_secrets(
        key,
        rotation.deployment,
        revision=mark,
        checked_at=marks.get(names.KEY_CHECKED_AT),
        expires=marks.get(names.KEY_EXPIRES),
    )
    for name in (names.KEY_ROTATED_AT, names.KEY_ROTATED_FROM, names.KEY_KEPT_BEFORE):
        if name in marks:
            pull["metadata"]["annotations"][name] = marks[name]
    write = Write(merged(pull, pair.pull, rotation.namespace), pair.pull)
    await write_all(cluster, [write], rotation.namespace, repair=_resume(rotation))
    return _stored(Change.REPAIRED, rotation, mark)


async def go_back(cluster: RotateCluster, rotation: Rotation, stored: StoredKey) -> StoredKey:
    """Bring the old key back, where nobody has written since; it gets a new revision.

    Raises:
        KeyMissingError: There was no usable old key.
        SecretConflictError: Somebody else has replaced the key meanwhile.
        KeyNotStoredError: A write failed.

    """
    old = rotation.old_key
    if old is None:
        raise KeyMissingError("The old key is not known to this process: there is no way back.")
    now = await read_pair(cluster, rotation.namespace, rotation.deployment)
    if now.state().revision != stored.revision or not now.state().usable:
        raise SecretConflictError(
            f"The key in {rotation.namespace} was replaced by somebody else meanwhile.",
            remedy="See `odh-nim keys show`.",
        )
    state = rotation.state
    # Pods from before the rotation run with the old key: they need no restart, unless some were
    # behind already then.
    kept = None if rotation.pending else Rotated.of(now.key).at
    return await _store(
        cluster, rotation, now, old, Change.REPLACED, state.checked_at, state.expires, kept=kept
    )


async def _store(
    cluster: RotateCluster,
    rotation: Rotation,
    pair: Pair,
    key: ApiKey,
    change: Change,
    checked_at: str | None,
    expires: str | None,
    *,
    kept: str | None = None,
) -> StoredKey:
    mark = secrets.token_hex(8)
    built = build_key_secrets(
        key, rotation.deployment, revision=mark, checked_at=checked_at, expires=expires
    )
    writes = [
        Write(merged(new, old, rotation.namespace), old)
        for new, old in zip(built, (pair.key, pair.pull), strict=True)
    ]
    now = await _rehearse(cluster, writes, rotation.namespace)
    before = next((text for one in (pair.pull, pair.key) if one and (text := revision(one))), _NONE)
    for write in writes:
        marks = write.new["metadata"]["annotations"]
        marks |= {names.KEY_ROTATED_AT: now, names.KEY_ROTATED_FROM: before}
        if kept is not None:
            marks[names.KEY_KEPT_BEFORE] = kept
    await write_all(cluster, writes, rotation.namespace, repair=_resume(rotation))
    return _stored(change, rotation, mark)


async def _rehearse(cluster: RotateCluster, writes: list[Write], namespace: str) -> str:
    """Let the API server check all writes before the first one; give its own time.

    Pods are compared with it, and their times are the server's too.
    """
    dry = cluster.dry_run()
    try:
        answers = await asyncio.gather(
            *(
                (dry.create if write.old is None else dry.replace)(write.new, namespace=namespace)
                for write in writes
            )
        )
    except (AlreadyExistsError, ConflictError) as error:
        raise _changed_meanwhile(error, namespace) from error
    ours = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return max((time for answer in answers for time in _times(answer)), default=ours)


def _changed_meanwhile(error: ClusterError, namespace: str) -> SecretConflictError:
    return SecretConflictError(
        f"The key in {namespace} was changed by somebody else meanwhile; nothing was written "
        f"({error.operation}).",
        remedy="See `odh-nim keys show`, then run the command again if it is still wanted.",
    )


def _times(answer: Manifest) -> Iterator[str]:
    for entry in answer["metadata"].get("managedFields") or []:
        if entry.get("manager") == names.FIELD_MANAGER and entry.get("time"):
            yield str(entry["time"])


def _stored(change: Change, rotation: Rotation, mark: str) -> StoredKey:
    state = rotation.state
    return StoredKey(change, rotation.namespace, state.key_secret, state.pull_secret, mark)


def _resume(rotation: Rotation) -> str:
    option = f" --deployment {rotation.deployment}" if rotation.deployment else ""
    return f"keys rotate -n {rotation.namespace}{option} --resume"
