"""The writes of a restart: the mark, how pods are replaced, and that brought back."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import (
    BusyError,
    ConflictError,
    NotFoundError,
    RejectedError,
    ServerError,
    UnreachableError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, ApiResource

_TRIES: Final = 5
_ALWAYS: Final = "Always"
_RETRIED: Final = (ConflictError, RejectedError, UnreachableError, ServerError, BusyError)


class PatchCluster(Protocol):
    """The calls that changing a service needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
    ) -> Manifest:
        """Change what the patch names."""


@dataclass(frozen=True)
class Restored:
    """How pods were replaced before, and meanwhile: brought back once the new pods serve."""

    before: dict[str, Any] | None
    meanwhile: dict[str, Any]


def strategy_of(service: Manifest) -> dict[str, Any] | None:
    """Read how pods are replaced; None where KServe decides."""
    found: dict[str, Any] | None = service["spec"]["predictor"].get("deploymentStrategy")
    return found


async def request_restart(
    cluster: PatchCluster,
    service: Manifest,
    *,
    mark: str,
    strategy: dict[str, Any] | None,
    pull_always: bool,
) -> None:
    """Mark a service so that KServe makes new pods, and replaces the old ones in this way.

    Raises:
        NotFoundError: It is gone.
        ClusterError: It cannot be changed.

    """

    def change(predictor: dict[str, Any]) -> None:
        marks = predictor.setdefault("annotations", {})
        marks[names.KEY_REVISION] = mark
        _set_pull(predictor, marks, mark, pull_always=pull_always)
        if strategy is not None:
            predictor["deploymentStrategy"] = dict(strategy)

    await _change(cluster, service, change)


async def change_strategy(
    cluster: PatchCluster, service: Manifest, strategy: dict[str, Any]
) -> None:
    """Let pods be replaced in another way; that alone starts none."""

    def change(predictor: dict[str, Any]) -> None:
        predictor["deploymentStrategy"] = dict(strategy)

    await _change(cluster, service, change)


async def restore_strategy(cluster: PatchCluster, service: Manifest, restored: Restored) -> None:
    """Bring back how pods are replaced, where nobody has changed it since."""
    if strategy_of(service) != restored.meanwhile:
        return

    def change(predictor: dict[str, Any]) -> None:
        predictor.pop("deploymentStrategy", None)
        if restored.before is not None:
            predictor["deploymentStrategy"] = restored.before

    await _change(cluster, service, change)


def _set_pull(
    predictor: dict[str, Any], marks: dict[str, Any], mark: str, *, pull_always: bool
) -> None:
    """Ask for a fresh pull once: the next restart takes the policy away again.

    Taking it away at once would be another change of the pods, and start them again.
    """
    model = predictor.get("model")
    if not isinstance(model, dict):
        return
    if pull_always:
        if model.get("imagePullPolicy") != _ALWAYS:
            model["imagePullPolicy"] = _ALWAYS
            marks[names.PULLED_ONCE] = mark
    elif marks.pop(names.PULLED_ONCE, None) is not None:
        model.pop("imagePullPolicy", None)


async def _change(
    cluster: PatchCluster, service: Manifest, change: Callable[[dict[str, Any]], None]
) -> None:
    """Change a predictor that is exactly as it was read, else read it again."""
    metadata = service["metadata"]
    name, namespace = metadata["name"], metadata["namespace"]
    for last in (*[False] * (_TRIES - 1), True):
        before = service["spec"]["predictor"]
        after = copy.deepcopy(before)
        change(after)
        if after == before:
            return
        try:
            await cluster.patch(
                INFERENCE_SERVICES,
                name,
                namespace,
                json_patch=[
                    {"op": "test", "path": "/metadata/uid", "value": metadata["uid"]},
                    {"op": "test", "path": "/spec/predictor", "value": before},
                    {"op": "replace", "path": "/spec/predictor", "value": after},
                ],
            )
        except _RETRIED:
            # Changed by others, or the reply was lost: what is there decides.
            service = await _again(cluster, name, namespace, uid=metadata["uid"])
            if last and service["spec"]["predictor"] != after:
                raise
        else:
            return


async def _again(cluster: PatchCluster, name: str, namespace: str, *, uid: str) -> Manifest:
    service = await cluster.get(INFERENCE_SERVICES, name, namespace)
    if service["metadata"]["uid"] != uid:
        raise NotFoundError(f"change {INFERENCE_SERVICES.kind}/{name}", "it is another one now.")
    return service
