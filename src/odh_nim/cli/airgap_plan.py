"""`odh-nim airgap plan`."""

from pathlib import Path

import click

from odh_nim.cli.airgap_options import Access, access_options
from odh_nim.cli.common import Target, output_option, runs_async, target_options


@click.command()
@click.argument("models", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--schema", is_flag=True, help="Print the JSON schema of the list, and do no more.")
@click.option(
    "--from-cluster", is_flag=True, help="Print the list of what the cluster serves, to begin with."
)
@click.option(
    "--catalog",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Catalogue for teams, tags and texts.  [default: the shipped one]",
)
@click.option("--all-platforms", is_flag=True, help="Take whole indexes, not linux/amd64 alone.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Plan to write."
)
@access_options
@target_options()
@output_option("text", "json", default="text")
@runs_async
async def plan(
    *,
    models: Path | None,
    schema: bool,
    from_cluster: bool,
    catalog: Path | None,
    all_platforms: bool,
    out: Path | None,
    access: Access,
    target: Target,
    output: str,
) -> int:
    """Turn a list of models into digests and sizes; report every problem at once.

    Nothing is downloaded but manifests. The plan is the same for the same upstream.

    \b
    Examples:
      odh-nim airgap plan models.yaml --out plan.yaml --key-file key
      odh-nim airgap plan --from-cluster > models.yaml
      odh-nim airgap plan --schema > models.schema.json
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import airgap_resolve  # noqa: PLC0415 - not for help

    if schema:
        return airgap_resolve.print_schema()
    if from_cluster:
        return await airgap_resolve.print_served(target)
    if models is None:
        raise click.UsageError("Name the list of models, or use --from-cluster.")
    wanted = airgap_resolve.PlanWish(models, catalog, all_platforms, out)
    return airgap_resolve.make_plan(wanted, access, output)
