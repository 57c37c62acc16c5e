"""Lists deployments: ours, and those of the stock dashboard."""

from typing import Protocol, TypeVar

from odh_nim.deployment.view import DeploymentView
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

T = TypeVar("T")


class ListCluster(Protocol):
    """The call that listing needs."""

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


class ReadCluster(ListCluster, Protocol):
    """The calls that reading one deployment needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


async def list_deployments(
    cluster: ListCluster, namespace: str | None = None
) -> list[DeploymentView]:
    """List the deployments of a project, or of all; sorted by project and name."""
    raise NotImplementedError


async def get_deployment(cluster: ReadCluster, name: str, namespace: str) -> DeploymentView:
    """Read one deployment.

    Raises:
        UnknownModelError: There is none of this name, or it serves no NIM.

    """
    raise NotImplementedError
