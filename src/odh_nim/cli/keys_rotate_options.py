"""The options of `odh-nim keys rotate`."""

import functools
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final, TypeVar

import click

from odh_nim.cli.common import timeout_option
from odh_nim.cli.key_input import key_file_option

R = TypeVar("R")


@dataclass(frozen=True)
class RotateOptions:
    """The options as they were typed."""

    key_file: str | None = None
    expires: datetime | None = None
    restart: bool = True
    wait: bool = True
    within: float = 1800
    resume: bool = False
    skip_check: bool = False
    skip_pull_check: bool = False
    pull_always: bool = False
    keep_strategy: bool = False
    back_on_failure: bool = False
    dry_run: bool = False

    @property
    def expiry_day(self) -> date | None:
        """The day that was noted."""
        return self.expires.date() if self.expires else None


def _flag(*names: str, help: str) -> Callable[..., Any]:  # noqa: A002 - click's word
    return click.option(*names, is_flag=True, help=help)


_OPTIONS: Final = (
    key_file_option,
    click.option(
        "--expires",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="YYYY-MM-DD",
        help="Day the new key ends, as a note.",
    ),
    click.option(
        "--restart/--no-restart",
        default=True,
        show_default=True,
        help="Restart what uses the key, one deployment at a time.",
    ),
    click.option(
        "--wait/--no-wait",
        default=True,
        show_default=True,
        help="Wait for each new pod before the next deployment.",
    ),
    _flag("--resume", help="Finish a rotation that was interrupted; no key is asked for."),
    _flag("--skip-check", help="Do not ask NVIDIA whether the key is good."),
    _flag("--skip-pull-check", help="Do not ask whether it may pull the images in use."),
    _flag("--pull-always", help="Let new pods pull once, even images that are on the node."),
    _flag(
        "--keep-strategy",
        help="Never stop an old pod first, even where no second GPU is free.",
    ),
    _flag("--back-on-failure", help="Bring the old key back when a new pod fails."),
    _flag("--dry-run", help="Say what would be done; no key is asked for."),
    timeout_option("30m"),
)


def rotate_options(command: Callable[..., R]) -> Callable[..., R]:
    """Add all options; the command gets them as `options`."""

    @functools.wraps(command)
    def with_options(**typed: Any) -> R:
        chosen = {field.name: typed.pop(field.name) for field in fields(RotateOptions)}
        return command(options=RotateOptions(**chosen), **typed)

    for option in reversed(_OPTIONS):
        option(with_options)
    return with_options
