"""The verbs of the API server, each with the caller's own rights."""

import builtins
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from odh_nim.cluster import asking, reading, writing
from odh_nim.cluster.asking import Discovery, Rights
from odh_nim.cluster.config import ConnectionConfig
from odh_nim.cluster.known import WatchEvent
from odh_nim.cluster.logs import log_call, read_log
from odh_nim.cluster.reading import Page, Selection
from odh_nim.cluster.requester import Requester
from odh_nim.cluster.watching import Watch
from odh_nim.domain.errors import InputError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.names import FIELD_MANAGER
from odh_nim.domain.resources import ApiResource, resource_of

T = TypeVar("T")


class Verbs:
    """What can be asked of a cluster.

    Without a namespace, one object is looked for in the connection's namespace, and lists, watches
    and access reviews cover all namespaces.
    """

    def __init__(
        self, config: ConnectionConfig, requester: Requester, discovery: Discovery
    ) -> None:
        self.config = config
        self._requester = requester
        self._discovery = discovery
        self._rights = Rights()

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Get one object."""
        return await reading.get(self._requester, resource, name, self._namespace(namespace))

    async def get_metadata(
        self, resource: ApiResource, name: str, namespace: str | None = None
    ) -> Manifest:
        """Get the metadata of one object and nothing else: it takes the same right."""
        where = self._namespace(namespace)
        return await reading.get(self._requester, resource, name, where, metadata_only=True)

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """List all objects, or fail: never a part."""
        selection = Selection(resource, namespace, label_selector, field_selector)
        return (await reading.whole(self._requester, selection)).items

    async def list_as(
        self,
        resource: ApiResource,
        item_type: type[T],
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> builtins.list[T]:
        """List all objects, and keep of each only the fields of a msgspec type."""
        selection = Selection(resource, namespace, label_selector, field_selector)
        return await reading.whole_as(self._requester, selection, item_type)

    async def list_page(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        limit: int,
        continue_token: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> Page:
        """List one page.

        Raises:
            ExpiredError: The token is too old; begin again without one.

        """
        selection = Selection(resource, namespace, label_selector, field_selector)
        return await reading.page(
            self._requester, selection, limit=limit, continue_token=continue_token
        )

    def watch(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
        resource_version: str | None = None,
    ) -> AsyncIterator[WatchEvent]:
        """Give every object as ADDED, a BOOKMARK, then every change; or changes since a version."""
        selection = Selection(resource, namespace, label_selector, field_selector)
        return Watch(self._requester.for_this_caller(), selection, resource_version).events()

    def logs(
        self,
        pod: str,
        namespace: str,
        *,
        container: str | None = None,
        follow: bool = False,
        previous: bool = False,
        tail_lines: int | None = None,
        since_seconds: int | None = None,
    ) -> AsyncIterator[str]:
        """Read the lines of a container's log."""
        call = log_call(
            pod,
            namespace,
            container=container,
            follow=follow,
            previous=previous,
            tail_lines=tail_lines,
            since_seconds=since_seconds,
        )
        return read_log(self._requester.for_this_caller(), call, follow=follow)

    async def create(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        """Create an object, once.

        Raises:
            AlreadyExistsError: The name is taken.
            UnclearReplyError: It may be created: ask before trying again.

        """
        where = self._namespace_of(manifest, namespace)
        kind = _resource(manifest)
        return await writing.create(self._requester, kind, manifest, where, dry_run=dry_run)

    async def replace(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        """Replace an object that still has the manifest's resourceVersion.

        Raises:
            ConflictError: It was changed meanwhile.
            UnclearReplyError: It may be replaced: ask before trying again.

        """
        where = self._namespace_of(manifest, namespace)
        kind = _resource(manifest)
        return await writing.replace(self._requester, kind, manifest, where, dry_run=dry_run)

    async def apply(
        self,
        manifest: Manifest,
        *,
        namespace: str | None = None,
        force: bool = False,
        dry_run: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> Manifest:
        """Apply an object on the server's side.

        Raises:
            ConflictError: Others own some of the fields; it names them.

        """
        return await writing.apply(
            self._requester,
            _resource(manifest),
            manifest,
            self._namespace_of(manifest, namespace),
            force=force,
            dry_run=dry_run,
            field_manager=field_manager,
        )

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Patch an object with a JSON patch or a merge patch.

        Raises:
            RejectedError: A `test` of the JSON patch does not hold, or the result is invalid.

        """
        return await writing.patch(
            self._requester,
            resource,
            name,
            self._namespace(namespace),
            json_patch=json_patch,
            merge=merge,
            subresource=subresource,
            dry_run=dry_run,
        )

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        """Delete an object that still has this uid and resourceVersion.

        Raises:
            ConflictError: It was replaced or changed meanwhile.

        """
        await writing.delete(
            self._requester,
            resource,
            name,
            self._namespace(namespace),
            uid=uid,
            resource_version=resource_version,
            propagation=propagation,
            grace_seconds=grace_seconds,
            dry_run=dry_run,
        )

    async def can_i(
        self,
        verb: str,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        name: str | None = None,
        subresource: str | None = None,
    ) -> bool:
        """Ask whether the caller may do something here, or in all namespaces."""
        whole_type = name is None and subresource is None and resource.namespaced
        if namespace is not None and whole_type:
            return await self._rights.can_i(self._requester, verb, resource, namespace)
        return await asking.can_i(
            self._requester, verb, resource, namespace, name=name, subresource=subresource
        )

    async def serves(self, resource: ApiResource) -> bool:
        """Whether this cluster has a type, in this very version."""
        return await self._discovery.serves(self._requester, resource)

    async def served_versions(self, group: str) -> tuple[str, ...]:
        """Give the versions of an API group, the preferred one first; none where it is unknown."""
        return await self._discovery.versions(self._requester, group)

    async def server_version(self) -> str:
        """Give the version of the API server, as `v1.36.3`."""
        return await asking.server_version(self._requester)

    async def who_am_i(self) -> str:
        """Give the name that the API server knows the caller by."""
        return await asking.who_am_i(self._requester)

    def _namespace(self, namespace: str | None) -> str:
        return self.config.namespace if namespace is None else namespace

    def _namespace_of(self, manifest: Manifest, namespace: str | None) -> str:
        own = manifest.get("metadata", {}).get("namespace")
        if namespace is not None and own is not None and namespace != own:
            raise InputError(f"{describe(manifest)} is for project {own}, not {namespace}.")
        return self._namespace(own if namespace is None else namespace)


def _resource(manifest: Manifest) -> ApiResource:
    try:
        return resource_of(manifest)
    except KeyError:
        raise InputError(
            f"{describe(manifest)} ({manifest.get('apiVersion', '?')}) is no kind that odh-nim "
            "works with."
        ) from None
