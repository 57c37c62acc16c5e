"""Writes the two Secrets of a key: both, or none.

Each write carries the resourceVersion of what was read, so nothing that somebody else wrote
meanwhile is lost. A random revision, the same on both, tells afterwards which writes are ours: by
it a lost reply is resolved, and only what carries it is taken back.
"""

import asyncio
import copy
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ClusterError,
    ConflictError,
    KeyNotStoredError,
    NotFoundError,
    OdhNimError,
    SecretConflictError,
    UnclearReplyError,
)
from odh_nim.domain.manifest import Manifest, annotations, describe
from odh_nim.domain.resources import SECRETS, ApiResource
from odh_nim.keys.pair import PairKind, revision
from odh_nim.keys.read import SecretReader, get_secret, read_pair
from odh_nim.manifests.secrets import build_key_secrets

_DEADLINE: Final = 30
_TAKE_BACK_DEADLINE: Final = 15
# How long an interrupted write may still be on its way before it is looked for.
_SETTLE: Final = 5
# Client-side apply leaves the whole Secret here, readable as plain text.
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"


class SecretStore(SecretReader, Protocol):
    """The calls that storing needs."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""

    async def replace(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Replace what has the manifest's resourceVersion."""

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


@dataclass(frozen=True)
class _Write:
    """One Secret to write: the new one, and what is there now."""

    new: Manifest = field(repr=False)
    old: Manifest | None = field(repr=False)

    @property
    def name(self) -> str:
        return str(self.new["metadata"]["name"])


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
    writes = [
        _Write(_merged(new, old, namespace), old)
        for new, old in zip(built, (pair.key, pair.pull), strict=True)
    ]
    await _write_all(cluster, writes, namespace)
    return StoredKey(change, namespace, state.key_secret, state.pull_secret, mark)


def _decide(kind: PairKind, *, same_key: bool) -> Change:
    if kind is PairKind.ABSENT:
        return Change.CREATED
    if not same_key:
        return Change.REPLACED
    return Change.UNCHANGED if kind is PairKind.OURS else Change.REPAIRED


def _merged(new: Manifest, old: Manifest | None, namespace: str) -> Manifest:
    """Put the new content into what is there: its owners and other people's marks stay."""
    merged = copy.deepcopy(new)
    metadata = merged["metadata"]
    metadata["namespace"] = namespace
    if old is None:
        return merged
    before = old["metadata"]
    kept = {name: text for name, text in annotations(old).items() if name != _LAST_APPLIED}
    for mark in (names.KEY_CHECKED_AT, names.KEY_EXPIRES):
        kept.pop(mark, None)
    metadata["annotations"] = kept | metadata.get("annotations", {})
    metadata["labels"] = (before.get("labels") or {}) | metadata["labels"]
    for name in ("uid", "resourceVersion", "ownerReferences", "finalizers"):
        if name in before:
            metadata[name] = before[name]
    return merged


async def _write_all(cluster: SecretStore, writes: list[_Write], namespace: str) -> None:
    begun: list[_Write] = []
    try:
        async with asyncio.timeout(_DEADLINE):
            for write in writes:
                begun.append(write)
                await _write(cluster, write, namespace)
    except TimeoutError:
        late = UnclearReplyError(
            f"write {describe(writes[0].new)} in {namespace}", f"no answer within {_DEADLINE} s."
        )
        raise await _not_stored(cluster, begun, namespace, late) from None
    except OdhNimError as error:
        raise await _not_stored(cluster, begun, namespace, error) from error
    except asyncio.CancelledError:
        # Ctrl-C, or a closed browser tab: the project is left as it was all the same.
        await asyncio.shield(_take_back(cluster, begun, namespace))
        raise


async def _not_stored(
    cluster: SecretStore, begun: list[_Write], namespace: str, cause: OdhNimError
) -> KeyNotStoredError:
    leftovers = await asyncio.shield(_take_back(cluster, begun, namespace))
    return KeyNotStoredError(namespace, cause, leftovers)


async def _write(cluster: SecretStore, write: _Write, namespace: str) -> None:
    try:
        await _send(cluster, write, namespace)
    except (AlreadyExistsError, ConflictError) as error:
        raise SecretConflictError(
            f"{describe(write.new)} in {namespace} was changed by somebody else meanwhile.",
            remedy="Look at it, then run the command again.",
        ) from error
    except ClusterError:
        # The reply may be lost and the write stored: what is there decides.
        found = await get_secret(cluster, write.name, namespace)
        if found is None or revision(found) != revision(write.new):
            raise


async def _send(cluster: SecretStore, write: _Write, namespace: str) -> None:
    verb = cluster.create if write.old is None else cluster.replace
    sending = asyncio.ensure_future(verb(write.new, namespace=namespace))
    try:
        await asyncio.shield(sending)
    except asyncio.CancelledError:
        # What is on its way cannot be called back. Taking it back before the server has stored it
        # would find nothing, and leave it.
        await asyncio.wait({sending}, timeout=_SETTLE)
        sending.cancel()
        raise


async def _take_back(cluster: SecretStore, begun: list[_Write], namespace: str) -> list[str]:
    """Bring back what was there, newest first; give the names of what could not be."""
    leftovers: list[str] = []
    for write in reversed(begun):
        try:
            async with asyncio.timeout(_TAKE_BACK_DEADLINE):
                await _take_back_one(cluster, write, namespace)
        except (ClusterError, TimeoutError):
            leftovers.append(f"Secret/{write.name}")
    return leftovers


async def _take_back_one(cluster: SecretStore, write: _Write, namespace: str) -> None:
    found = await get_secret(cluster, write.name, namespace)
    # Not written by us, or written over by somebody else since.
    if found is None or revision(found) != revision(write.new):
        return
    metadata = found["metadata"]
    if write.old is not None:
        before = copy.deepcopy(write.old)
        before["metadata"]["resourceVersion"] = metadata["resourceVersion"]
        before["metadata"].pop("managedFields", None)
        await cluster.replace(before, namespace=namespace)
        return
    try:
        await cluster.delete(
            SECRETS,
            write.name,
            namespace,
            uid=metadata["uid"],
            resource_version=metadata["resourceVersion"],
        )
    except NotFoundError:
        return
