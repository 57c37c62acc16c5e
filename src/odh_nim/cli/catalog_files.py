"""`odh-nim catalog diff` and `check`: what differs between catalogues, what is wrong with one."""

import click

from odh_nim.cli.common import (
    Target,
    applications_namespace_option,
    output_option,
    runs_async,
    target_options,
)


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@applications_namespace_option
@target_options(namespace=False)
@output_option("text", "json", "markdown", default="text")
@runs_async
async def diff(
    *, before: str, after: str, target: Target, applications_namespace: str | None, output: str
) -> int:
    """Show what is new in B: models, tags, latest tags, EU marks. Exits with 1 if anything is.

    A and B are files, or configmap/NAME in the cluster.

    \b
    Examples:
      odh-nim catalog diff old.yaml catalog.yaml
      odh-nim catalog diff configmap/nvidia-nim-models-data catalog.yaml -o markdown
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import catalog_look  # noqa: PLC0415 - not for help

    reader = catalog_look.Reader(target, applications_namespace)
    return await catalog_look.print_diff(reader, before, after, output)


@click.command()
@click.argument("catalogue", metavar="FILE|configmap/NAME")
@applications_namespace_option
@target_options(namespace=False)
@output_option("text", "json", default="text")
@runs_async
async def check(
    *, catalogue: str, target: Target, applications_namespace: str | None, output: str
) -> int:
    """Report every fault of a catalogue at once, with its line. Exits with 1 if there is an error.

    Warnings and notices say what readers repair or what stock dashboards leave out or rewrite.

    \b
    Examples:
      odh-nim catalog check catalog.yaml
      odh-nim catalog check configmap/my-models --applications-namespace opendatahub -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import catalog_look  # noqa: PLC0415 - not for help

    reader = catalog_look.Reader(target, applications_namespace)
    return await catalog_look.print_check(reader, catalogue, output)
