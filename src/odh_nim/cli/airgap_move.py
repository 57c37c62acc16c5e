"""`odh-nim airgap pull`, `push` and `copy`."""

from pathlib import Path

import click

from odh_nim.cli.airgap_options import Access, Running, access_options, running_options

_FILE = click.Path(path_type=Path, dir_okay=False)
_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("plan", type=_FILE)
@click.argument("bundle", type=_FOLDER)
@click.option(
    "--volume-size", metavar="SIZE", help="Split the bundle into files of at most this: 4G, 25G."
)
@click.option(
    "--since-bundle",
    "since",
    type=_FOLDER,
    multiple=True,
    metavar="BUNDLE",
    help="Leave out what an earlier bundle carried.",
)
@click.option(
    "--baseline", type=_FILE, metavar="FILE", help="Leave out what `verify --record` saw there."
)
@access_options
@running_options
def pull(
    *,
    plan: Path,
    bundle: Path,
    volume_size: str | None,
    since: tuple[Path, ...],
    baseline: Path | None,
    access: Access,
    running: Running,
) -> int:
    """Download a plan into a bundle: a folder to carry over the gap.

    A run that was cut goes on where it was. The bundle is complete once it has SHA256SUMS.

    \b
    Examples:
      odh-nim airgap pull plan.yaml bundle --key-file key
      odh-nim airgap pull plan.yaml bundle-2 --since-bundle bundle --volume-size 25G
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import airgap_run  # noqa: PLC0415 - not for help

    wanted = airgap_run.PullWish(plan, bundle, volume_size, since, baseline)
    return airgap_run.run_pull(wanted, access, running)


@click.command()
@click.argument("bundle", type=_FOLDER)
@click.argument("destination", metavar="REGISTRY[/PREFIX]")
@click.option(
    "--volumes",
    type=_FOLDER,
    multiple=True,
    metavar="FOLDER",
    help="Where volumes are, beside the bundle's own folder.",
)
@click.option(
    "--spool",
    type=_FOLDER,
    metavar="FOLDER",
    help="Keeps parts of split files while volumes come one at a time.",
)
@access_options
@running_options
def push(
    *,
    bundle: Path,
    destination: str,
    volumes: tuple[Path, ...],
    spool: Path | None,
    access: Access,
    running: Running,
) -> int:
    """Upload a bundle into the mirror, in place: nothing is unpacked.

    \b
    Examples:
      odh-nim airgap push bundle mirror.example.com:5000
      odh-nim airgap push bundle mirror.example.com/nvidia --volumes /media/disk --spool spool
    """  # noqa: D301 - as above
    from odh_nim.cli import airgap_run  # noqa: PLC0415 - not for help

    wanted = airgap_run.PushWish(bundle, destination, volumes, spool)
    return airgap_run.run_push(wanted, access, running)


@click.command()
@click.argument("plan", type=_FILE)
@click.argument("destination", metavar="REGISTRY[/PREFIX]")
@click.option("--recheck", is_flag=True, help="Look for every blob, also of images that are there.")
@access_options
@running_options
def copy(*, plan: Path, destination: str, recheck: bool, access: Access, running: Running) -> int:
    """Copy a plan from registry to registry, where one machine reaches both.

    \b
    Examples:
      odh-nim airgap copy plan.yaml mirror.example.com:5000 --key-file key
      odh-nim airgap copy plan.yaml mirror.example.com/nvidia --recheck
    """  # noqa: D301 - as above
    from odh_nim.cli import airgap_run  # noqa: PLC0415 - not for help

    return airgap_run.run_copy(plan, destination, access, running, recheck=recheck)
