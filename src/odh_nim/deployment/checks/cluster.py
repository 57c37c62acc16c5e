"""The calls that checks need, and what to say where one of them may not be made."""

from typing import Protocol, TypeVar

from odh_nim.domain.errors import ClusterError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

T = TypeVar("T")


class PreflightCluster(Protocol):
    """The calls that a preflight needs; none of them writes."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

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

    async def can_i(self, verb: str, resource: ApiResource, namespace: str | None = None) -> bool:
        """Answer for one right of the caller."""


def cannot_tell(subject: str, what: str, error: ClusterError) -> Finding:
    """Say that something stays open; that is neither a yes nor a no."""
    return Finding(Severity.NOTICE, "cannot-tell", subject, f"{what} cannot be told: {error.cause}")
