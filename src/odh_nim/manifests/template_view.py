"""A Template as its rules look at it: every part is there, empty where the manifest has none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.protocol import Protocol


@dataclass(frozen=True)
class TemplateView:
    """The parts of one Template. Nothing in it is trusted to have the right type."""

    template: Manifest

    @property
    def name(self) -> str:
        """The Template's name."""
        return str(mapping(self.template.get("metadata")).get("name", ""))

    @property
    def protocol(self) -> Protocol:
        """What it is for, by its name."""
        return Protocol.GRPC if self.name == names.GRPC_TEMPLATE else Protocol.HTTP

    @property
    def labels(self) -> Manifest:
        """The Template's labels."""
        return mapping(mapping(self.template.get("metadata")).get("labels"))

    @property
    def annotations(self) -> Manifest:
        """The Template's annotations."""
        return mapping(mapping(self.template.get("metadata")).get("annotations"))

    @property
    def runtime(self) -> Manifest:
        """The first object."""
        return next(iter(mappings(self.template.get("objects"))), {})

    @property
    def runtime_name(self) -> str:
        """The name of the runtime inside."""
        return str(mapping(self.runtime.get("metadata")).get("name", ""))

    @property
    def runtime_labels(self) -> Manifest:
        """The runtime's labels."""
        return mapping(mapping(self.runtime.get("metadata")).get("labels"))

    @property
    def runtime_annotations(self) -> Manifest:
        """The runtime's annotations."""
        return mapping(mapping(self.runtime.get("metadata")).get("annotations"))

    @property
    def spec(self) -> Manifest:
        """The runtime's spec."""
        return mapping(self.runtime.get("spec"))

    @property
    def containers(self) -> list[Manifest]:
        """The containers of the runtime."""
        return mappings(self.spec.get("containers"))

    @property
    def container(self) -> Manifest:
        """The first container."""
        return next(iter(self.containers), {})

    @property
    def ports(self) -> list[Manifest]:
        """The ports of the container."""
        return mappings(self.container.get("ports"))

    @property
    def environment(self) -> dict[str, Any]:
        """The plain values of the container's environment, by name."""
        variables = mappings(self.container.get("env"))
        return {str(variable.get("name")): variable.get("value") for variable in variables}

    @property
    def mounts(self) -> dict[str, Manifest]:
        """The container's mounts, by the name of their volume."""
        mounts = mappings(self.container.get("volumeMounts"))
        return {str(mount.get("name")): mount for mount in mounts}

    @property
    def volumes(self) -> dict[str, Manifest]:
        """The runtime's volumes, by name."""
        return {str(volume.get("name")): volume for volume in mappings(self.spec.get("volumes"))}


@dataclass(frozen=True)
class Rule:
    """One rule: its id, what must be, and the check."""

    id: str
    text: str
    holds: Callable[[TemplateView], bool]


def mapping(value: Any) -> Manifest:
    """Give a mapping as it is, anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[Manifest]:
    """Give the mappings of a list; none where it is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
