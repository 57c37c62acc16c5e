"""Stops and starts a deployment, as the stock dashboard does."""

from collections.abc import Sequence
from typing import Protocol

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource


class PatchCluster(Protocol):
    """The calls that stopping needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Change what the patch names."""


async def stop(cluster: PatchCluster, name: str, namespace: str, *, dry_run: bool = False) -> bool:
    """Scale a deployment to nothing; its claim and Secrets stay. Says whether that changed it.

    Raises:
        UnknownModelError: There is no such deployment.
        ConflictError: It belongs to NVIDIA's operator, or changed meanwhile.

    """
    raise NotImplementedError


async def start(cluster: PatchCluster, name: str, namespace: str, *, dry_run: bool = False) -> bool:
    """Let a stopped deployment run again. Says whether that changed it."""
    raise NotImplementedError
