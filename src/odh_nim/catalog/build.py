"""From models to the ConfigMap that ships: the same models give the same bytes."""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from odh_nim.catalog.catalog import data_revision
from odh_nim.catalog.entry import KEY
from odh_nim.domain import names
from odh_nim.domain.errors import CatalogError, printable
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import GpuNeed, Model

# `kubectl apply` stores a copy of the object in an annotation, and this is the most that all
# annotations of an object may hold (k8s.io/apimachinery, TotalAnnotationSizeLimitB).
MAX_BYTES: Final = 262_144
_WARN_PERCENT: Final = 60
# The ConfigMap is immutable: Argo CD must replace it, it cannot patch it.
_ARGO_CD: Final = {"argocd.argoproj.io/sync-options": "Force=true,Replace=true"}


def build_config_map(
    models: Iterable[Model], *, date: str, name: str = names.CATALOG_CONFIG_MAP
) -> Manifest:
    """Build the ConfigMap of a catalogue.

    Raises:
        CatalogError: A name cannot be a key, or the whole is larger than what can be applied.

    """
    data = {key: render_entry(model) for key, model in sorted(assign_keys(models).items())}
    manifest: Manifest = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "labels": {
                names.MANAGED_LABEL: "true",
                "app.kubernetes.io/part-of": "odh-nim",
            },
            "annotations": {
                **_ARGO_CD,
                names.CATALOG_DATE: date,
                names.CATALOG_REVISION: data_revision(data),
            },
        },
        "immutable": True,
        "data": data,
    }
    if (size := config_map_bytes(manifest)) > MAX_BYTES:
        raise CatalogError(
            f"The catalogue has {size:,} bytes; more than {MAX_BYTES:,} cannot be applied.",
            remedy="Leave out models or old tags.",
        )
    return manifest


def config_map_bytes(manifest: Manifest) -> int:
    """Measure a ConfigMap as `kubectl apply` stores it: compact JSON."""
    return len(json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode())


def size_findings(manifest: Manifest) -> list[Finding]:
    """Warn of a catalogue that nears what can be applied."""
    percent = config_map_bytes(manifest) * 100 // MAX_BYTES
    if percent <= _WARN_PERCENT:
        return []
    message = f"It takes {percent} % of what can be applied ({MAX_BYTES:,} bytes)."
    return [Finding(Severity.WARNING, "catalog-large", "catalogue", message)]


def assign_keys(models: Iterable[Model]) -> dict[str, Model]:
    """Give every model its key: the image's name, with the team where two teams share one.

    The first repository in sort order keeps the bare name.

    Raises:
        CatalogError: A name cannot be a key, or a model is there twice.

    """
    keyed: dict[str, Model] = {}
    for model in sorted(models, key=lambda each: each.repository):
        key = model.name if model.name not in keyed else f"{model.name}--{model.team}"
        if not KEY.fullmatch(key) or key in keyed:
            raise CatalogError(f"{printable(model.repository)} cannot be a key of the catalogue.")
        keyed[key] = replace(model, key=key)
    return keyed


def render_entry(model: Model) -> str:
    """Write one entry: a field a line, in a fixed order."""
    ngc_namespace, _, name = model.repository.rpartition("/")
    keyed_by_name = model.key == name
    fields: dict[str, Any] = {
        "name": name,
        "displayName": model.display_name,
        "shortDescription": model.short_description,
        "namespace": ngc_namespace if keyed_by_name else None,
        "tags": list(model.tags),
        "latestTag": model.latest_tag,
        "updatedDate": model.updated_date,
        "euRestricted": model.eu_restricted,
        "defaultTag": model.default_tag,
        "family": model.family,
        "protocols": [protocol.value for protocol in model.protocols],
        "publisher": model.publisher or None,
        "architectures": list(model.architectures) or None,
        "multinode": model.multinode or None,
        "sizeBytes": model.size_bytes,
        "weightsBytes": model.weights_bytes,
        "gpu": _render_gpu(model.gpu) if model.gpu else None,
        "keyRequired": None if model.key_required else False,
        "digests": dict(sorted(model.digests.items())) or None,
        "registry": model.registry if model.registry != names.REGISTRY else None,
        "modelProfiles": {tag: list(ids) for tag, ids in sorted(model.model_profiles.items())}
        or None,
        # The stock dashboard makes the image of namespace and key, which would be a wrong one: it
        # skips entries without a namespace.
        "repository": None if keyed_by_name else model.repository,
    }
    lines = [
        f"  {json.dumps(field)}: {json.dumps(value, ensure_ascii=False)}"
        for field, value in fields.items()
        if value is not None
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _render_gpu(gpu: GpuNeed) -> dict[str, Any]:
    parts = {
        "required": gpu.required,
        "count": list(gpu.counts),
        "products": list(gpu.products),
        "memoryGiB": gpu.memory_gib,
    }
    return {field: value for field, value in parts.items() if value not in ([], None)}
