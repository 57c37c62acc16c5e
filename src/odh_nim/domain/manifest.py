"""Manifests: the plain data that becomes objects of a cluster."""

from typing import Any, TypeAlias

# A finished manifest is the one place for raw dictionaries: it is what goes on the wire.
Manifest: TypeAlias = dict[str, Any]


def describe(manifest: Manifest) -> str:
    """Name a manifest or an object as messages do: `Kind/name`."""
    return f"{manifest.get('kind', 'Object')}/{manifest.get('metadata', {}).get('name', '?')}"


def annotations(manifest: Manifest) -> dict[str, str]:
    """Read the annotations; an object without any has an empty mapping, never None."""
    return manifest.get("metadata", {}).get("annotations") or {}


def labels(manifest: Manifest) -> dict[str, str]:
    """Read the labels; an object without any has an empty mapping, never None."""
    return manifest.get("metadata", {}).get("labels") or {}
