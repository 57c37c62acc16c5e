"""`odh-nim keys remove`: take a key away."""

import click

from odh_nim.cli.common import Target, output_option, runs_async, target_options


@click.command("remove")
@click.option("--deployment", metavar="NAME", help="Own key of one deployment, not the project's.")
@click.option("--force", is_flag=True, help="Also while deployments refer to it.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def remove(
    *,
    target: Target,
    deployment: str | None,
    force: bool,
    yes: bool,
    dry_run: bool,
    output: str,
) -> None:
    """Delete the two Secrets of a key; refused while a deployment refers to it.

    Stopped deployments count too. The key stays valid at NVIDIA: revoke it there.

    \b
    Examples:
      odh-nim keys remove -n team-a
      odh-nim keys remove -n team-a --deployment llama --yes
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import keys_remove_flow  # noqa: PLC0415 - not for help

    choice = keys_remove_flow.RemoveChoice(force, yes, dry_run, output)
    await keys_remove_flow.remove(target, deployment, choice)
