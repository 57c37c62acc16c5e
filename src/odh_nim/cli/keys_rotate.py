"""`odh-nim keys rotate`: replace a key and restart what uses it."""

import click

from odh_nim.cli.common import (
    Target,
    applications_namespace_option,
    output_option,
    runs_async,
    target_options,
)
from odh_nim.cli.keys_rotate_options import RotateOptions, rotate_options


@click.command("rotate")
@click.option("--deployment", metavar="NAME", help="Own key of one deployment, not the project's.")
@rotate_options
@applications_namespace_option
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def rotate(
    *,
    target: Target,
    deployment: str | None,
    options: RotateOptions,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Replace a key: check the new one, change both Secrets, restart what uses it.

    A key that NVIDIA refuses, cannot be asked about, or that may not pull an image in use, changes
    nothing. Deployments restart one at a time; stopped ones stay stopped. When one does not come
    up, the others keep their pods, and the old key can be brought back.

    \b
    Examples:
      odh-nim keys rotate -n team-a
      pass show ngc-new | odh-nim keys rotate -n team-a --no-restart
      odh-nim keys rotate -n team-a --resume
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import keys_rotate_flow  # noqa: PLC0415 - not for help

    await keys_rotate_flow.rotate_key(target, deployment, options, applications_namespace, output)
