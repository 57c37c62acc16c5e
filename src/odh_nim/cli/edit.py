"""`odh-nim deployments edit`: change a deployment that is there."""

import click

from odh_nim.cli.common import (
    Target,
    applications_namespace_option,
    output_option,
    runs_async,
    target_options,
)
from odh_nim.cli.edit_options import EditOptions, edit_options


@click.command("edit")
@click.argument("name")
@edit_options
@applications_namespace_option
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def edit(
    *,
    target: Target,
    name: str,
    options: EditOptions,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Change a deployment: show the difference, ask, write it, and restart its pods once.

    Only what is given changes; everything else stays, also what others have put there. Deployments
    that the stock dashboard made can be edited too. When somebody else changes it meanwhile,
    nothing is written.

    \b
    Examples:
      odh-nim deployments edit llama -n team-a --tag 1.8.6 --memory 24Gi
      odh-nim deployments edit embed -n team-a --protocol grpc --dry-run
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import edit_flow  # noqa: PLC0415 - not for help

    await edit_flow.run(target, name, options, applications_namespace, output)
