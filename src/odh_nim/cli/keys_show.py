"""`odh-nim keys show`: what is known of a key, never the key."""

import click

from odh_nim.cli.common import Target, output_option, runs_async, target_options


@click.command("show")
@click.option("--deployment", metavar="NAME", help="Own key of one deployment, not the project's.")
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def show(*, target: Target, deployment: str | None, output: str) -> None:
    """Say what is stored, since when, until when, and which deployments use it.

    The key itself is never shown, and NVIDIA is not asked; `odh-nim keys check` asks.

    \b
    Examples:
      odh-nim keys show -n team-a
      odh-nim keys show -n team-a --deployment llama -o json
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import keys_show_flow  # noqa: PLC0415 - not for help

    await keys_show_flow.show_key(target, deployment, output)
