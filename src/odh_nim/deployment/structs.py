"""What is read of cluster objects in lists: only these fields are kept in memory."""

from typing import Any

import msgspec


class Struct(msgspec.Struct, frozen=True, rename="camel"):
    """A part of an object; fields that are not named are skipped while decoding."""


class OwnerReference(Struct, frozen=True):
    """Who an object goes with."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    api_version: str = ""


class Metadata(Struct, frozen=True):
    """Of any object."""

    name: str
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[OwnerReference, ...] = ()
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None

    def label(self, name: str) -> str | None:
        """Read a label."""
        return (self.labels or {}).get(name)

    def annotation(self, name: str) -> str | None:
        """Read an annotation."""
        return (self.annotations or {}).get(name)


class AnyObject(Struct, frozen=True):
    """An object of which only the metadata counts: never the data of a Secret."""

    metadata: Metadata


class Condition(Struct, frozen=True):
    """One condition of a status."""

    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""


class ClaimSource(Struct, frozen=True):
    """A volume's claim."""

    claim_name: str = ""


class Volume(Struct, frozen=True):
    """A volume of a pod or a runtime."""

    name: str = ""
    persistent_volume_claim: ClaimSource | None = None


class Amounts(Struct, frozen=True):
    """Compute of a container; amounts are strings or numbers."""

    requests: dict[str, Any] | None = None
    limits: dict[str, Any] | None = None


class PodContainer(Struct, frozen=True):
    """A container as far as its compute counts."""

    name: str = ""
    resources: Amounts | None = None


class PodSpec(Struct, frozen=True):
    """Where a pod runs, and what it takes."""

    node_name: str = ""
    containers: tuple[PodContainer, ...] = ()
    init_containers: tuple[PodContainer, ...] = ()
    volumes: tuple[Volume, ...] = ()


class PodUse(Struct, frozen=True):
    """A pod as something that takes GPUs and claims."""

    metadata: Metadata
    spec: PodSpec = PodSpec()


class Taint(Struct, frozen=True):
    """What keeps pods off a node."""

    key: str = ""
    value: str = ""
    effect: str = ""


class NodeSpec(Struct, frozen=True):
    """How a node may be used."""

    unschedulable: bool = False
    taints: tuple[Taint, ...] = ()


class NodeStatus(Struct, frozen=True):
    """What a node has."""

    allocatable: dict[str, Any] | None = None
    conditions: tuple[Condition, ...] = ()


class Node(Struct, frozen=True):
    """A node as far as scheduling counts."""

    metadata: Metadata
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


class StorageClass(Struct, frozen=True):
    """A storage class."""

    metadata: Metadata
    volume_binding_mode: str | None = None
    allow_volume_expansion: bool | None = None


class QuotaStatus(Struct, frozen=True):
    """What a quota allows, and what is used."""

    hard: dict[str, Any] | None = None
    used: dict[str, Any] | None = None


class ResourceQuota(Struct, frozen=True):
    """A quota of a project."""

    metadata: Metadata
    status: QuotaStatus = QuotaStatus()
