"""`odh-nim airgap verify`, `status` and `prune`."""

from pathlib import Path

import click

from odh_nim.cli.airgap_options import Access, access_options
from odh_nim.cli.common import output_option

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("subject", metavar="BUNDLE|PLAN", type=click.Path(path_type=Path))
@click.option("--registry", metavar="REGISTRY[/PREFIX]", help="Compare the mirror, not the bundle.")
@click.option("--deep", is_flag=True, help="Read and hash every byte of the mirror.")
@click.option(
    "--record", type=_FILE, metavar="FILE", help="Write what was found: for resources and pull."
)
@click.option("--volumes", type=_FOLDER, multiple=True, metavar="FOLDER", help="Where volumes are.")
@access_options
@output_option("text", "json", default="text")
def verify(
    *,
    subject: Path,
    registry: str | None,
    deep: bool,
    record: Path | None,
    volumes: tuple[Path, ...],
    access: Access,
    output: str,
) -> int:
    """Compare a bundle, or a mirror, with its plan. Exits with 16 if something is wrong.

    A bundle is hashed whole. Of a mirror the digests are read; --deep hashes its bytes.

    \b
    Examples:
      odh-nim airgap verify bundle
      odh-nim airgap verify plan.yaml --registry mirror.example.com --record found.json
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import airgap_look  # noqa: PLC0415 - not for help

    wanted = airgap_look.VerifyWish(subject, registry, deep, record, volumes)
    return airgap_look.run_verify(wanted, access, output)


@click.command()
@click.argument(
    "journal", metavar="[BUNDLE|JOURNAL]", required=False, type=click.Path(path_type=Path)
)
@output_option("text", "json", default="text")
def status(*, journal: Path | None, output: str) -> int:
    """Tell how far a transfer is, from its journal; without a name, the newest one.

    \b
    Examples:
      odh-nim airgap status
      odh-nim airgap status bundle -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import airgap_look  # noqa: PLC0415 - not for help

    return airgap_look.print_status(journal, output)


@click.command()
@click.argument("registry", metavar="REGISTRY[/PREFIX]")
@click.option(
    "--keep",
    type=_FILE,
    multiple=True,
    required=True,
    metavar="PLAN",
    help="Plan whose tags stay; may be given several times.",
)
@click.option(
    "--old", type=_FILE, multiple=True, metavar="PLAN", help="Earlier plan: where to look too."
)
@click.option(
    "--list", "reviewed", type=_FILE, metavar="FILE", help="The reviewed list: delete it."
)
@click.option("--out", type=_FILE, metavar="FILE", help="Where the list goes.  [default: stdout]")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
@access_options
def prune(
    *,
    registry: str,
    keep: tuple[Path, ...],
    old: tuple[Path, ...],
    reviewed: Path | None,
    out: Path | None,
    yes: bool,
    access: Access,
) -> int:
    """Remove old tags from the mirror: first a list to review, then exactly that list.

    A digest that a wanted tag uses is never deleted.

    \b
    Examples:
      odh-nim airgap prune mirror.example.com --keep plan.yaml --old plan-1.yaml --out old.yaml
      odh-nim airgap prune mirror.example.com --keep plan.yaml --list old.yaml
    """  # noqa: D301 - as above
    from odh_nim.cli import airgap_look  # noqa: PLC0415 - not for help

    wanted = airgap_look.PruneWish(registry, keep, old, reviewed, out, yes)
    return airgap_look.run_prune(wanted, access)
