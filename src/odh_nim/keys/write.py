"""Writes Secrets of a key: all of them, or none.

Each write carries the resourceVersion of what was read, so nothing that somebody else wrote
meanwhile is lost. A random revision, the same on all, tells afterwards which writes are ours: by
it a lost reply is resolved, and only what carries it is taken back.
"""

import asyncio
import copy
from dataclasses import dataclass, field
from typing import Final, Protocol

from odh_nim.domain import names
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
from odh_nim.keys.pair import revision
from odh_nim.keys.read import SecretReader, get_secret

_DEADLINE: Final = 30
_TAKE_BACK_DEADLINE: Final = 15
# How long an interrupted write may still be on its way before it is looked for.
_SETTLE: Final = 5
# Client-side apply leaves the whole Secret here, readable as plain text.
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
# What is said of one key, and not of the next one.
_OF_ONE_WRITING: Final = (
    names.KEY_CHECKED_AT,
    names.KEY_EXPIRES,
    names.KEY_ROTATED_AT,
    names.KEY_ROTATED_FROM,
    names.KEY_KEPT_BEFORE,
)


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


@dataclass(frozen=True)
class Write:
    """One Secret to write: the new one, and what is there now."""

    new: Manifest = field(repr=False)
    old: Manifest | None = field(repr=False)

    @property
    def name(self) -> str:
        """Name the Secret."""
        return str(self.new["metadata"]["name"])


def merged(new: Manifest, old: Manifest | None, namespace: str) -> Manifest:
    """Put the new content into what is there: its owners and other people's marks stay."""
    merged = copy.deepcopy(new)
    metadata = merged["metadata"]
    metadata["namespace"] = namespace
    if old is None:
        return merged
    before = old["metadata"]
    kept = {name: text for name, text in annotations(old).items() if name != _LAST_APPLIED}
    for mark in _OF_ONE_WRITING:
        kept.pop(mark, None)
    metadata["annotations"] = kept | metadata.get("annotations", {})
    metadata["labels"] = (before.get("labels") or {}) | metadata["labels"]
    for name in ("uid", "resourceVersion", "ownerReferences", "finalizers"):
        if name in before:
            metadata[name] = before[name]
    return merged


async def write_all(
    cluster: SecretStore, writes: list[Write], namespace: str, *, repair: str = "keys set"
) -> None:
    """Write all, in order, or bring back what was there; `repair` is the command that helps.

    Raises:
        KeyNotStoredError: A write failed; what could not be brought back is named.

    """
    begun: list[Write] = []
    try:
        async with asyncio.timeout(_DEADLINE):
            for write in writes:
                begun.append(write)
                await _write(cluster, write, namespace)
    except TimeoutError:
        late = UnclearReplyError(
            f"write {describe(writes[0].new)} in {namespace}", f"no answer within {_DEADLINE} s."
        )
        raise await _not_stored(cluster, begun, namespace, late, repair) from None
    except OdhNimError as error:
        raise await _not_stored(cluster, begun, namespace, error, repair) from error
    except asyncio.CancelledError:
        # Ctrl-C, or a closed browser tab: the project is left as it was all the same.
        await asyncio.shield(_take_back(cluster, begun, namespace))
        raise


async def _not_stored(
    cluster: SecretStore, begun: list[Write], namespace: str, cause: OdhNimError, repair: str
) -> KeyNotStoredError:
    leftovers = await asyncio.shield(_take_back(cluster, begun, namespace))
    return KeyNotStoredError(namespace, cause, leftovers, repair=repair)


async def _write(cluster: SecretStore, write: Write, namespace: str) -> None:
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


async def _send(cluster: SecretStore, write: Write, namespace: str) -> None:
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


async def _take_back(cluster: SecretStore, begun: list[Write], namespace: str) -> list[str]:
    """Bring back what was there, newest first; give the names of what could not be."""
    leftovers: list[str] = []
    for write in reversed(begun):
        try:
            async with asyncio.timeout(_TAKE_BACK_DEADLINE):
                await _take_back_one(cluster, write, namespace)
        except (ClusterError, TimeoutError):
            leftovers.append(f"Secret/{write.name}")
    return leftovers


async def _take_back_one(cluster: SecretStore, write: Write, namespace: str) -> None:
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
