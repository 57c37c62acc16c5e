"""Options that many commands share."""

import functools
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import click

from odh_nim.cli.duration import Duration

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Target:
    """Which cluster, as whom, and in which project a command works."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()


def target_options(*, namespace: bool = True) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Add kubectl's connection options; the command gets them as `target`."""

    def decorate(command: Callable[..., R]) -> Callable[..., R]:
        @functools.wraps(command)
        def with_target(
            *args: Any,
            context: str | None,
            kubeconfig: str | None,
            as_user: str | None,
            as_group: tuple[str, ...],
            namespace: str | None = None,
            **kwargs: Any,
        ) -> R:
            target = Target(namespace, context, kubeconfig, as_user, as_group)
            return command(*args, target=target, **kwargs)

        options = [
            click.option("--context", help="Context of the kubeconfig.", metavar="NAME"),
            click.option("--kubeconfig", help="File with the connection.", metavar="FILE"),
            click.option("--as", "as_user", help="User to impersonate.", metavar="USER"),
            click.option(
                "--as-group", multiple=True, help="Group to impersonate.", metavar="GROUP"
            ),
        ]
        if namespace:
            options.insert(
                0,
                click.option(
                    "-n",
                    "--namespace",
                    help="Project.  [default: the context's]",
                    metavar="PROJECT",
                ),
            )
        for option in reversed(options):
            option(with_target)
        return with_target

    return decorate


def applications_namespace_option(command: Callable[..., R]) -> Callable[..., R]:
    """Add the place of the catalogue; the command gets it as `applications_namespace`."""
    return click.option(
        "--applications-namespace",
        metavar="NAME",
        help="Namespace of the catalogue.  [default: looked for]",
    )(command)


def timeout_option(default: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Add `--timeout`; the command gets seconds as `within`."""
    return click.option(
        "--timeout",
        "within",
        type=Duration(),
        default=default,
        show_default=True,
        metavar="DURATION",
        help="How long to wait: 90s, 30m, 1h.",
    )


def output_option(
    *formats: str, default: str = "table"
) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Add `-o/--output` with kubectl's formats; the command gets it as `output`."""
    choices = click.Choice(formats or ("table", "json", "yaml"))
    return click.option(
        "-o", "--output", type=choices, default=default, show_default=True, help="Format."
    )


def runs_async(
    command: Callable[P, Coroutine[Any, Any, R]],
) -> Callable[P, R]:
    """Let a command be a coroutine: one event loop per command."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        import asyncio  # noqa: PLC0415 - a tenth of the time that a command takes to start

        return asyncio.run(command(*args, **kwargs))

    return run
