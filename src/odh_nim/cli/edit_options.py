"""The options of `odh-nim deployments edit`: only what is given changes."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import click

from odh_nim.cli.common import timeout_option

R = TypeVar("R")


@dataclass(frozen=True)
class EditOptions:
    """The options as they were typed; nothing is checked yet."""

    tag: str | None = None
    gpus: int | None = None
    cpu: str | None = None
    memory: str | None = None
    replicas: int | None = None
    env: tuple[str, ...] = ()
    env_file: str | None = None
    unset_env: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    no_args: bool = False
    storage_size: str | None = None
    protocol: str | None = None
    own_key: bool = False
    project_key: bool = False
    strategy: str | None = None
    display_name: str | None = None
    description: str | None = None
    skip_pull_check: bool = False
    dry_run: bool = False
    yes: bool = False
    wait: bool = True
    within: float = 1800


def _text(*names: str, metavar: str, help: str) -> Callable[..., Any]:  # noqa: A002 - click's word
    return click.option(*names, metavar=metavar, help=help)


def _many(*names: str, metavar: str, help: str) -> Callable[..., Any]:  # noqa: A002 - as above
    return click.option(*names, metavar=metavar, multiple=True, help=help)


def _flag(*names: str, help: str) -> Callable[..., Any]:  # noqa: A002 - as above
    return click.option(*names, is_flag=True, help=help)


_OPTIONS: Final = (
    _text("--tag", metavar="TAG", help="Another version of the image."),
    click.option("--gpus", "--gpu", "gpus", type=int, metavar="N", help="GPUs of a replica."),
    _text("--cpu", metavar="QUANTITY", help="CPUs of a replica."),
    _text("--memory", metavar="QUANTITY", help="Memory of a replica."),
    click.option("--replicas", type=int, metavar="N", help="Pods that serve it."),
    _many("--env", metavar="NAME=VALUE", help="Set a variable of the container."),
    _text(
        "--env-file",
        metavar="FILE",
        help="YAML list of variables to set, as in a pod; valueFrom stays as it is.",
    ),
    _many("--unset-env", metavar="NAME", help="Take a variable away."),
    _many("--arg", "args", metavar="TEXT", help="Arguments of the container, in place of all."),
    _flag("--no-args", help="Take all arguments away."),
    _text("--storage-size", metavar="SIZE", help="Let the claim grow; it can never shrink."),
    click.option(
        "--protocol", type=click.Choice(["http", "grpc"]), help="Another protocol for clients."
    ),
    _flag("--own-key", help="Use a key of its own, set before with `keys set --deployment`."),
    _flag("--project-key", help="Use the project's key."),
    click.option(
        "--strategy",
        type=click.Choice(["rolling-update", "recreate"]),
        help="How pods are replaced.  [default: as the free GPUs allow]",
    ),
    _text("--display-name", metavar="TEXT", help="Name that pages show; restarts the model."),
    _text("--description", metavar="TEXT", help="What it is for; restarts the model."),
    _flag("--skip-pull-check", help="Do not ask whether the key may pull the new image."),
    _flag("--dry-run", help="Only show the change, checked by the API server."),
    _flag("-y", "--yes", help="Do not ask."),
    click.option("--wait/--no-wait", default=True, show_default=True, help="Follow the new pods."),
    timeout_option("30m"),
)


def edit_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add all options; the command gets them as `options`."""

    @functools.wraps(command)
    def with_options(**typed: Any) -> R:
        chosen = {field.name: typed.pop(field.name) for field in fields(EditOptions)}
        return command(options=EditOptions(**chosen), **typed)

    for option in reversed(_OPTIONS):
        option(with_options)
    return with_options
