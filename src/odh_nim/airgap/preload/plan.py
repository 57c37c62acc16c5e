"""What a preload will do, as data; and what it asks of the cluster."""

import hashlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.preloaded import Preloaded
from odh_nim.domain.quantity import gibibytes
from odh_nim.domain.resources import ApiResource

# A fifth more than the files: file systems and partial files need room too.
ROOM_PERCENT: Final = 120


class PreloadCluster(Protocol):
    """The calls that a preload needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(
        self,
        resource: ApiResource,
        namespace: str | None = None,
        *,
        label_selector: str | None = None,
        field_selector: str | None = None,
    ) -> list[Manifest]:
        """List objects."""

    async def create(
        self, manifest: Manifest, *, namespace: str | None = None, dry_run: bool = False
    ) -> Manifest:
        """Create an object."""

    async def patch(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        json_patch: Sequence[Manifest] | None = None,
        merge: Manifest | None = None,
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Change an object."""

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        namespace: str | None = None,
        *,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: str = "Background",
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        """Delete an object."""

    def logs(
        self, pod: str, namespace: str, *, tail_lines: int | None = None
    ) -> AsyncIterator[str]:
        """Give the last lines of a pod."""


@dataclass(frozen=True)
class ClaimWish:
    """The claim to fill: an existing one, or one to make."""

    name: str
    size: str | None = None
    storage_class: str | None = None
    access_mode: str = "ReadWriteOnce"


@dataclass(frozen=True)
class PreloadPlan:
    """Everything a preload will create, in order, and what the claim is marked with."""

    namespace: str
    claim: ClaimWish
    marks: Preloaded
    objects: tuple[Manifest, ...]
    # What is deleted after success; logs of a failure are evidence.
    cleanup: tuple[Manifest, ...] = ()
    needed_bytes: int = 0

    def claim_manifest(self) -> Manifest | None:
        """Build the claim; None where an existing one is used."""
        if self.claim.size is None:
            return None
        spec: dict[str, Any] = {
            "accessModes": [self.claim.access_mode],
            "resources": {"requests": {"storage": self.claim.size}},
        }
        if self.claim.storage_class is not None:
            spec["storageClassName"] = self.claim.storage_class
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": self.claim.name,
                "namespace": self.namespace,
                "labels": {**names.OBJECT_LABELS, names.MANAGED_LABEL: "true"},
                "annotations": {names.NIM_PVC: "true", names.NIM_SUBPATH: self.marks.sub_path},
            },
            "spec": spec,
        }

    def marked_objects(self, claim_uid: str = "") -> list[Manifest]:
        """Give the objects with a mark on them: those of another plan or claim are told apart."""
        described = json.dumps([asdict(self.marks), claim_uid, *self.objects], sort_keys=True)
        mark = {names.PRELOAD_PLAN: hashlib.sha256(described.encode()).hexdigest()[:16]}
        return [
            {**each, "metadata": {**each["metadata"], "annotations": mark}} for each in self.objects
        ]

    def manifests(self) -> list[Manifest]:
        """Give everything, for a person to look at."""
        claim = self.claim_manifest()
        return [*([claim] if claim else []), *self.objects]


def room_for(size: int) -> str:
    """Give the size of a claim for so many bytes of weights."""
    return gibibytes(size * ROOM_PERCENT // 100)
