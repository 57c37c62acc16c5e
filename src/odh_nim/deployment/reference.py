"""One object of a cluster by type, name and project, as messages and commands name it."""

from dataclasses import dataclass
from typing import Self

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource, resource_of


@dataclass(frozen=True)
class ObjectReference:
    """Points at an object; `str()` gives `Kind/name`.

    `uid` is known for objects that were created or read, and makes a deletion exact.
    """

    resource: ApiResource
    name: str
    namespace: str
    uid: str | None = None

    @classmethod
    def to(cls, manifest: Manifest, namespace: str | None = None) -> Self:
        """Point at a manifest or at the object made from it."""
        metadata = manifest["metadata"]
        return cls(
            resource_of(manifest),
            metadata["name"],
            metadata.get("namespace") or namespace or "",
            metadata.get("uid"),
        )

    @property
    def delete_command(self) -> str:
        """The command that removes exactly this object."""
        return f"kubectl delete {self.resource.full_name} {self.name} -n {self.namespace}"

    def is_same(self, other: Self) -> bool:
        """Say whether both name the same place, whatever object is there."""
        return (self.resource, self.name, self.namespace) == (
            other.resource,
            other.name,
            other.namespace,
        )

    def __str__(self) -> str:
        return f"{self.resource.kind}/{self.name}"
