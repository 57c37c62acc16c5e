"""What is read of InferenceServices and ServingRuntimes in lists."""

from typing import Any

from odh_nim.deployment.structs import Amounts, Condition, Metadata, Struct, Volume
from odh_nim.domain import names


class SecretKey(Struct, frozen=True):
    """A field of a Secret."""

    name: str = ""
    key: str = ""


class ValueSource(Struct, frozen=True):
    """Where a variable comes from."""

    secret_key_ref: SecretKey | None = None


class Variable(Struct, frozen=True):
    """A variable, without its value: it may be a secret."""

    name: str = ""
    value_from: ValueSource | None = None


class Port(Struct, frozen=True):
    """A port of a container."""

    container_port: int
    name: str = ""


class ServingContainer(Struct, frozen=True):
    """The container that serves."""

    name: str = ""
    image: str = ""
    env: tuple[Variable, ...] = ()
    ports: tuple[Port, ...] = ()
    resources: Amounts | None = None


class SecretName(Struct, frozen=True):
    """A Secret by name."""

    name: str = ""


class RuntimeSpec(Struct, frozen=True):
    """What a runtime runs."""

    containers: tuple[ServingContainer, ...] = ()
    image_pull_secrets: tuple[SecretName, ...] = ()
    volumes: tuple[Volume, ...] = ()


class Runtime(Struct, frozen=True):
    """A ServingRuntime."""

    metadata: Metadata
    spec: RuntimeSpec = RuntimeSpec()

    @property
    def container(self) -> ServingContainer | None:
        """The container that serves the model."""
        return _serving(self.spec.containers)

    def is_nim(self) -> bool:
        """Say whether it runs a NIM: by its mark, or by its image where nobody set the mark."""
        marked = self.metadata.annotation(names.NIM_RUNTIME) == "true"
        return marked or is_nim_image(self.container)


class ModelSpec(Struct, frozen=True):
    """What is served, and with how much."""

    runtime: str = ""
    resources: Amounts | None = None


class Predictor(Struct, frozen=True):
    """How it is served."""

    min_replicas: int | None = None
    model: ModelSpec | None = None
    containers: tuple[ServingContainer, ...] = ()
    image_pull_secrets: tuple[SecretName, ...] = ()


class ServiceSpec(Struct, frozen=True):
    """The specification of an InferenceService."""

    predictor: Predictor = Predictor()


class Address(Struct, frozen=True):
    """Where KServe says it is."""

    url: str | None = None


class States(Struct, frozen=True):
    """How far KServe thinks the model is."""

    active_model_state: str = ""
    target_model_state: str = ""


class Failure(Struct, frozen=True):
    """What KServe noticed last."""

    reason: str = ""
    message: str = ""


class ModelStatus(Struct, frozen=True):
    """KServe's view of the model."""

    states: States | None = None
    last_failure_info: Failure | None = None
    transition_status: str = ""


class ServiceStatus(Struct, frozen=True):
    """What KServe reports."""

    url: str | None = None
    address: Address | None = None
    conditions: tuple[Condition, ...] = ()
    model_status: ModelStatus | None = None

    def condition(self, kind: str) -> Condition:
        """Read one condition; empty where there is none."""
        return next((one for one in self.conditions if one.type == kind), Condition())


class Service(Struct, frozen=True):
    """An InferenceService."""

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()
    status: ServiceStatus = ServiceStatus()

    @property
    def runtime(self) -> str:
        """The ServingRuntime it names; empty where it has its own containers."""
        model = self.spec.predictor.model
        return model.runtime if model else ""

    @property
    def container(self) -> ServingContainer | None:
        """The container that serves, where it is written on the service itself."""
        return _serving(self.spec.predictor.containers)

    @property
    def amounts(self) -> dict[str, Any]:
        """The compute of one replica."""
        model, container = self.spec.predictor.model, self.container
        resources = (model and model.resources) or (container and container.resources)
        if not resources:
            return {}
        return resources.limits or resources.requests or {}

    @property
    def is_operators(self) -> bool:
        """Whether it belongs to NVIDIA's operator and is changed through its NIMService."""
        return any(
            owner.kind == names.NIM_SERVICE_KIND
            and owner.api_version.startswith(names.NIM_SERVICE_GROUP)
            for owner in self.metadata.owner_references
        )


def is_nim_image(container: ServingContainer | None) -> bool:
    """Say whether a container's image is NVIDIA's own."""
    return container is not None and container.image.startswith(names.NIM_IMAGE_PREFIX)


def _serving(containers: tuple[ServingContainer, ...]) -> ServingContainer | None:
    return next((one for one in containers if one.name == names.KSERVE_CONTAINER), None)
