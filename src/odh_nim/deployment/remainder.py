"""Finds deployments that a killed run left half-made, and claims that nobody uses."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from odh_nim.deployment.attempt import Getter
from odh_nim.deployment.checks.claim import RuntimeVolumes
from odh_nim.deployment.reference import ObjectReference
from odh_nim.deployment.rollback import Deleter, delete_exactly, leftover
from odh_nim.deployment.structs import AnyObject, Metadata
from odh_nim.domain import names
from odh_nim.domain.errors import ClusterError, ForbiddenError, KindNotServedError
from odh_nim.domain.finding import Finding
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    ROLE_BINDINGS,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVING_RUNTIMES,
    ApiResource,
)

T = TypeVar("T")
_OURS: Final = f"{names.MANAGED_BY_LABEL}={names.MANAGED_BY}"
# In the order of creation.
_KINDS: Final = (
    SECRETS,
    PERSISTENT_VOLUME_CLAIMS,
    SERVING_RUNTIMES,
    INFERENCE_SERVICES,
    SERVICE_ACCOUNTS,
    ROLE_BINDINGS,
)
_CLAIM_PREFIX: Final = names.cache_claim("")
_PAUSES: Final = (0.3, 1.0)


class RemainderCluster(Protocol):
    """The call that looking for remainders needs."""

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[T]:
        """List objects, of each only what the type names."""


class DeletingCluster(Deleter, Getter, Protocol):
    """The calls that deleting exactly one object needs."""


@dataclass(frozen=True)
class Remainder:
    """Objects of one request that never became a whole deployment, newest last.

    Deploying once more with this request id finishes it; `delete_remainder` removes it.
    """

    name: str
    namespace: str
    request_id: str
    objects: tuple[ObjectReference, ...]
    reason: str


@dataclass(frozen=True)
class Remainders:
    """What was found; `orphan_claims` hold weights that no deployment uses any more."""

    incomplete: tuple[Remainder, ...]
    orphan_claims: tuple[ObjectReference, ...]


async def find_remainders(cluster: RemainderCluster, namespace: str | None = None) -> Remainders:
    """Find what killed runs and deletions left, in a project or everywhere.

    Raises:
        ClusterError: A list failed: nothing can be said.

    """
    unseen: set[ApiResource] = set()
    runtimes, lists = await asyncio.gather(
        # All of them, the stock dashboard's too: they say which claims are used.
        _list(cluster, SERVING_RUNTIMES, RuntimeVolumes, namespace),
        asyncio.gather(*(_ours(cluster, kind, namespace, unseen) for kind in _KINDS)),
    )
    groups = _grouped(zip(_KINDS, lists, strict=True), frozenset(unseen))
    incomplete = [one for group in groups if (one := group.remainder()) is not None]
    named = {
        (one.namespace, reference.name)
        for one in incomplete
        for reference in one.objects
        if reference.resource is PERSISTENT_VOLUME_CLAIMS
    }
    used = {
        (runtime.metadata.namespace, volume.persistent_volume_claim.claim_name)
        for runtime in runtimes
        for volume in runtime.spec.volumes
        if volume.persistent_volume_claim
    }
    orphans = [
        _reference(PERSISTENT_VOLUME_CLAIMS, claim.metadata)
        for claim in lists[_KINDS.index(PERSISTENT_VOLUME_CLAIMS)]
        if (claim.metadata.namespace, claim.metadata.name) not in used | named
        and not claim.metadata.deletion_timestamp
    ]
    return Remainders(tuple(incomplete), tuple(orphans))


async def delete_remainder(cluster: DeletingCluster, remainder: Remainder) -> tuple[Finding, ...]:
    """Delete the objects of a remainder, newest first; give those that stay."""
    stays: list[Finding] = []
    for reference in reversed(remainder.objects):
        try:
            await delete_exactly(cluster, reference, _PAUSES)
        except ClusterError as error:
            stays.append(leftover(reference, error.cause))
    return tuple(stays)


@dataclass
class _Group:
    """The objects of one request."""

    namespace: str
    request_id: str
    unseen: frozenset[ApiResource]
    objects: dict[ApiResource, list[Metadata]] = field(default_factory=dict)

    def remainder(self) -> Remainder | None:
        """Say whether these objects are a deployment that was never finished."""
        name = self._name()
        reason = self._reason(name) if name else ""
        if not name or not reason:
            return None
        references = [
            _reference(kind, metadata)
            for kind in _KINDS
            for metadata in self.objects.get(kind, ())
            # The project's key stays whatever happens to a deployment.
            if metadata.name not in (names.KEY_SECRET, names.PULL_SECRET)
        ]
        return Remainder(name, self.namespace, self.request_id, tuple(references), reason)

    def _name(self) -> str | None:
        """Read the deployment's name from the first object that tells it."""
        for kind in (INFERENCE_SERVICES, SERVING_RUNTIMES):
            for metadata in self.objects.get(kind, ()):
                return metadata.name
        for metadata in self.objects.get(PERSISTENT_VOLUME_CLAIMS, ()):
            if metadata.name.startswith(_CLAIM_PREFIX):
                return metadata.name.removeprefix(_CLAIM_PREFIX)
        for metadata in self.objects.get(SECRETS, ()):
            for prefix in (names.key_secret(" "), names.pull_secret(" ")):
                if metadata.name.startswith(prefix.strip()) and metadata.name != prefix[:-2]:
                    return metadata.name.removeprefix(prefix.strip())
        return None

    def _reason(self, name: str) -> str:
        services = self.objects.get(INFERENCE_SERVICES, ())
        runtimes = self.objects.get(SERVING_RUNTIMES, ())
        if not services:
            own_secrets = any(
                one.name in (names.key_secret(name), names.pull_secret(name))
                for one in self.objects.get(SECRETS, ())
            )
            # A claim alone is what every deletion leaves.
            return "its InferenceService was never made" if runtimes or own_secrets else ""
        service = services[0]
        if service.deletion_timestamp:
            return ""
        if not all(_is_owned(one, service) for one in runtimes):
            return f"{SERVING_RUNTIMES.kind}/{name} does not belong to it yet"
        auth = service.annotation(names.ENABLE_AUTH) == "true"
        # Made last; whoever may not see RoleBindings is not told of missing ones.
        complete = self.objects.get(ROLE_BINDINGS) or ROLE_BINDINGS in self.unseen
        if auth and not (complete and self.objects.get(SERVICE_ACCOUNTS)):
            return "the objects for access by token were never made"
        return ""


