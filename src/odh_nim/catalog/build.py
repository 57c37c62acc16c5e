"""From models to the ConfigMap that ships: the same models give the same bytes."""

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from odh_nim.catalog.catalog import data_revision
from odh_nim.catalog.entry import KEY
from odh_nim.catalog.limits import keep_newest_tags, measure, most_tags
from odh_nim.domain import names
from odh_nim.domain.errors import CatalogRefusedError, printable
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.model import GpuNeed, Model

# The ConfigMap is immutable: Argo CD must replace it, it cannot patch it.
_ARGO_CD: Final = {"argocd.argoproj.io/sync-options": "Force=true,Replace=true"}


def build_config_map(
    models: Iterable[Model],
    *,
    date: str,
    name: str = names.CATALOG_CONFIG_MAP,
    namespace: str | None = None,
    max_tags: int | None = None,
) -> Manifest:
    """Build the ConfigMap of a catalogue; `max_tags` keeps only the newest of each model.

    Raises:
        CatalogRefusedError: A name cannot be a key, or the whole is larger than what can be
            applied; the rule that makes it fit is named.

    """
    kept = list(models)
    manifest = _config_map(_fewer_tags(kept, max_tags), date, name, namespace)
    if not (size := measure(manifest)).fits:
        raise CatalogRefusedError(
            f"The catalogue is too large: {size}.",
            remedy=_shrinking_rule(kept, lambda most: _config_map(most, date, name, namespace)),
        )
    return manifest


def _config_map(models: Iterable[Model], date: str, name: str, namespace: str | None) -> Manifest:
    data = {key: render_entry(model) for key, model in sorted(assign_keys(models).items())}
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            **place,
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


def _fewer_tags(models: list[Model], most: int | None) -> list[Model]:
    return models if most is None else [keep_newest_tags(model, most) for model in models]


def _shrinking_rule(models: list[Model], build: Callable[[list[Model]], Manifest]) -> str:
    """Name the mildest rule that makes a catalogue fit."""
    fits, too_many = 0, most_tags(models)
    while too_many - fits > 1:
        middle = (fits + too_many) // 2
        if measure(build(_fewer_tags(models, middle))).fits:
            fits = middle
        else:
            too_many = middle
    if fits:
        size = measure(build(_fewer_tags(models, fits)))
        return f"--max-tags {fits} makes it fit: {size.applied:,} bytes."
    return "No number of tags makes it fit: leave out models with --only or --models-file."


def assign_keys(models: Iterable[Model]) -> dict[str, Model]:
    """Give every model its key: the image's name, with the team where two teams share one.

    The first repository in sort order keeps the bare name.

    Raises:
        CatalogRefusedError: A name cannot be a key, or a model is there twice.

    """
    keyed: dict[str, Model] = {}
    for model in sorted(models, key=lambda each: each.repository):
        key = model.name if model.name not in keyed else f"{model.name}--{model.team}"
        if not KEY.fullmatch(key) or key in keyed:
            raise CatalogRefusedError(
                f"{printable(model.repository)} cannot be a key of the catalogue."
            )
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
