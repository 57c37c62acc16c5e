"""What containers and volumes need from Secrets and ConfigMaps, and what is missing of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS, SECRETS, ApiResource

_KEYS: Final = (("secretKeyRef", SECRETS), ("configMapKeyRef", CONFIG_MAPS))
_WHOLE: Final = (("secretRef", SECRETS), ("configMapRef", CONFIG_MAPS))
_MOUNTED: Final = (("secret", SECRETS), ("configMap", CONFIG_MAPS))


@dataclass(frozen=True)
class Reference:
    """One object, and the one key in it that must be there; no key means any."""

    resource: ApiResource
    name: str
    key: str | None = None


def references(container: Manifest) -> Iterator[Reference]:
    """List what must exist before the container can be created."""
    for variable in container.get("env") or []:
        source = variable.get("valueFrom") or {}
        for field, resource in _KEYS:
            if (chosen := source.get(field)) and not chosen.get("optional"):
                yield Reference(resource, chosen["name"], chosen["key"])
    for source in container.get("envFrom") or []:
        for field, resource in _WHOLE:
            if (chosen := source.get(field)) and not chosen.get("optional"):
                yield Reference(resource, chosen["name"])


def volume_references(pod: Manifest) -> Iterator[tuple[str, Reference]]:
    """List what must exist before a pod's volumes can be mounted, each with its volume's name."""
    for volume in pod["spec"].get("volumes") or []:
        sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
        for source in sources:
            for field, resource in _MOUNTED:
                if (chosen := source.get(field)) and not chosen.get("optional"):
                    yield from _mounted(volume["name"], chosen, resource)


def _mounted(
    volume: str, source: Manifest, resource: ApiResource
) -> Iterator[tuple[str, Reference]]:
    name = source.get("secretName") or source["name"]
    keys: list[str | None] = [item["key"] for item in source.get("items") or []]
    for key in keys or [None]:
        yield volume, Reference(resource, name, key)


def fault_of(reference: Reference, found: Manifest | None, namespace: str) -> str:
    """Say what a kubelet says when the object or its key is missing; empty where all is there."""
    kind = reference.resource.kind
    if found is None:
        return f'{kind.lower()} "{reference.name}" not found'
    if reference.key is None or reference.key in (found.get("data") or {}):
        return ""
    return f"couldn't find key {reference.key} in {kind} {namespace}/{reference.name}"
