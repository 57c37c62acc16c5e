"""Says in which state the operator's switch of the old integration is: for `doctor`.

Whoever asks may lack every right here; what may not be seen is left out by the caller.
"""

import json
from typing import Any, Protocol

from odh_nim.domain import resources as kinds
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade import old_names as old
from odh_nim.upgrade.find_cluster import REMOVED, kserve_field, nim_field, nim_schema
from odh_nim.upgrade.kinds import at_version

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_GUIDE = "docs/guides/upgrade.md says in which order."


class SwitchCluster(Protocol):
    """The calls that looking at the switch needs."""

    async def get(self, resource: ApiResource, name: str, namespace: str | None = None) -> Manifest:
        """Give an object, or raise NotFoundError."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""

    async def serves(self, resource: ApiResource) -> bool:
        """Say whether the cluster knows a type."""


async def find_switch_state(cluster: SwitchCluster) -> list[Finding]:
    """Look at every DataScienceCluster and at the schema that is served.

    Raises:
        ClusterError: It may not be seen.

    """
    for version in ("v2", "v1"):
        resource = at_version(kinds.DATA_SCIENCE_CLUSTERS, version)
        if await cluster.serves(resource):
            break
    else:
        return []
    try:
        definition = await cluster.get(kinds.CUSTOM_RESOURCE_DEFINITIONS, old.CLUSTER_CRD)
    except NotFoundError:
        return []
    has_field = nim_schema(definition, version) is not None
    return [
        finding
        for one in await cluster.list(resource)
        for finding in judge_switch(one, has_field=has_field)
    ]


def judge_switch(cluster: Manifest, *, has_field: bool) -> list[Finding]:
    """Judge one DataScienceCluster."""
    subject = f"DataScienceCluster/{cluster['metadata']['name']}"
    if not has_field:
        if not _still_written(cluster):
            return []
        return [
            Finding(
                Severity.WARNING,
                "nim-field-still-written",
                subject,
                "This operator has no nim field any more, but a manifest still carries it: it will "
                "be refused or drift.",
                "Take nim: out of the manifest it is applied from.",
            )
        ]
    if kserve_field(cluster) is None:
        return []
    if (nim_field(cluster) or {}).get("managementState") == REMOVED:
        message = "The old integration is switched off (nim: Removed)."
        return [Finding(Severity.NOTICE, "nim-removed", subject, message)]
    return [
        Finding(
            Severity.NOTICE,
            "nim-managed",
            subject,
            "The operator keeps the old integration switched on (nim: Managed, or not set).",
            f"odh-nim upgrade apply switches it off once no Account is left; {_GUIDE}",
        )
    ]


def _still_written(cluster: Manifest) -> bool:
    """Say whether somebody applies the field: kubectl's annotation or the list of managers."""
    for entry in cluster["metadata"].get("managedFields") or []:
        place: Any = entry.get("fieldsV1") or {}
        for step in ("f:spec", "f:components", "f:kserve", "f:nim"):
            place = place.get(step) if isinstance(place, dict) else None
        if place is not None:
            return True
    try:
        applied = json.loads(annotations(cluster).get(_LAST_APPLIED, "{}"))
    except (ValueError, RecursionError):
        return False
    return isinstance(applied, dict) and nim_field(applied) is not None
