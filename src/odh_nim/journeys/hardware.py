"""What hardware there is to choose from: profiles where Open Data Hub has them, and GPUs."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from odh_nim.deployment import GpuReport
from odh_nim.deployment.checks.cluster import PreflightCluster, cannot_tell
from odh_nim.deployment.checks.gpus import Placement, gpu_report, read_gpus
from odh_nim.domain import names
from odh_nim.domain.errors import ForbiddenError, NotFoundError, printable
from odh_nim.domain.finding import Finding
from odh_nim.domain.manifest import Manifest, annotations
from odh_nim.domain.resources import HARDWARE_PROFILES, ApiResource

_LONGEST: Final = 300
# Open Data Hub's own name and text of a profile; newer ones use these, older ones OpenShift's.
_DISPLAY_NAMES: Final = ("opendatahub.io/display-name", names.DISPLAY_NAME)
_DESCRIPTIONS: Final = ("opendatahub.io/description", names.DESCRIPTION)
_DISABLED: Final = "opendatahub.io/disabled"


class HardwareCluster(PreflightCluster, Protocol):
    """The calls that looking at hardware needs."""

    async def list(self, resource: ApiResource, namespace: str | None = None) -> list[Manifest]:
        """List all objects of a type."""


@dataclass(frozen=True)
class Identifier:
    """One resource of a profile, as quantities."""

    resource: str
    title: str
    default: str
    minimum: str | None
    maximum: str | None


@dataclass(frozen=True)
class Profile:
    """A hardware profile."""

    name: str
    namespace: str
    display_name: str
    description: str
    identifiers: tuple[Identifier, ...]


@dataclass(frozen=True)
class Hardware:
    """What may be seen; `gpus` is None where nodes are hidden from the caller."""

    profiles: tuple[Profile, ...]
    gpus: GpuReport | None
    findings: tuple[Finding, ...]


async def read_hardware(
    cluster: HardwareCluster, namespace: str, *, applications_namespace: str | None
) -> Hardware:
    """Read profiles of the project and of the admins, and the GPUs of all nodes."""
    places = dict.fromkeys((namespace, applications_namespace))
    gpus, profiles = await asyncio.gather(
        _gpus(cluster),
        asyncio.gather(*(_profiles(cluster, place) for place in places if place)),
    )
    known = gpus if isinstance(gpus, GpuReport) else None
    findings = (gpus,) if isinstance(gpus, Finding) else ()
    found = sorted(
        (one for part in profiles for one in part),
        key=lambda one: (one.namespace != namespace, one.display_name.lower()),
    )
    return Hardware(tuple(found), known, findings)


async def _gpus(cluster: HardwareCluster) -> GpuReport | Finding:
    try:
        nodes, pods = await read_gpus(cluster)
    except ForbiddenError as error:
        return cannot_tell("gpus", "Which GPUs are free", error)
    return gpu_report(nodes, pods, names.GPU_RESOURCE, Placement({}, ()))


async def _profiles(cluster: HardwareCluster, namespace: str) -> list[Profile]:
    try:
        found = await cluster.list(HARDWARE_PROFILES, namespace)
    except (NotFoundError, ForbiddenError):
        # Without the kind, or without the right, compute is said in plain numbers.
        return []
    return [_profile(one) for one in found if annotations(one).get(_DISABLED) != "true"]


def _profile(found: Manifest) -> Profile:
    metadata, texts = found["metadata"], annotations(found)
    identifiers = (found.get("spec") or {}).get("identifiers") or []
    return Profile(
        metadata["name"],
        metadata["namespace"],
        _first(texts, _DISPLAY_NAMES) or metadata["name"],
        _first(texts, _DESCRIPTIONS),
        tuple(_identifier(one) for one in identifiers if isinstance(one, dict)),
    )


def _first(texts: Mapping[str, str], wanted: Iterable[str]) -> str:
    return next((printable(texts[name], _LONGEST) for name in wanted if texts.get(name)), "")


def _identifier(found: Mapping[str, Any]) -> Identifier:
    def text(name: str) -> str | None:
        value = found.get(name)
        return None if value is None else printable(str(value), 40)

    resource = text("identifier") or ""
    return Identifier(
        resource,
        text("displayName") or resource,
        text("defaultCount") or text("minCount") or "",
        text("minCount"),
        text("maxCount"),
    )
