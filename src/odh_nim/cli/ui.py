"""`odh-nim ui`: the page on this machine, with the kubeconfig's own login."""

import dataclasses
import webbrowser
from functools import partial
from pathlib import Path

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target, applications_namespace_option, runs_async, target_options
from odh_nim.cli.output import note
from odh_nim.sandbox.layout import write_private


def keep(file: Path, address: str) -> None:
    """Write the address down for whoever starts the browser, readable for this user alone."""
    write_private(file, f"{address}\n")


def forget(file: Path) -> None:
    """Remove the address of an earlier page, which would open nothing."""
    file.unlink(missing_ok=True)


@click.command()
@target_options(namespace=False)
@applications_namespace_option
@click.option(
    "--port", type=int, default=0, metavar="PORT", help="Port to listen on.  [default: a free one]"
)
@click.option(
    "--address-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the address in this file instead of printing it: a fresh one whenever one was used.",
)
@click.option("--browser/--no-browser", default=True, show_default=True, help="Open the browser.")
@runs_async
async def ui(
    target: Target,
    applications_namespace: str | None,
    port: int,
    address_file: Path | None,
    *,
    browser: bool,
) -> None:
    """Open the page on this machine, with the rights of your kubeconfig.

    It listens on this machine only. The address that it prints works once: it gives the browser
    that opens it a cookie, and no other browser gets in. With --address-file whoever may read that
    file, which is you alone, can open it in another one.

    \b
    Examples:
      odh-nim ui
      odh-nim ui --context my-cluster --no-browser
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.web import launch  # noqa: PLC0415 - the web framework takes a second to import

    def ready(address: str) -> None:
        if address_file is None:
            click.echo(address)
            note("It works once. Ctrl-C stops the page.")
        else:
            keep(address_file, address)
        if browser:
            webbrowser.open(address)

    if address_file is not None:
        forget(address_file)
    settings = wiring.settings()
    if applications_namespace:
        settings = dataclasses.replace(settings, applications_namespace=applications_namespace)
    await launch.serve_locally(
        wiring.connection(target),
        settings,
        port=port,
        ready=ready,
        renewed=partial(keep, address_file) if address_file is not None else None,
    )
