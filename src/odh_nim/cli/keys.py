"""`odh-nim keys`: set, check, show, rotate and remove a project's NGC API key."""

from datetime import datetime

import click

from odh_nim.cli.common import (
    Target,
    applications_namespace_option,
    output_option,
    runs_async,
    target_options,
)
from odh_nim.cli.key_input import key_file_option
from odh_nim.cli.keys_remove import remove
from odh_nim.cli.keys_rotate import rotate
from odh_nim.cli.keys_show import show

_DEPLOYMENT = click.option(
    "--deployment", metavar="NAME", help="Own key of one deployment, not the project's."
)


@click.group()
def keys() -> None:
    """Set, check, show, rotate and remove a project's NGC API key.

    A key is asked for at a hidden prompt, or read from a pipe or a file; it is never an argument,
    where other users of the machine could see it.

    \b
    Examples:
      odh-nim keys set -n team-a
      odh-nim keys rotate -n team-a
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


@keys.command("set")
@key_file_option
@_DEPLOYMENT
@click.option("--replace", is_flag=True, help="Store it also in place of another key.")
@click.option("--skip-check", is_flag=True, help="Do not ask NVIDIA whether the key is good.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="Day the key ends, as a note: NVIDIA does not tell it.",
)
@applications_namespace_option
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def set_key(
    *,
    target: Target,
    key_file: str | None,
    deployment: str | None,
    replace: bool,
    skip_check: bool,
    expires: datetime | None,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Check a key with NVIDIA and store it in the project's two Secrets.

    A key that NVIDIA refuses, or could not be asked about, is not stored. The same key again
    changes nothing. Secrets that odh-nim did not make are never changed.

    \b
    Examples:
      odh-nim keys set -n team-a
      pass show ngc | odh-nim keys set -n team-a --replace --expires 2027-01-31
      odh-nim keys set -n team-a --deployment llama --key-file key
    """  # noqa: D301 - as above
    from odh_nim.cli import keys_flow  # noqa: PLC0415 - not for help

    day = expires.date() if expires else None
    request = keys_flow.SetKey(deployment, key_file, replace, skip_check, day, output)
    await keys_flow.set_key(target, request, applications_namespace)


@keys.command("check")
@key_file_option
@_DEPLOYMENT
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL[:TAG]",
    help="Ask whether the key may pull this model.",
)
@click.option(
    "--image", "images", multiple=True, metavar="IMAGE", help="Ask whether it may pull this image."
)
@applications_namespace_option
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def check_key(
    *,
    target: Target,
    key_file: str | None,
    deployment: str | None,
    models: tuple[str, ...],
    images: tuple[str, ...],
    applications_namespace: str | None,
    output: str,
) -> int:
    """Say what is stored and whether NVIDIA accepts it; nothing is written.

    With --key-file that key is checked instead of the stored one.

    \b
    Examples:
      odh-nim keys check -n team-a --model meta/llama-3.1-8b-instruct
      odh-nim keys check -n team-a --key-file new-key -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import keys_check_flow  # noqa: PLC0415 - not for help

    request = keys_check_flow.CheckKey(deployment, key_file, models, images, output)
    return await keys_check_flow.check_key(target, request, applications_namespace)


keys.add_command(show)
keys.add_command(rotate)
keys.add_command(remove)
