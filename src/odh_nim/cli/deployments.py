"""`odh-nim deployments`: list, look into, stop, start and delete model deployments."""

import click

from odh_nim.cli.common import (
    Target,
    output_option,
    runs_async,
    target_options,
    timeout_option,
)
from odh_nim.cli.edit import edit
from odh_nim.domain.names import KSERVE_CONTAINER

_NAME = click.argument("name")
_NAMES = click.argument("names", nargs=-1, required=True, metavar="NAME...")
_WATCH = click.option("-w", "--watch", is_flag=True, help="Show changes as they come.")
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Write nothing, only say what would be.")


@click.group()
def deployments() -> None:
    """List, look into, stop, start and delete model deployments.

    \b
    Examples:
      odh-nim deployments list -A
      odh-nim deployments explain llama -n team-a
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


@deployments.command("list")
@click.option("-A", "--all-namespaces", is_flag=True, help="In all projects.")
@_WATCH
@target_options()
@output_option("table", "wide", "json", "yaml", "name")
@runs_async
async def list_deployments(
    *, target: Target, all_namespaces: bool, watch: bool, output: str
) -> None:
    """List the deployments of a project, those of the stock dashboard too.

    \b
    Examples:
      odh-nim deployments list -n team-a
      odh-nim deployments list -A -o wide
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_flow  # noqa: PLC0415 - not for help

    await deployments_flow.print_list(target, everywhere=all_namespaces, watch=watch, output=output)


@deployments.command()
@_NAME
@target_options()
@output_option("table", "json", "yaml", "name")
@runs_async
async def get(*, target: Target, name: str, output: str) -> None:
    """Show one deployment: model, status, addresses, key, claim.

    \b
    Examples:
      odh-nim deployments get llama -n team-a
      odh-nim deployments get llama -n team-a -o yaml
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_flow  # noqa: PLC0415 - not for help

    await deployments_flow.print_one(target, name, output)


@deployments.command()
@_NAME
@_WATCH
@target_options()
@timeout_option("30m")
@output_option("table", "json", "yaml")
@runs_async
async def status(*, target: Target, name: str, watch: bool, within: float, output: str) -> None:
    """Say how far a deployment is: its phase, its pods, and what keeps it.

    \b
    Examples:
      odh-nim deployments status llama -n team-a
      odh-nim deployments status llama -n team-a --watch
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_flow  # noqa: PLC0415 - not for help

    await deployments_flow.print_status(target, name, output, within=within if watch else None)


@deployments.command()
@_NAME
@click.option("--pod", metavar="POD", help="Which pod.  [default: the newest]")
@click.option(
    "-c",
    "--container",
    default=KSERVE_CONTAINER,
    show_default=True,
    metavar="NAME",
    help="Which container.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on as lines come.")
@click.option("-p", "--previous", is_flag=True, help="Of the run before the last restart.")
@click.option("--tail", type=int, metavar="N", help="Only the last lines.")
@click.option("--since", type=str, metavar="DURATION", help="Only lines of the last 10m, 2h, …")
@target_options()
@runs_async
async def logs(
    *,
    target: Target,
    name: str,
    pod: str | None,
    container: str,
    follow: bool,
    previous: bool,
    tail: int | None,
    since: str | None,
) -> None:
    """Print the log of a deployment's container.

    \b
    Examples:
      odh-nim deployments logs llama -n team-a --tail 50
      odh-nim deployments logs llama -n team-a --follow
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_flow  # noqa: PLC0415 - not for help

    choice = deployments_flow.LogChoice(pod, container, follow, previous, tail, since)
    await deployments_flow.print_logs(target, name, choice)


@deployments.command()
@_NAME
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def events(*, target: Target, name: str, output: str) -> None:
    """List the events of a deployment and of everything it made.

    \b
    Examples:
      odh-nim deployments events llama -n team-a
      odh-nim deployments events llama -n team-a -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_flow  # noqa: PLC0415 - not for help

    await deployments_flow.print_events(target, name, output)


@deployments.command()
@_NAME
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def explain(*, target: Target, name: str, output: str) -> None:
    """Say in plain words why a deployment does not serve, and what helps.

    \b
    Examples:
      odh-nim deployments explain llama -n team-a
      odh-nim deployments explain llama -n team-a -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_flow  # noqa: PLC0415 - not for help

    await deployments_flow.print_explanations(target, name, output)


@deployments.command()
@_NAMES
@_DRY_RUN
@target_options()
@runs_async
async def stop(*, target: Target, names: tuple[str, ...], dry_run: bool) -> None:
    """Scale deployments to nothing; their claims and keys stay.

    \b
    Examples:
      odh-nim deployments stop llama -n team-a
      odh-nim deployments stop llama embed -n team-a
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_switch  # noqa: PLC0415 - not for help

    await deployments_switch.stop_all(target, names, dry_run=dry_run)


@deployments.command()
@_NAMES
@_DRY_RUN
@click.option("--wait/--no-wait", default=False, show_default=True, help="Follow until ready.")
@target_options()
@timeout_option("30m")
@runs_async
async def start(
    *, target: Target, names: tuple[str, ...], dry_run: bool, wait: bool, within: float
) -> None:
    """Let stopped deployments run again.

    \b
    Examples:
      odh-nim deployments start llama -n team-a
      odh-nim deployments start llama -n team-a --wait
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_switch  # noqa: PLC0415 - not for help

    limit = within if wait and not dry_run else None
    await deployments_switch.start_all(target, names, dry_run=dry_run, within=limit)


@deployments.command()
@_NAME
@click.option(
    "--with-pvc/--keep-pvc",
    default=False,
    help="Delete the claim with the weights too.  [default: keep-pvc]",
)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_DRY_RUN
@target_options()
@timeout_option("2m")
@output_option("table", "json", "yaml")
@runs_async
async def delete(
    *,
    target: Target,
    name: str,
    with_pvc: bool,
    yes: bool,
    dry_run: bool,
    within: float,
    output: str,
) -> None:
    """Name every object of a deployment, ask, and delete exactly these.

    A deployment that a killed run left half-made is deleted too.

    \b
    Examples:
      odh-nim deployments delete llama -n team-a
      odh-nim deployments delete llama -n team-a --with-pvc --yes
    """  # noqa: D301 - as above
    from odh_nim.cli import deployments_delete  # noqa: PLC0415 - not for help

    choice = deployments_delete.DeleteChoice(with_pvc, yes, dry_run, within, output)
    await deployments_delete.run(target, name, choice)


deployments.add_command(edit)
