"""`odh-nim serve`: the server behind the page, in a cluster."""

import dataclasses

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target, applications_namespace_option, runs_async, target_options


@click.command()
@target_options(namespace=False)
@applications_namespace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=int, default=8080, show_default=True, help="Port to listen on.")
@click.option(
    "--token-header",
    default="X-Forwarded-Access-Token",
    show_default=True,
    metavar="NAME",
    help="Header in which the proxy in front passes the caller's token.",
)
@click.option(
    "--frame-ancestors",
    default="'none'",
    show_default=True,
    metavar="ORIGINS",
    help="Who may show the page in a frame, as in a Content-Security-Policy.",
)
@click.option(
    "--project",
    "projects",
    multiple=True,
    metavar="NAME",
    help="Project to show where callers may list none.",
)
@click.option("--exposed", is_flag=True, help="Listen on another address than loopback.")
@runs_async
async def serve(
    target: Target,
    applications_namespace: str | None,
    host: str,
    port: int,
    token_header: str,
    frame_ancestors: str,
    projects: tuple[str, ...],
    *,
    exposed: bool,
) -> None:
    """Serve the page to many people, each with their own rights.

    An authenticating proxy in the same pod passes each caller's token on. The server has no rights
    of its own: it takes the cluster's address from its pod or a kubeconfig, and never a login.

    \b
    Examples:
      odh-nim serve
      odh-nim serve --port 9090 --token-header Authorization
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.web import launch  # noqa: PLC0415 - the web framework takes a second to import

    settings = wiring.settings()
    if applications_namespace:
        settings = dataclasses.replace(settings, applications_namespace=applications_namespace)
    options = launch.ServeOptions(
        host, port, token_header, frame_ancestors, projects, exposed=exposed
    )
    await launch.serve(wiring.connection(target), settings, options)
