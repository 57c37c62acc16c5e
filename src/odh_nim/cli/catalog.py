"""`odh-nim catalog`: make the catalogue (release maintainers)."""

from pathlib import Path
from typing import BinaryIO

import click

from odh_nim.cli.common import runs_async


@click.group()
def catalog() -> None:
    """Make the catalogue (release maintainers).

    \b
    Examples:
      odh-nim catalog generate --output catalog.yaml --eu-list eu-restricted.json --key-file -
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


@catalog.command()
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="File to replace, whole or not at all.",
)
@click.option(
    "--key-file",
    type=click.File("rb"),
    required=True,
    metavar="FILE",
    help="File with an NGC API key; - is standard input.",
)
@click.option(
    "--eu-list",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="JSON list of the models that are restricted in the EU.",
)
@click.option("--date", metavar="DATE", help="Date of the catalogue.  [default: newest change]")
@click.option(
    "--allow-missing", type=click.IntRange(min=0), default=0, metavar="N", help="Gone models."
)
@runs_async
async def generate(
    *, output: Path, key_file: BinaryIO, eu_list: Path, date: str | None, allow_missing: int
) -> None:
    """Ask NVIDIA for every model and write the ConfigMap.

    One model that cannot be read fails the run, and the old file stays.

    \b
    Examples:
      odh-nim catalog generate --output catalog.yaml --eu-list eu-restricted.json --key-file key
      pass show ngc | odh-nim catalog generate --output catalog.yaml --eu-list eu.json --key-file -
    """  # noqa: D301 - as above
    from odh_nim.cli import catalog_output  # noqa: PLC0415 - not for help

    fetched = await catalog_output.fetch(key_file, eu_list, allow_missing)
    catalog_output.write(fetched, output, date)