async def _ours(
    cluster: RemainderCluster,
    resource: ApiResource,
    namespace: str | None,
    unseen: set[ApiResource],
) -> list[AnyObject]:
    try:
        return await _list(cluster, resource, AnyObject, namespace, _OURS)
    except ForbiddenError:
        # The role edit does not show them.
        if resource is not ROLE_BINDINGS:
            raise
        unseen.add(resource)
        return []


async def _list(
    cluster: RemainderCluster,
    resource: ApiResource,
    item_type: type[T],
    namespace: str | None,
    selector: str | None = None,
) -> list[T]:
    try:
        return await cluster.list_as(resource, item_type, namespace, label_selector=selector)
    except KindNotServedError:
        return []


def _grouped(
    lists: Iterable[tuple[ApiResource, list[AnyObject]]], unseen: frozenset[ApiResource]
) -> list[_Group]:
    groups: dict[tuple[str, str], _Group] = {}
    for kind, items in lists:
        for item in items:
            request = item.metadata.annotation(names.REQUEST_ID)
            if request:
                key = (item.metadata.namespace, request)
                group = groups.setdefault(key, _Group(*key, unseen))
                group.objects.setdefault(kind, []).append(item.metadata)
    return list(groups.values())


def _reference(resource: ApiResource, metadata: Metadata) -> ObjectReference:
    return ObjectReference(resource, metadata.name, metadata.namespace, metadata.uid)


def _is_owned(metadata: Metadata, owner: Metadata) -> bool:
    return any(one.uid == owner.uid for one in metadata.owner_references)
