"""What `odh-nim models` prints, and where it reads the catalogue."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from odh_nim.catalog.catalog import Catalog
from odh_nim.catalog.filter import ModelFilter
from odh_nim.cli.common import Target
from odh_nim.cli.output import note, print_data, print_facts, print_findings, print_table
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import GpuNeed, Model
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.quantity import parse_quantity

_DAY = 10
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def read_filter(
    *,
    search: str,
    family: str | None,
    publisher: str | None,
    protocol: str | None,
    gpus: int | None,
    max_size: str | None,
    eu: bool | None,
) -> ModelFilter:
    """Read the filter options.

    Raises:
        InvalidQuantityError: The size is none.

    """
    size = parse_quantity(max_size.rstrip("Bb"), "size") if max_size else None
    chosen = Protocol(protocol) if protocol else None
    return ModelFilter(search, family, publisher, chosen, gpus, size, eu)


def open_catalog(target: Target, file: Path | None, applications_namespace: str | None) -> Catalog:
    """Read the catalogue of a file, or of the cluster.

    Raises:
        CatalogError: There is none, or no cluster to read it from.

    """
    if file is not None:
        from odh_nim.catalog.store import read_catalog_file  # noqa: PLC0415 - needs YAML

        return read_catalog_file(file)
    # An event loop and a network stack cost more than the list: only for a cluster.
    import asyncio  # noqa: PLC0415 - as said

    from odh_nim.cli.models_cluster import catalog_of_cluster  # noqa: PLC0415 - as said

    return asyncio.run(catalog_of_cluster(target, applications_namespace))


def print_models(catalog: Catalog, wanted: ModelFilter, output: str) -> None:
    """Print the wanted models; what is wrong with the catalogue goes to standard error."""
    print_findings(catalog.findings)
    models = [model for model in catalog.models if wanted.keeps(model)]
    if output == "name":
        for model in models:
            click.echo(f"{model.team}/{model.name}")
    elif output in ("json", "yaml"):
        print_data([_as_data(model) for model in models], output)
    elif models:
        _print_rows(models, wide=output == "wide")
    else:
        click.echo(f"No model of {len(catalog.models)} fits.", err=True)
    unknown = sum(model.gpu is None for model in catalog.models)
    if wanted.gpus is not None and unknown:
        # Not fitting and not known are two things.
        note(f"{unknown} of {len(catalog.models)} models do not say which GPUs they need.")


def print_model(catalog: Catalog, reference: ModelReference, output: str) -> None:
    """Print all facts of one model."""
    from odh_nim.catalog.search import find_model, find_tag  # noqa: PLC0415 - only here

    model = find_model(catalog, reference)
    tag = find_tag(model, reference.tag) if reference.tag else model.preselected_tag
    image = str(model.image(tag)) if tag else ""
    if output != "table":
        print_data(_as_data(model) | {"image": image, "source": catalog.source}, output)
        return
    shared = sum(model.name == other.name for other in catalog.models) > 1
    team = f"{model.team}/" if shared else ""
    facts = {
        "Name": f"{model.team}/{model.name}",
        "Title": model.title,
        "Description": model.short_description,
        "Publisher": model.publisher,
        "Family": model.family,
        "Protocols": ", ".join(model.protocols),
        "Image": image,
        "Size": render_size(model.size_bytes),
        "Weights": render_size(model.weights_bytes),
        "GPUs": render_gpus(model.gpu),
        "Architectures": ", ".join(model.architectures),
        "Updated": model.updated_date[:_DAY],
        "In the EU": "restricted: NVIDIA does not offer it there" if model.eu_restricted else "",
        "Key": "" if model.key_required else "none needed",
        "Latest tag": model.latest_tag or "",
        "Tags": ", ".join(model.tags),
        "Catalogue": catalog.source + (f" of {catalog.date}" if catalog.date else ""),
        "Deploy": f"odh-nim deploy {team}{model.name}:{tag} -n PROJECT",
    }
    print_facts(facts)


def render_size(size: int | None) -> str:
    """Write bytes for a person: `12.3 GB`."""
    if size is None:
        return ""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def render_gpus(gpu: GpuNeed | None) -> str:
    """Write what GPUs a model needs: `1 or 2, 24 GiB each, tested on A100, H100`."""
    if gpu is None:
        return ""
    counts = " or ".join(map(str, gpu.counts))
    memory = f"{gpu.memory_gib} GiB each" if gpu.memory_gib else ""
    products = f"tested on {', '.join(gpu.products)}" if gpu.products else ""
    return ", ".join(part for part in (counts, memory, products) if part)


def _print_rows(models: Iterable[Model], *, wide: bool) -> None:
    headings = ["NAME", "TAG", "FAMILY", "PROTOCOLS", "SIZE", "EU", "UPDATED"]
    if wide:
        headings += ["TEAM", "PUBLISHER", "GPUS", "ARCHITECTURES", "TAGS", "DESCRIPTION"]
    print_table(headings, [_row(model, wide=wide) for model in models])


def _row(model: Model, *, wide: bool) -> list[str]:
    row = [
        model.key,
        model.preselected_tag or "",
        model.family,
        ",".join(model.protocols),
        render_size(model.size_bytes),
        "restricted" if model.eu_restricted else "",
        model.updated_date[:_DAY],
    ]
    if not wide:
        return row
    return [
        *row,
        model.team,
        model.publisher,
        ",".join(map(str, model.gpu.counts)) if model.gpu else "",
        ",".join(model.architectures),
        str(len(model.tags)),
        model.short_description,
    ]


def _as_data(model: Model) -> dict[str, Any]:
    """Give a model as the catalogue writes it, with its key and its repository."""
    import json  # noqa: PLC0415 - only for machines

    from odh_nim.catalog.build import render_entry  # noqa: PLC0415 - as above

    entry: dict[str, Any] = json.loads(render_entry(model))
    return {"key": model.key, "repository": model.repository} | entry
