"""Which deployments refer to which key Secrets: read from the objects themselves.

Stopped deployments count too, and those of the stock dashboard. A list that fails raises: what
cannot be seen is never taken for "nobody uses it".
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, InputError
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest, annotations, labels
from odh_nim.domain.resources import INFERENCE_SERVICES, PODS, SERVING_RUNTIMES, ApiResource
from odh_nim.keys.rotated import Rotated

# Where a pod's specification names Secrets: a variable, all variables, a volume, a pull.
_BY_NAME: Final = ("secretKeyRef", "secretRef")
_PULLS: Final = "imagePullSecrets"
_VOLUME: Final = "secretName"


class UsersCluster(Protocol):
    """The call that finding users needs."""

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """List whole objects."""


@dataclass(frozen=True)
class KeyUser:
    """A deployment and the Secrets that it refers to.

    `restart_pending` says that a pod still runs with the key before the last rotation; it is None
    where that cannot be told. `operators` deployments belong to NVIDIA's operator.
    """

    name: str
    image: str
    secrets: frozenset[str]
    stopped: bool = False
    operators: bool = False
    restart_pending: bool | None = None
    # Not so: a ServingRuntime that no deployment names, or a pod of something else.
    is_deployment: bool = True

    def uses(self, *secrets: str) -> bool:
        """Say whether it refers to one of these Secrets."""
        return not self.secrets.isdisjoint(secrets)

    @property
    def image_reference(self) -> ImageReference | None:
        """The image to ask the registry about; None where it is no usable reference."""
        try:
            return ImageReference.parse(self.image)
        except InputError:
            return None


@dataclass(frozen=True)
class Users:
    """The deployments of a project that use a key: this one, or another."""

    of_this: tuple[KeyUser, ...]
    of_others: tuple[KeyUser, ...]

    @property
    def images(self) -> tuple[ImageReference, ...]:
        """Every image that is pulled with this key, once."""
        found = (user.image_reference for user in self.of_this)
        return tuple(dict.fromkeys(image for image in found if image is not None))


async def find_users(
    cluster: UsersCluster, namespace: str, secrets: Sequence[str], rotated: Rotated
) -> Users:
    """Find the deployments that refer to these Secrets, and the NIMs that use other ones.

    Raises:
        ClusterError: Services or runtimes could not be listed.

    """
    services, runtimes, pods = await asyncio.gather(
        cluster.list(INFERENCE_SERVICES, namespace),
        cluster.list(SERVING_RUNTIMES, namespace),
        _pods(cluster, namespace),
    )
    by_name = {item["metadata"]["name"]: item for item in runtimes}
    users = [_user(service, by_name, pods, rotated) for service in services]
    users += _others(services, runtimes, pods or ())
    users.sort(key=lambda user: user.name)
    mine = [user for user in users if user.uses(*secrets)]
    others = [
        user for user in users if user.is_deployment and user.secrets and not user.uses(*secrets)
    ]
    return Users(tuple(mine), tuple(others))


def _others(
    services: Sequence[Manifest], runtimes: Sequence[Manifest], pods: Sequence[Manifest]
) -> Iterator[KeyUser]:
    """Find what refers to Secrets and is no deployment.

    A runtime that no service names keeps its references for the next one that does.
    """
    used = {_runtime_name(service) for service in services}
    for item in runtimes:
        name = item["metadata"]["name"]
        if name not in used:
            yield _no_deployment(f"ServingRuntime/{name}", item, _image(item))
    for pod in pods:
        if names.INFERENCE_SERVICE_LABEL not in labels(pod):
            yield _no_deployment(f"Pod/{pod['metadata']['name']}", pod.get("spec"), "")


def _no_deployment(name: str, item: Any, image: str) -> KeyUser:
    secrets = frozenset(referred(item))
    return KeyUser(name, image, secrets, restart_pending=False, is_deployment=False)


def referred(item: Any) -> Iterator[str]:
    """Name every Secret that a manifest refers to, wherever it does."""
    if isinstance(item, list):
        for one in item:
            yield from referred(one)
    elif isinstance(item, dict):
        for name, value in item.items():
            if name in _BY_NAME and isinstance(value, dict):
                yield str(value.get("name", ""))
            elif name == _VOLUME and isinstance(value, str):
                yield value
            elif name == _PULLS and isinstance(value, list):
                yield from (str(one.get("name", "")) for one in value if isinstance(one, dict))
            elif name != "status":
                yield from referred(value)


async def _pods(cluster: UsersCluster, namespace: str) -> list[Manifest] | None:
    """List the pods of a project; None where the caller may not: then less is known."""
    try:
        return await cluster.list(PODS, namespace)
    except ForbiddenError:
        return None


def _user(
    service: Manifest,
    runtimes: dict[str, Manifest],
    pods: list[Manifest] | None,
    rotated: Rotated,
) -> KeyUser:
    runtime = runtimes.get(_runtime_name(service), {})
    stopped = annotations(service).get(names.STOP) == "true"
    return KeyUser(
        service["metadata"]["name"],
        _image(runtime) or _image_of(_predictor(service).get("containers")),
        frozenset((*referred(service), *referred(runtime))),
        stopped=stopped,
        operators=_is_operators(service),
        restart_pending=False if stopped else _is_pending(service, pods, rotated),
    )


def _is_pending(service: Manifest, pods: list[Manifest] | None, rotated: Rotated) -> bool | None:
    """Judge by the pods: one that is older than the Secrets' content runs with the old key."""
    if rotated.at is None or rotated.revision is None:
        return False
    if pods is None:
        # A restart was asked for: whether it has ended, or can, nobody sees.
        marks = _predictor(service).get("annotations") or {}
        return False if marks.get(names.KEY_REVISION) == rotated.revision else None
    name = service["metadata"]["name"]
    return any(
        rotated.is_stale(pod)
        for pod in pods
        if labels(pod).get(names.INFERENCE_SERVICE_LABEL) == name
    )


def _predictor(service: Manifest) -> dict[str, Any]:
    predictor: dict[str, Any] = (service.get("spec") or {}).get("predictor") or {}
    return predictor


def _runtime_name(service: Manifest) -> str:
    return str((_predictor(service).get("model") or {}).get("runtime") or "")


def _image(runtime: Manifest) -> str:
    return _image_of((runtime.get("spec") or {}).get("containers"))


def _image_of(containers: Any) -> str:
    for container in containers or []:
        if container.get("name") == names.KSERVE_CONTAINER:
            return str(container.get("image") or "")
    return ""


def _is_operators(service: Manifest) -> bool:
    return any(
        owner.get("kind") == names.NIM_SERVICE_KIND
        and str(owner.get("apiVersion")).startswith(names.NIM_SERVICE_GROUP)
        for owner in service["metadata"].get("ownerReferences") or []
    )
