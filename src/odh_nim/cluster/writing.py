"""Writes. Each is sent once, unless it is certain that the server has not stored it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from odh_nim.cluster import paths
from odh_nim.cluster.call import APPLY, JSON_PATCH, MERGE_PATCH, Call
from odh_nim.cluster.requester import Requester, dry
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.manifest import Manifest, describe
from odh_nim.domain.names import FIELD_MANAGER
from odh_nim.domain.resources import ApiResource

_encode: Final = msgspec.json.Encoder().encode
_Params = tuple[tuple[str, str], ...]


def _params(field_manager: str = FIELD_MANAGER) -> _Params:
    return (("fieldManager", field_manager),)


async def _send(requester: Requester, call: Call, *, dry_run: bool) -> Manifest:
    return await requester.object(dry(call) if dry_run else call)


def _name(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("name", ""))


async def create(
    requester: Requester,
    resource: ApiResource,
    manifest: Manifest,
    namespace: str,
    *,
    dry_run: bool,
) -> Manifest:
    """Create an object."""
    call = Call(
        f"create {describe(manifest)}{paths.place(resource, namespace)}",
        "POST",
        paths.collection(resource, namespace),
        params=_params(),
        body=_encode(manifest),
        idempotent=False,
        stores=True,
    )
    return await _send(requester, call, dry_run=dry_run)


async def replace(
    requester: Requester,
    resource: ApiResource,
    manifest: Manifest,
    namespace: str,
    *,
    dry_run: bool,
) -> Manifest:
    """Replace an object whole; its resourceVersion is the condition."""
    call = Call(
        f"update {describe(manifest)}{paths.place(resource, namespace)}",
        "PUT",
        paths.item(resource, _name(manifest), namespace),
        params=_params(),
        body=_encode(manifest),
        idempotent=False,
        stores=True,
    )
    return await _send(requester, call, dry_run=dry_run)


async def apply(
    requester: Requester,
    resource: ApiResource,
    manifest: Manifest,
    namespace: str,
    *,
    force: bool,
    dry_run: bool,
    field_manager: str,
) -> Manifest:
    """Apply an object on the server's side."""
    params = _params(field_manager)
    call = Call(
        f"apply {describe(manifest)}{paths.place(resource, namespace)}",
        "PATCH",
        paths.item(resource, _name(manifest), namespace),
        params=(*params, ("force", "true" if force else "false")),
        body=_encode(manifest),
        content_type=APPLY,
        idempotent=False,
        stores=True,
    )
    return await _send(requester, call, dry_run=dry_run)


async def patch(
    requester: Requester,
    resource: ApiResource,
    name: str,
    namespace: str,
    *,
    json_patch: Sequence[Manifest] | None,
    merge: Manifest | None,
    subresource: str | None,
    dry_run: bool,
) -> Manifest:
    """Patch an object with one of the two kinds of patches."""
    if (json_patch is None) == (merge is None):
        message = "a patch is either a JSON patch or a merge patch"
        raise ValueError(message)
    call = Call(
        f"patch {resource.kind}/{name}{paths.place(resource, namespace)}",
        "PATCH",
        paths.item(resource, name, namespace, subresource),
        params=_params(),
        body=_encode(merge if json_patch is None else list(json_patch)),
        content_type=MERGE_PATCH if json_patch is None else JSON_PATCH,
        idempotent=False,
        stores=True,
    )
    return await _send(requester, call, dry_run=dry_run)


async def delete(
    requester: Requester,
    resource: ApiResource,
    name: str,
    namespace: str,
    *,
    uid: str | None,
    resource_version: str | None,
    propagation: str,
    grace_seconds: int | None,
    dry_run: bool,
) -> None:
    """Delete an object; with a uid it can be told twice without harm."""
    conditions = {"uid": uid, "resourceVersion": resource_version}
    options: Manifest = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
        "preconditions": {key: value for key, value in conditions.items() if value is not None},
    }
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    call = Call(
        f"delete {resource.kind}/{name}{paths.place(resource, namespace)}",
        "DELETE",
        paths.item(resource, name, namespace),
        body=_encode(options),
        idempotent=uid is not None,
        stores=True,
    )
    if dry_run:
        call = dry(call)
    attempts = requester.attempts()
    try:
        await requester.object(call, attempts)
    except NotFoundError:
        # Told before without hearing the answer: that is how it went.
        if uid is None or attempts.first:
            raise
