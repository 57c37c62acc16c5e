"""`odh-nim doctor`: what keeps models from being served, and what to do about it."""

import click

from odh_nim.cli.common import Target, output_option, runs_async, target_options


@click.command()
@click.option("--fix", is_flag=True, help="Remove deployments that were never finished.")
@click.option("--yes", is_flag=True, help="Do not ask before removing.")
@click.option(
    "--applications-namespace",
    metavar="NAME",
    help="Namespace of the catalogue.  [default: looked for]",
)
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def doctor(
    *, target: Target, applications_namespace: str | None, fix: bool, yes: bool, output: str
) -> int:
    """Look at the cluster, the installation and a project with your own rights.

    Nothing is changed without --fix. Exits with 7 where something keeps models from being served.

    \b
    Examples:
      odh-nim doctor -n team-a
      odh-nim doctor -n team-a --fix
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import doctor_flow  # noqa: PLC0415 - not for help

    return await doctor_flow.run(target, applications_namespace, output, fix=fix, yes=yes)
