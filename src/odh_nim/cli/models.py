"""`odh-nim models`: look into the catalogue."""

from pathlib import Path

import click

from odh_nim.cli.common import Target, output_option, target_options

_CATALOG = click.option(
    "--catalog",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with a catalogue, read instead of the cluster's.",
    metavar="FILE",
)
_APPLICATIONS_NAMESPACE = click.option(
    "--applications-namespace",
    metavar="NAME",
    help="Namespace of the catalogue.  [default: looked for]",
)


@click.group()
def models() -> None:
    """Show the models of the catalogue.

    \b
    Examples:
      odh-nim models list --search llama
      odh-nim models show llama-3.1-8b-instruct
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


@models.command("list")
@click.option("--search", default="", metavar="TEXT", help="Only models that mention every word.")
@click.option("--family", metavar="FAMILY", help="Only models of a family: llm, speech, …")
@click.option("--publisher", metavar="TEXT", help="Only models of a publisher: meta, nvidia, …")
@click.option("--protocol", type=click.Choice(["http", "grpc"]), help="Only models that speak it.")
@click.option(
    "--gpus",
    type=click.IntRange(min=1),
    metavar="N",
    help="Only models that NVIDIA says run on N GPUs.",
)
@click.option(
    "--max-size", metavar="SIZE", help="Only models with an image up to this size: 20G, 20Gi."
)
@click.option("--eu/--no-eu", "eu", default=None, help="Only models restricted in the EU, or not.")
@_CATALOG
@_APPLICATIONS_NAMESPACE
@target_options(namespace=False)
@output_option("table", "wide", "json", "yaml", "name")
def list_models(
    *,
    target: Target,
    file: Path | None,
    applications_namespace: str | None,
    search: str,
    family: str | None,
    publisher: str | None,
    protocol: str | None,
    gpus: int | None,
    max_size: str | None,
    eu: bool | None,
    output: str,
) -> None:
    """List the models; TAG is the one that is preselected.

    \b
    Examples:
      odh-nim models list --family speech
      odh-nim models list --search "llama 70b" --gpus 4 -o wide
    """  # noqa: D301 - as above
    from odh_nim.cli import models_output  # noqa: PLC0415 - not for help

    wanted = models_output.read_filter(
        search=search,
        family=family,
        publisher=publisher,
        protocol=protocol,
        gpus=gpus,
        max_size=max_size,
        eu=eu,
    )
    catalog = models_output.open_catalog(target, file, applications_namespace)
    models_output.print_models(catalog, wanted, output)


@models.command("show")
@click.argument("model", metavar="MODEL[:TAG]")
@_CATALOG
@_APPLICATIONS_NAMESPACE
@target_options(namespace=False)
@output_option("table", "json", "yaml")
def show_model(
    *,
    model: str,
    target: Target,
    file: Path | None,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Show all that the catalogue says of one model.

    \b
    Examples:
      odh-nim models show llama-3.1-8b-instruct
      odh-nim models show meta/llama-3.1-8b-instruct:1.8.5 -o yaml
    """  # noqa: D301 - as above
    from odh_nim.cli import models_output  # noqa: PLC0415 - not for help
    from odh_nim.domain.image import ModelReference  # noqa: PLC0415 - as above

    reference = ModelReference.parse(model)
    catalog = models_output.open_catalog(target, file, applications_namespace)
    models_output.print_model(catalog, reference, output)
