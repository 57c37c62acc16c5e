"""What a person asks for: one model deployment."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol


class KeyChoice(StrEnum):
    """Which key a deployment uses."""

    PROJECT = "project"
    OWN = "own"
    # disableKeyCollection, or a model that needs no key: no Secret, no reference to one.
    NONE = "none"


class Strategy(StrEnum):
    """How KServe replaces the pod when something changes."""

    ROLLING_UPDATE = "RollingUpdate"
    # The old pod goes first: where no second set of GPUs is free.
    RECREATE = "Recreate"


@dataclass(frozen=True)
class NewClaim:
    """A PersistentVolumeClaim that the deployment makes for its weights."""

    size: str
    storage_class: str | None = None
    access_mode: str = "ReadWriteOnce"


@dataclass(frozen=True)
class ExistingClaim:
    """A claim that is there already, and the folder in it."""

    name: str
    sub_path: str | None = None


@dataclass(frozen=True)
class Resources:
    """Compute of one replica, as Kubernetes quantities; requests equal limits."""

    cpu: str = "2"
    memory: str = "8Gi"
    gpus: int = 1
    gpu_resource: str = "nvidia.com/gpu"


@dataclass(frozen=True)
class HardwareProfile:
    """A hardware profile of Open Data Hub, referred to by annotations."""

    name: str
    namespace: str
    resource_version: str = ""


@dataclass(frozen=True)
class EnvVar:
    """One variable of the container: a plain value, or a reference kept as it stands."""

    name: str
    value: str | None = None
    value_from: dict[str, Any] | None = None


@dataclass(frozen=True)
class DeploymentSpec:
    """Everything that decides the manifests of a deployment; nothing here is secret."""

    name: str
    namespace: str
    model: Model
    tag: str
    storage: NewClaim | ExistingClaim
    resources: Resources = Resources()
    replicas: int = 1
    protocol: Protocol = Protocol.HTTP
    key: KeyChoice = KeyChoice.PROJECT
    display_name: str = ""
    description: str = ""
    env: tuple[EnvVar, ...] = ()
    args: tuple[str, ...] = ()
    expose: bool = False
    auth: bool = False
    tokens: tuple[str, ...] = ()
    pin: bool = False
    strategy: Strategy = Strategy.ROLLING_UPDATE
    shm_size: str = "2Gi"
    hardware_profile: HardwareProfile | None = None
    node_selector: dict[str, str] = field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()
    # None leaves the annotation out: the cluster's default mode is already Standard.
    deployment_mode: str | None = None
    # Plain Kubernetes with Pod Security "restricted" wants a user; OpenShift gives a random one.
    run_as_user: int | None = None
    # Seconds until a router gives up on an answer; None leaves it to the cluster (30 on OpenShift).
    timeout: int | None = None
