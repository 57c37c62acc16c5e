"""What a project and a cluster offer: storage, hardware, and what an admin looks at."""

from typing import Literal

from odh_nim.web.schemas import ConfigurationOut, FindingOut, Wire


class StorageClassOut(Wire):
    """A storage class."""

    name: str
    default: bool
    expandable: bool
    provisioner: str


class ClaimOut(Wire):
    """A claim that weights could be in; `problem` says why it cannot be used as it is."""

    name: str
    size: str
    access_modes: list[str]
    storage_class: str
    phase: str
    used_by: list[str]
    nim: bool
    sub_path: str
    preloaded: bool
    preloaded_image: str
    problem: str | None


class StorageOut(Wire):
    """Classes and claims; those with weights come first."""

    classes: list[StorageClassOut]
    claims: list[ClaimOut]
    findings: list[FindingOut]


class IdentifierOut(Wire):
    """One resource of a hardware profile, as Kubernetes quantities."""

    resource: str
    title: str
    default: str
    minimum: str | None
    maximum: str | None


class ProfileOut(Wire):
    """A hardware profile."""

    name: str
    project: str
    display_name: str
    description: str
    identifiers: list[IdentifierOut]


class NodeOut(Wire):
    """The GPUs of one node; `reason` says why the free ones cannot be used."""

    name: str
    product: str
    memory_gib: int | None
    allocatable: int
    free: int
    reason: str


class GpusOut(Wire):
    """The GPUs of the cluster; most callers may not see nodes, then nothing is known."""

    known: bool
    free: int
    nodes: list[NodeOut]


class HardwareOut(Wire):
    """Profiles and GPUs."""

    profiles: list[ProfileOut]
    gpus: GpusOut
    findings: list[FindingOut]


class CatalogStateOut(Wire):
    """The catalogue in use, and how old it is."""

    source: str
    revision: str | None
    date: str | None
    age_days: int | None
    edited: bool
    custom: bool
    models: int
    broken: int


class UpgradeMarkOut(Wire):
    """An object that a clean-up has changed or deleted."""

    object: str
    uid: str


class UpgradeReportOut(Wire):
    """What the last clean-up of the old integration did, and what it left."""

    state: str
    at: str
    deleted: list[UpgradeMarkOut]
    changed: list[UpgradeMarkOut]
    left: list[str]
    advice: list[str]


class AdminOut(Wire):
    """The state of the installation, as far as the caller may see it."""

    user: str
    version: str
    cluster_version: str
    variant: Literal["openshift", "kubernetes"]
    prerequisites: list[FindingOut]
    catalogue: CatalogStateOut | None
    configuration: ConfigurationOut
    upgrade: UpgradeReportOut | None
    leftovers: list[FindingOut]
