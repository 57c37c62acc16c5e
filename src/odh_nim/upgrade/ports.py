"""The calls to a cluster that an upgrade needs; `odh_nim.cluster.Client` fits by shape."""

from collections.abc import Sequence
from typing import Protocol

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource


class ReadingCluster(Protocol):
    """What planning needs: reads only."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """Give all objects, or raise: never a part."""

    async def served_versions(self, group: str) -> tuple[str, ...]:
        """Give the versions of an API group, the preferred one first; none where unknown."""

    async def serves(self, resource: ApiResource) -> bool:
        """Say whether the API server knows a type in this very version."""


class UpgradeCluster(ReadingCluster, Protocol):
    """What walking a plan needs."""

    async def create(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Create, once."""

    async def replace(self, manifest: Manifest, *, namespace: str | None = None) -> Manifest:
        """Replace what has the manifest's resourceVersion."""

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Change what the patch names."""

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Background",
    ) -> None:
        """Delete what has this uid and resourceVersion."""
