"""From the objects of a deployment back to its specification: ours, and the stock dashboard's.

Only what an edit can change must be exact: both builds of an edit start from the same
specification, and what they have in common never reaches the object.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from odh_nim.deployment.listing import unknown_deployment
from odh_nim.deployment.switch import is_operators, operators_own
from odh_nim.domain import names
from odh_nim.domain.deployment_spec import (
    DeploymentSpec,
    EnvVar,
    ExistingClaim,
    KeyChoice,
    Resources,
    Strategy,
)
from odh_nim.domain.errors import ConflictError, InputError, NotFoundError, UnknownModelError
from odh_nim.domain.image import ImageReference
from odh_nim.domain.manifest import Manifest, annotations, labels
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol as Spoken
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SERVING_RUNTIMES,
    ApiResource,
)
from odh_nim.manifests.families import classify, family_of

_NVIDIA: Final = "nvidia.com/"
# Variables that an image may read the key from.
_KEY_VARIABLES: Final = (names.API_KEY_FIELD, "NGC_CLI_API_KEY")


class ReadCluster(Protocol):
    """The call that reading a deployment needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""


@dataclass(frozen=True)
class DeploymentObjects:
    """The objects that an edit may change, as the cluster holds them."""

    service: Manifest = field(repr=False)
    runtime: Manifest = field(repr=False)
    claim: Manifest | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """The deployment's name."""
        return str(self.service["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Its project."""
        return str(self.service["metadata"].get("namespace") or "")

    @property
    def predictor(self) -> dict[str, Any]:
        """How it is served."""
        predictor: dict[str, Any] = self.service["spec"]["predictor"]
        return predictor

    @property
    def container(self) -> dict[str, Any]:
        """The container that serves, of the runtime."""
        return serving_container(self.runtime)


async def read_objects(cluster: ReadCluster, name: str, namespace: str) -> DeploymentObjects:
    """Read the objects of a deployment.

    Raises:
        UnknownModelError: There is no such deployment, or no runtime or no model in it.
        ConflictError: It belongs to NVIDIA's operator.

    """
    try:
        service = await cluster.get(INFERENCE_SERVICES, name, namespace)
    except NotFoundError as error:
        raise unknown_deployment(name, namespace) from error
    if is_operators(service):
        raise operators_own(name, namespace)
    model = (service["spec"].get("predictor") or {}).get("model") or {}
    if not model.get("runtime"):
        raise UnknownModelError(
            f"Deployment {name} in {namespace} names no ServingRuntime: it has containers of its "
            "own.",
            remedy="Change it with kubectl.",
        )
    runtime = await _runtime(cluster, str(model["runtime"]), name, namespace)
    claim = await _claim(cluster, runtime, namespace)
    return DeploymentObjects(service, runtime, claim)


async def _runtime(cluster: ReadCluster, runtime: str, name: str, namespace: str) -> Manifest:
    try:
        found = await cluster.get(SERVING_RUNTIMES, runtime, namespace)
    except NotFoundError as error:
        raise UnknownModelError(
            f"Deployment {name} in {namespace} cannot be edited: there is no "
            f"ServingRuntime/{runtime} in the project.",
        ) from error
    if not serving_container(found):
        raise UnknownModelError(
            f"ServingRuntime/{runtime} in {namespace} has no container {names.KSERVE_CONTAINER}."
        )
    return found


async def _claim(cluster: ReadCluster, runtime: Manifest, namespace: str) -> Manifest | None:
    name = _claim_mount(runtime)[0]
    if not name:
        return None
    try:
        return await cluster.get(PERSISTENT_VOLUME_CLAIMS, name, namespace)
    except NotFoundError:
        return None


async def other_users(cluster: "ListCluster", objects: DeploymentObjects) -> tuple[str, ...]:
    """Name the other deployments that run on the same ServingRuntime."""
    services = await cluster.list(INFERENCE_SERVICES, objects.namespace)
    runtime = objects.runtime["metadata"]["name"]
    return tuple(
        sorted(
            item["metadata"]["name"]
            for item in services
            if item["metadata"]["name"] != objects.name
            and ((item["spec"].get("predictor") or {}).get("model") or {}).get("runtime") == runtime
        )
    )


class ListCluster(Protocol):
    """The call that finding neighbours needs."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List whole objects."""


def extract_spec(objects: DeploymentObjects, *, model: Model | None = None) -> DeploymentSpec:
    """Read the specification of a deployment; `model` is its catalogue entry, where there is one.

    Raises:
        ConflictError: Its image is no reference that can be read.

    """
    image = _image(objects)
    known = _model(image, model)
    service, predictor = objects.service, objects.predictor
    served = predictor.get("model") or {}
    marks = annotations(service)
    claim, sub_path = _claim_mount(objects.runtime)
    return DeploymentSpec(
        name=objects.name,
        namespace=objects.namespace,
        model=known,
        tag=image.tag or image.digest or "",
        storage=ExistingClaim(claim or names.cache_claim(objects.name), sub_path or None),
        resources=_resources(served.get("resources") or {}),
        replicas=_replicas(predictor),
        protocol=_protocol(objects.runtime),
        key=key_choice(objects),
        display_name=marks.get(names.DISPLAY_NAME, ""),
        description=marks.get(names.DESCRIPTION, ""),
        env=tuple(_variable(item) for item in served.get("env") or []),
        args=tuple(map(str, served.get("args") or [])),
        expose=labels(service).get(names.VISIBILITY_LABEL) == names.VISIBILITY_EXPOSED,
        auth=marks.get(names.ENABLE_AUTH) == "true",
        pin=image.digest is not None,
        strategy=_strategy(predictor),
    )


def serving_container(runtime: Manifest) -> dict[str, Any]:
    """Find the container that serves; empty where there is none."""
    containers: list[dict[str, Any]] = (runtime.get("spec") or {}).get("containers") or []
    return next((one for one in containers if one.get("name") == names.KSERVE_CONTAINER), {})


def key_choice(objects: DeploymentObjects) -> KeyChoice:
    """Say which key a deployment refers to; Secrets of other names count as none of ours."""
    secret = next(
        (
            ((item.get("valueFrom") or {}).get("secretKeyRef") or {}).get("name")
            for item in objects.container.get("env") or []
            if item.get("name") in _KEY_VARIABLES
        ),
        None,
    )
    ours = {
        names.key_secret(): KeyChoice.PROJECT,
        names.key_secret(objects.name): KeyChoice.OWN,
    }
    return ours.get(str(secret), KeyChoice.NONE)


def _image(objects: DeploymentObjects) -> ImageReference:
    try:
        return ImageReference.parse(str(objects.container.get("image") or ""))
    except InputError as error:
        raise ConflictError(
            f"edit deployment {objects.name} in {objects.namespace}",
            f"the image of ServingRuntime/{objects.runtime['metadata']['name']} cannot be read: "
            f"{error.message}",
            remedy="Correct it with kubectl first.",
        ) from error


def _model(image: ImageReference, found: Model | None) -> Model:
    """Give the catalogue's entry for the repository that is really used, or one made from it."""
    digests = {image.tag: image.digest} if image.tag and image.digest else {}
    if found is not None:
        return replace(
            found,
            repository=image.repository,
            registry=image.registry,
            digests={**found.digests, **digests},
        )
    family = family_of(classify(image.repository).family)
    return Model(
        key=image.name,
        name=image.name,
        repository=image.repository,
        tags=(image.tag,) if image.tag else (),
        family=family.id,
        protocols=family.protocols,
        digests=digests,
        registry=image.registry,
    )


def _resources(found: Mapping[str, Any]) -> Resources:
    amounts: dict[str, Any] = {**(found.get("requests") or {}), **(found.get("limits") or {})}
    gpu = next((name for name in amounts if name.startswith(_NVIDIA)), names.GPU_RESOURCE)
    gpus = str(amounts.get(gpu, "0"))
    return Resources(
        cpu=str(amounts.get("cpu", Resources.cpu)),
        memory=str(amounts.get("memory", Resources.memory)),
        gpus=int(gpus) if gpus.isdecimal() else 0,
        gpu_resource=gpu,
    )


def _replicas(predictor: Mapping[str, Any]) -> int:
    least = predictor.get("minReplicas")
    return least if isinstance(least, int) else 1


def _protocol(runtime: Manifest) -> Spoken:
    spelling = annotations(runtime).get(names.API_PROTOCOL)
    return Spoken.GRPC if spelling == Spoken.GRPC.api_protocol else Spoken.HTTP


def _strategy(predictor: Mapping[str, Any]) -> Strategy:
    kind = (predictor.get("deploymentStrategy") or {}).get("type")
    return Strategy.RECREATE if kind == Strategy.RECREATE.value else Strategy.ROLLING_UPDATE


def _variable(item: Mapping[str, Any]) -> EnvVar:
    source = item.get("valueFrom")
    return EnvVar(str(item["name"]), None if source else str(item.get("value", "")), source)


def _claim_mount(runtime: Manifest) -> tuple[str, str]:
    """Find the claim that the cache is on, and the folder in it; the first claim where none is."""
    claims = {
        volume["name"]: str(volume["persistentVolumeClaim"].get("claimName") or "")
        for volume in (runtime.get("spec") or {}).get("volumes") or []
        if volume.get("persistentVolumeClaim")
    }
    for mount in serving_container(runtime).get("volumeMounts") or []:
        if mount.get("name") in claims and mount.get("mountPath") == names.CACHE_PATH:
            return claims[mount["name"]], str(mount.get("subPath") or "")
    return next(iter(claims.values()), ""), ""
