"""`odh-nim catalog`: make the catalogue, compare and check it (release maintainers)."""

from datetime import datetime
from pathlib import Path

import click

from odh_nim.cli.catalog_files import check, diff
from odh_nim.cli.common import runs_async
from odh_nim.cli.key_input import key_file_option

_FILE = click.Path(path_type=Path, dir_okay=False)
_KEY_VARIABLE = click.option(
    "--key-env", metavar="VARIABLE", help="Environment variable that holds the key."
)
_CONCURRENCY = click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=16,
    show_default=True,
    metavar="N",
    help="Calls at once; fewer by itself when NVIDIA is busy.",
)
_TIMEOUT = click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for one answer, its repetitions included.",
)
_PATIENCE = click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="All the rest together that a busy NVIDIA may ask for.",
)
_ALLOW_MISSING = click.option(
    "--allow-missing",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Go on although up to N listed models tell nothing.",
)


@click.group()
def catalog() -> None:
    """Make the catalogue, compare and check it (release maintainers).

    \b
    Examples:
      odh-nim catalog generate --output catalog.yaml --key-file key
      odh-nim catalog diff old.yaml catalog.yaml
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


catalog.add_command(diff)
catalog.add_command(check)


@catalog.command()
@click.option(
    "--output",
    type=_FILE,
    metavar="FILE",
    help="File to replace, whole or not at all.  [default: standard output]",
)
@key_file_option
@_KEY_VARIABLE
@_CONCURRENCY
@_TIMEOUT
@_PATIENCE
@click.option(
    "--only",
    "patterns",
    multiple=True,
    metavar="PATTERN",
    help="Only models whose name or team/name fits: 'llama-*', 'nvidia/*'.",
)
@click.option(
    "--models-file",
    type=_FILE,
    metavar="LIST",
    help="Only the models of a file, [TEAM/]MODEL[:TAG] a line.",
)
@click.option(
    "--max-tags", type=click.IntRange(min=1), metavar="N", help="Only the N newest tags of a model."
)
@click.option("--name", metavar="NAME", help="Name of the ConfigMap.  [default: the shipped one]")
@click.option("--namespace", metavar="NAME", help="Namespace of the ConfigMap.  [default: none]")
@_ALLOW_MISSING
@click.option(
    "--baseline",
    type=_FILE,
    metavar="FILE",
    help="Catalogue that must not shrink by more than 2 %.  [default: the file to replace]",
)
@click.option(
    "--eu-list",
    type=_FILE,
    metavar="FILE",
    help="List of the models restricted in the EU.  [default: the shipped one]",
)
@click.option("--no-eu-list", is_flag=True, help="Mark nothing from a list.")
@click.option(
    "--date",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Date of the catalogue.  [default: SOURCE_DATE_EPOCH, else the newest change]",
)
@click.option(
    "--metadata/--no-metadata",
    default=False,
    show_default=True,
    help="Ask for NVIDIA's published hardware needs too: one more call a model.",
)
@runs_async
async def generate(
    *,
    output: Path | None,
    key_file: str | None,
    key_env: str | None,
    concurrency: int,
    timeout: float,  # noqa: ASYNC109 - the wait for one answer, not for this function
    patience: float,
    patterns: tuple[str, ...],
    models_file: Path | None,
    max_tags: int | None,
    name: str | None,
    namespace: str | None,
    allow_missing: int,
    baseline: Path | None,
    eu_list: Path | None,
    no_eu_list: bool,
    date: datetime | None,
    metadata: bool,
) -> None:
    """Ask NVIDIA for every model and write the ConfigMap.

    One model that cannot be read fails the run, and the old file stays as it is. A key is read
    from a prompt, a pipe, a file or a variable, and checked before anything else is asked.

    \b
    Examples:
      odh-nim catalog generate --output catalog.yaml --key-file key
      pass show ngc | odh-nim catalog generate --only 'meta/*' --name meta-models
    """  # noqa: D301 - as above
    from odh_nim.cli import catalog_generate  # noqa: PLC0415 - not for help

    request = catalog_generate.Generate(
        access=catalog_generate.Access(key_file, key_env, concurrency, timeout, patience),
        output=output,
        patterns=patterns,
        models_file=models_file,
        max_tags=max_tags,
        name=name,
        namespace=namespace,
        allow_missing=allow_missing,
        baseline=baseline,
        eu_list=eu_list,
        no_eu_list=no_eu_list,
        date=date.date() if date else None,
        metadata=metadata,
    )
    await catalog_generate.generate(request)


@catalog.command()
@click.option(
    "--eu-list",
    type=_FILE,
    default=Path("config/catalog/eu-restricted.json"),
    show_default=True,
    metavar="FILE",
    help="List to bring up to date.",
)
@key_file_option
@_KEY_VARIABLE
@_CONCURRENCY
@_TIMEOUT
@_PATIENCE
@click.option(
    "--place",
    default="the EU",
    show_default=True,
    metavar="TEXT",
    help="Where this runs, for the evidence: 'eu-central-1'.",
)
@click.option(
    "--date", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="[default: today]"
)
@click.option("--allow-empty", is_flag=True, help="Let an empty result empty the list.")
@_ALLOW_MISSING
@runs_async
async def eu(
    *,
    eu_list: Path,
    key_file: str | None,
    key_env: str | None,
    concurrency: int,
    timeout: float,  # noqa: ASYNC109 - as above
    patience: float,
    place: str,
    date: datetime | None,
    allow_empty: bool,
    allow_missing: int,
) -> None:
    """Find out, in the EU, which models are not offered there.

    Asks for every model and merges those that answer 451 into the reviewed list. Only an answer
    with details takes a mark away; no hit at all means that this is no place in the EU.

    \b
    Examples:
      odh-nim catalog eu --key-file key --place eu-central-1
      git diff config/catalog/eu-restricted.json
    """  # noqa: D301 - as above
    from odh_nim.cli import catalog_generate  # noqa: PLC0415 - not for help

    request = catalog_generate.Probe(
        access=catalog_generate.Access(key_file, key_env, concurrency, timeout, patience),
        eu_list=eu_list,
        place=place,
        date=date.date() if date else None,
        allow_empty=allow_empty,
        allow_missing=allow_missing,
    )
    await catalog_generate.probe(request)
