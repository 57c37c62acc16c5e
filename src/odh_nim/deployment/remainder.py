"""Finds deployments that a killed run left half-made."""

from dataclasses import dataclass
from typing import Protocol, TypeVar

from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.finding import Finding
from odh_nim.domain.resources import ApiResource

T = TypeVar("T")


class RemainderCluster(Protocol):
    """The calls that looking for remainders needs."""

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


class DeletingCluster(Protocol):
    """Deletes exactly one object."""

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
    ) -> None:
        """Delete what has this uid."""


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
    raise NotImplementedError


async def delete_remainder(cluster: DeletingCluster, remainder: Remainder) -> tuple[Finding, ...]:
    """Delete the objects of a remainder, newest first; give those that stay."""
    raise NotImplementedError
