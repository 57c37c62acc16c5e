"""What the kubelet stand-in needs of a cluster; `odh_nim.cluster.Client` fits."""

from collections.abc import AsyncIterator, Sequence
from typing import Final, Protocol

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import FIELD_MANAGER
from odh_nim.domain.resources import ApiResource

# Under this name the stand-in owns what it applies.
KUBELET: Final = "sandbox-kubelet"


class ObjectEvent(Protocol):
    """One message of a watch."""

    @property
    def type(self) -> str:
        """What happened: `ADDED`, `MODIFIED`, `DELETED`, or `BOOKMARK` after all that is there."""
        ...

    @property
    def object(self) -> Manifest:
        """The object as it is now."""
        ...


class KubeletCluster(Protocol):
    """The calls of an administrator's client."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Read one object."""
        ...

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """Read all objects of a type, of every namespace where none is given."""
        ...

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""
        ...

    async def apply(
        self, manifest: Manifest, *, force: bool = False, field_manager: str = FIELD_MANAGER
    ) -> Manifest:
        """Create an object or make it as given."""
        ...

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        subresource: str | None = None,
    ) -> Manifest:
        """Change a part of an object."""
        ...

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        grace_seconds: int | None = None,
    ) -> None:
        """Delete an object, only if it has this uid."""
        ...

    def watch(
        self, resource: ApiResource, namespace: str | None = None
    ) -> AsyncIterator[ObjectEvent]:
        """Follow all objects of a type, beginning with those that are there."""
        ...
