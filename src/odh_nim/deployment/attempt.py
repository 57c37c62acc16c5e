"""One object created once, however often a reply is lost."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from odh_nim.deployment.identity import is_made_from, name_taken, request_of, whose
from odh_nim.deployment.journal import Entry
from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.errors import (
    AlreadyExistsError,
    BusyError,
    ClusterError,
    ConflictError,
    NotFoundError,
    ServerError,
    UnreachableError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

# Faults that may pass. After some of them the write is stored: only a look tells.
TRANSIENT = (UnreachableError, ServerError, BusyError)


class AttemptCluster(Protocol):
    """The calls that creating needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""


@dataclass(frozen=True)
class Attempt:
    """What creates objects for one request of one deployment.

    `pauses` are the seconds between tries; there is one try more than pauses.
    """

    cluster: AttemptCluster
    request_id: str
    deployment: str
    pauses: Sequence[float]

    async def create(self, manifest: Manifest, entry: Entry) -> Manifest:
        """Create an object, or find that this request has created it; the entry tells which.

        Raises:
            AlreadyExistsError: Somebody else's object has the name.
            ConflictError: This request made it from another specification.
            ClusterError: It cannot be created, or nobody knows whether it is.

        """
        lost = False
        for pause in (*self.pauses, None):
            entry.doubtful = True
            try:
                entry.found = await self.cluster.create(
                    manifest, namespace=entry.reference.namespace
                )
            except TRANSIENT as error:
                failure: ClusterError = error
                # From here on an object with our mark may be of this very call.
                lost = True
            except AlreadyExistsError as error:
                failure = error
                entry.doubtful = lost
            except ClusterError:
                entry.doubtful = lost
                raise
            else:
                entry.doubtful = False
                return entry.found
            found = await look(self.cluster, entry.reference, self.pauses)
            if found is not None:
                # Whoever has the name: no write of ours is on its way any more.
                entry.doubtful = False
                self._must_be_ours(entry.reference, found, manifest)
                entry.found, entry.taken_over = found, not lost
                return found
            if pause is None:
                raise failure
            await nap(pause)
        raise AssertionError("the last try returns or raises")

    def _must_be_ours(
        self, reference: ObjectReference, found: Manifest, manifest: Manifest
    ) -> None:
        going = found["metadata"].get("deletionTimestamp")
        if going or request_of(found) != self.request_id:
            raise name_taken([(reference, whose(found))], self.deployment, reference.namespace)
        if not is_made_from(found, manifest):
            raise ConflictError(
                f"go on with deployment {self.deployment} in {reference.namespace}",
                f"{reference} was made by the same request from another specification.",
                status=409,
                remedy="Deploy it as a new request, or delete what the first one left.",
            )


class Getter(Protocol):
    """Reads one object."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


async def look(
    cluster: Getter, reference: ObjectReference, pauses: Sequence[float]
) -> Manifest | None:
    """Read an object, again after a fault that may pass; None where there is none."""
    for pause in (*pauses, None):
        try:
            return await cluster.get(reference.resource, reference.name, reference.namespace)
        except NotFoundError:
            return None
        except TRANSIENT:
            if pause is None:
                raise
            await nap(pause)
    raise AssertionError("the last try returns or raises")


async def nap(pause: float) -> None:
    """Wait up to so long: with full jitter, so that many callers do not come back together."""
    await asyncio.sleep(random.uniform(0, pause))  # noqa: S311 - jitter is no secret
