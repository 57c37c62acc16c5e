"""Makes objects go with the InferenceService they belong to."""

from collections.abc import Sequence
from typing import Any, Final, Protocol

from odh_nim.deployment.attempt import TRANSIENT, Getter, look, nap
from odh_nim.deployment.reference import ObjectReference
from odh_nim.domain.errors import ConflictError, NotFoundError, RejectedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource

_RETRIED: Final = (ConflictError, RejectedError, *TRANSIENT)


class Patcher(Getter, Protocol):
    """The calls that owning needs."""

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
    ) -> Manifest:
        """Change what the patch names."""


def owner_reference(owner: Manifest) -> dict[str, Any]:
    """Refer to an object as an owner.

    Without `blockOwnerDeletion`: where OpenShift checks it, only who may change the owner's
    finalizers may set it.
    """
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
    }


async def own(
    cluster: Patcher, found: Manifest, owner: dict[str, Any], pauses: Sequence[float]
) -> None:
    """Add an owner to an object that is exactly as it was read, else read it again.

    Raises:
        NotFoundError: The object is gone, or another one has its name.
        ClusterError: It cannot be changed.

    """
    reference = ObjectReference.to(found)
    for pause in (*pauses, None):
        if _is_owned(found, owner):
            return
        try:
            await cluster.patch(
                reference.resource,
                reference.name,
                reference.namespace,
                json_patch=_patch(found, owner),
            )
        except _RETRIED:
            # Changed meanwhile, or the reply was lost: what is there decides.
            now = await look(cluster, reference, pauses)
            if now is None or now["metadata"]["uid"] != reference.uid:
                raise NotFoundError(
                    f"change {reference} in {reference.namespace}", "it is gone.", status=404
                ) from None
            found = now
            if _is_owned(found, owner):
                return
            if pause is None:
                raise
            await nap(pause)
        else:
            return


def _is_owned(found: Manifest, owner: dict[str, Any]) -> bool:
    owners = found["metadata"].get("ownerReferences") or []
    return any(one.get("uid") == owner["uid"] for one in owners)


def _patch(found: Manifest, owner: dict[str, Any]) -> list[Manifest]:
    metadata = found["metadata"]
    there = bool(metadata.get("ownerReferences"))
    path = "/metadata/ownerReferences"
    return [
        {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "add", "path": f"{path}/-", "value": owner}
        if there
        else {"op": "add", "path": path, "value": [owner]},
    ]
