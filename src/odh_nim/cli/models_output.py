"""What `odh-nim models` prints, and where it reads the catalogue."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from odh_nim.catalog.catalog import Catalog
from odh_nim.cli.common import Target
from odh_nim.cli.output import print_data, print_findings, print_table
from odh_nim.domain.errors import CatalogError, KubeconfigError
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model
from odh_nim.domain.protocol import Protocol

_DAY = 10
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


@dataclass(frozen=True)
class Filter:
    """Which models a person wants to see."""

    search: str = ""
    family: str | None = None
    protocol: str | None = None
    eu: bool | None = None

    def keeps(self, model: Model) -> bool:
        """Say whether a model is wanted."""
        texts = (model.repository, model.display_name, model.short_description, model.publisher)
        text = " ".join(texts).casefold()
        return (
            all(word in text for word in self.search.casefold().split())
            and self.family in (None, model.family)
            and (self.protocol is None or Protocol(self.protocol) in model.protocols)
            and self.eu in (None, model.eu_restricted)
        )


async def open_catalog(
    target: Target, file: Path | None, applications_namespace: str | None
) -> Catalog:
    """Read the catalogue of a file, or of the cluster.

    Raises:
        CatalogError: There is none, or no cluster to read it from.

    """
    if file is not None:
        from odh_nim.catalog.store import read_catalog_file  # noqa: PLC0415 - needs YAML

        return read_catalog_file(file)
    from odh_nim.catalog.load import find_installation  # noqa: PLC0415 - not for files
    from odh_nim.cli import wiring  # noqa: PLC0415 - as above

    setting = applications_namespace or wiring.settings().applications_namespace
    try:
        async with wiring.connect(target) as client:
            installation = await find_installation(client, setting=setting)
    except KubeconfigError as error:
        raise CatalogError(
            f"There is no cluster to read the catalogue from: {error.message}",
            remedy="Name one with --kubeconfig, or read a file with --catalog FILE.",
        ) from error
    print_findings(installation.config.findings)
    return installation.catalog


def print_models(catalog: Catalog, wanted: Filter, output: str) -> None:
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
        "Architectures": ", ".join(model.architectures),
        "Updated": model.updated_date[:_DAY],
        "In the EU": "restricted: NVIDIA does not offer it there" if model.eu_restricted else "",
        "Key": "" if model.key_required else "none needed",
        "Latest tag": model.latest_tag or "",
        "Tags": ", ".join(model.tags),
        "Catalogue": catalog.source + (f" of {catalog.date}" if catalog.date else ""),
        "Deploy": f"odh-nim deploy {team}{model.name}:{tag} -n PROJECT",
    }
    for name, fact in facts.items():
        if fact:
            click.echo(f"{name + ':':<15}{fact}")


def render_size(size: int | None) -> str:
    """Write bytes for a person: `12.3 GB`."""
    if size is None:
        return ""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"


def _print_rows(models: Iterable[Model], *, wide: bool) -> None:
    headings = ["NAME", "TAG", "FAMILY", "PROTOCOLS", "SIZE", "EU", "UPDATED"]
    if wide:
        headings += ["TEAM", "ARCHITECTURES", "TAGS", "DESCRIPTION"]
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
    architectures = ",".join(model.architectures)
    return [*row, model.team, architectures, str(len(model.tags)), model.short_description]


def _as_data(model: Model) -> dict[str, Any]:
    """Give a model as the catalogue writes it, with its key and its repository."""
    import json  # noqa: PLC0415 - only for machines

    from odh_nim.catalog.build import render_entry  # noqa: PLC0415 - as above

    entry: dict[str, Any] = json.loads(render_entry(model))
    return {"key": model.key, "repository": model.repository} | entry
