"""Load manifests into a fresh or an older control plane."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import Final, Protocol, TypeVar

from odh_nim.domain import names
from odh_nim.domain.errors import (
    ClusterError,
    NotFoundError,
    RejectedError,
    SandboxError,
    UnauthorizedError,
)
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.resources import (
    API_SERVICES,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    ApiResource,
    resource_of,
)

T = TypeVar("T")

# Not the product's own name: whoever installs it is somebody else.
FIELD_MANAGER: Final = "odh-nim-sandbox"
_AT_ONCE: Final = 8
_POLL: Final = 0.05
_SECONDS: Final = 60.0
_ROOT_CA: Final = "kube-root-ca.crt"
# What a project's roles consist of; empty until the controllers have put them together.
_AGGREGATED: Final = ("admin", "edit", "view")


class Cluster(Protocol):
    """The calls that loading needs."""

    async def apply(
        self, manifest: Manifest, *, force: bool = False, field_manager: str = FIELD_MANAGER
    ) -> Manifest:
        """Create or change an object by server-side apply."""
        ...

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Read an object."""
        ...

    async def delete(self, resource: ApiResource, name: str, namespace: str | None = None) -> None:
        """Delete an object."""
        ...


async def load_kinds(cluster: Cluster, crds: Sequence[Manifest]) -> None:
    """Load kinds and return when the API server serves them.

    Raises:
        SandboxError: One does not become served.

    """
    await _all(crds, lambda crd: _apply(cluster, crd))
    await _all(crds, lambda crd: _established(cluster, crd))


async def load_objects(cluster: Cluster, manifests: Iterable[Manifest]) -> None:
    """Load objects, namespaces first; objects of ours that were changed are set back.

    Raises:
        SandboxError: An object is not accepted.

    """
    by_kind = list(manifests)
    namespaces = [manifest for manifest in by_kind if manifest["kind"] == "Namespace"]
    others = [manifest for manifest in by_kind if manifest["kind"] != "Namespace"]
    await _all(namespaces, lambda manifest: _apply(cluster, manifest))
    await _all(others, lambda manifest: _apply(cluster, manifest))


async def wait_for_roles(cluster: Cluster) -> None:
    """Wait until the roles that projects are given have been put together."""
    for role in _AGGREGATED:
        await _until(partial(_has_rules, cluster, role), f"ClusterRole/{role}")


async def wait_for_controllers(cluster: Cluster) -> None:
    """Wait until the controllers work: they put back what each namespace must have."""
    name, namespace = _ROOT_CA, names.KSERVE_NAMESPACE
    # Where it was never made yet, they will make it.
    with contextlib.suppress(NotFoundError):
        await cluster.delete(CONFIG_MAPS, name, namespace)
    await _until(lambda: _exists(cluster, CONFIG_MAPS, name, namespace), "the controllers")


async def wait_for_api_service(cluster: Cluster, name: str) -> None:
    """Wait until the API server passes requests on to an API that others serve."""
    await _until(partial(_has_condition, cluster, API_SERVICES, name, "Available"), name)


async def _apply(cluster: Cluster, manifest: Manifest) -> None:
    deadline = time.monotonic() + _SECONDS
    while True:
        try:
            await _apply_once(cluster, manifest)
        except (NotFoundError, UnauthorizedError) as error:
            # A kind that was loaded a moment ago, or an API server that has just begun.
            if time.monotonic() > deadline:
                raise SandboxError(f"{describe(manifest)} is not accepted: {error}") from error
            await asyncio.sleep(_POLL)
        except ClusterError as error:
            raise SandboxError(f"{describe(manifest)} is not accepted: {error}") from error
        else:
            return


async def _apply_once(cluster: Cluster, manifest: Manifest) -> None:
    try:
        await cluster.apply(manifest, force=True, field_manager=FIELD_MANAGER)
    except RejectedError:
        if not manifest.get("immutable"):
            raise
        # An immutable object of an older version: only a new one can take its place.
        metadata = manifest["metadata"]
        await cluster.delete(resource_of(manifest), metadata["name"], metadata.get("namespace"))
        await cluster.apply(manifest, force=True, field_manager=FIELD_MANAGER)


async def _established(cluster: Cluster, crd: Manifest) -> None:
    name = crd["metadata"]["name"]
    is_established = partial(
        _has_condition, cluster, CUSTOM_RESOURCE_DEFINITIONS, name, "Established"
    )
    await _until(is_established, describe(crd))


async def _has_condition(
    cluster: Cluster, resource: ApiResource, name: str, condition: str
) -> bool:
    found = await cluster.get(resource, name)
    # Null at first, not empty.
    conditions = found.get("status", {}).get("conditions") or []
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


async def _has_rules(cluster: Cluster, role: str) -> bool:
    try:
        found = await cluster.get(CLUSTER_ROLES, role)
    except NotFoundError:
        return False
    return bool(found.get("rules"))


async def _exists(cluster: Cluster, resource: ApiResource, name: str, namespace: str) -> bool:
    try:
        await cluster.get(resource, name, namespace)
    except NotFoundError:
        return False
    return True


async def _until(condition: Callable[[], Awaitable[bool]], subject: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not await condition():
        if time.monotonic() > deadline:
            raise SandboxError(f"{subject} did not become ready in {_SECONDS:.0f} s.")
        await asyncio.sleep(_POLL)


async def _all(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    slots = asyncio.Semaphore(_AT_ONCE)

    async def one(item: T) -> None:
        async with slots:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for item in items:
                group.create_task(one(item))
    except ExceptionGroup as failures:
        # The first says enough; the others are most often its echo.
        raise failures.exceptions[0] from None
