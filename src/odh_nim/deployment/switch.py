"""Stops and starts a deployment, as the stock dashboard does."""

from collections.abc import Sequence
from typing import Final, Protocol

from odh_nim.deployment.listing import unknown_deployment
from odh_nim.domain import names
from odh_nim.domain.errors import ConflictError, NotFoundError, RejectedError
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import INFERENCE_SERVICES, ApiResource

_TRIES: Final = 5
_ANNOTATIONS: Final = "/metadata/annotations"


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
        ConflictError: It belongs to NVIDIA's operator, or changed again and again meanwhile.

    """
    return await _switch(cluster, name, namespace, value="true", dry_run=dry_run)


async def start(cluster: PatchCluster, name: str, namespace: str, *, dry_run: bool = False) -> bool:
    """Let a stopped deployment run again. Says whether that changed it.

    Raises:
        UnknownModelError: There is no such deployment.
        ConflictError: It belongs to NVIDIA's operator, or changed again and again meanwhile.

    """
    return await _switch(cluster, name, namespace, value="false", dry_run=dry_run)


def is_operators(service: Manifest) -> bool:
    """Say whether an InferenceService is to be changed through its NIMService only."""
    return any(
        owner.get("kind") == names.NIM_SERVICE_KIND
        and str(owner.get("apiVersion")).startswith(names.NIM_SERVICE_GROUP)
        for owner in service["metadata"].get("ownerReferences") or []
    )


def operators_own(name: str, namespace: str) -> ConflictError:
    """Build the error for what belongs to NVIDIA's operator."""
    return ConflictError(
        f"change deployment {name} in {namespace}",
        "it belongs to a NIMService of NVIDIA's operator, which would change it back.",
        remedy="Change the NIMService.",
    )


async def _switch(
    cluster: PatchCluster, name: str, namespace: str, *, value: str, dry_run: bool
) -> bool:
    for last in (*[False] * (_TRIES - 1), True):
        try:
            found = await cluster.get(INFERENCE_SERVICES, name, namespace)
        except NotFoundError as error:
            raise unknown_deployment(name, namespace) from error
        if is_operators(found):
            raise operators_own(name, namespace)
        if annotations(found).get(names.STOP, "false") == value:
            return False
        try:
            await cluster.patch(
                INFERENCE_SERVICES,
                name,
                namespace,
                json_patch=_patch(found, value),
                dry_run=dry_run,
            )
        except (ConflictError, RejectedError, NotFoundError):
            # The annotations are not what was read; a refusal for another reason stays one.
            if last:
                raise
        else:
            return True
    raise AssertionError("the last try returns or raises")


def _patch(found: Manifest, value: str) -> list[Manifest]:
    same = {"op": "test", "path": "/metadata/uid", "value": found["metadata"]["uid"]}
    if not annotations(found):
        return [same, {"op": "add", "path": _ANNOTATIONS, "value": {names.STOP: value}}]
    path = f"{_ANNOTATIONS}/{names.STOP.replace('/', '~1')}"
    change = {"op": "add", "path": path, "value": value}
    if names.STOP not in annotations(found):
        return [same, change]
    before = {"op": "test", "path": path, "value": annotations(found)[names.STOP]}
    return [same, before, change]
