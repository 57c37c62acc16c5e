"""A click group that imports a command's module only when that command is called."""

import importlib
from typing import Final

import click

# name → (module, attribute, line in the help). The line stands here, so that the group's help
# imports no command.
COMMANDS: Final = {
    "models": ("odh_nim.cli.models", "models", "Show the models of the catalogue."),
    "catalog": ("odh_nim.cli.catalog", "catalog", "Make the catalogue (release maintainers)."),
    "keys": ("odh_nim.cli.keys", "keys", "Set, show, rotate and remove a project's NGC API key."),
    "deploy": ("odh_nim.cli.deploy", "deploy", "Deploy a model into a project."),
    "deployments": (
        "odh_nim.cli.deployments",
        "deployments",
        "List, watch, stop, start and delete model deployments.",
    ),
    "airgap": (
        "odh_nim.cli.airgap",
        "airgap",
        "Bring models into a cluster without the internet.",
    ),
    "upgrade": (
        "odh_nim.cli.upgrade",
        "upgrade",
        "Migrate and clear away older NIM integrations (admins).",
    ),
    "doctor": ("odh_nim.cli.doctor", "doctor", "Look for what keeps models from being served."),
    "ui": ("odh_nim.cli.ui", "ui", "Open the page on this machine."),
    "serve": ("odh_nim.cli.serve", "serve", "Serve the page in a cluster."),
    "sandbox": (
        "odh_nim.cli.sandbox",
        "sandbox",
        "Run a whole cluster on this machine, to try everything out.",
    ),
    "completion": ("odh_nim.cli.completion", "completion", "Print the completion of your shell."),
}


class LazyGroup(click.Group):
    """The top group: knows the names of all commands, imports only the one that is called."""

    _only_listed = False

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Give the names in the order of the help."""
        return list(COMMANDS)

    def get_help(self, ctx: click.Context) -> str:
        """Write the help of the group from the table alone."""
        self._only_listed = True
        return super().get_help(ctx)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one command; for the group's help its name and line are enough."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, line = COMMANDS[cmd_name]
        if self._only_listed:
            return click.Command(cmd_name, short_help=line, help=line)
        # Not compared with click's class: rich-click puts its own in its place where help is shown.
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command when one is mistyped."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415 - only for a typing error

            near = difflib.get_close_matches(args[0], COMMANDS, n=3)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"No such command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, help="Write what is sent and received to standard error.")
@click.version_option(package_name="odh-nim", message="odh-nim %(version)s")
@click.pass_context
def top(ctx: click.Context, *, debug: bool) -> None:
    """Serve NVIDIA NIM models on Open Data Hub, OpenShift AI or any Kubernetes with KServe.

    \b
    Examples:
      odh-nim models list --search llama
      odh-nim deploy meta/llama-3.1-8b-instruct -n team-a
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    if debug:
        from odh_nim.cli.debug_log import write_debug_log  # noqa: PLC0415 - seldom used

        write_debug_log()
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
