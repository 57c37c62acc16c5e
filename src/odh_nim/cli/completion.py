"""`odh-nim completion`: the script that completes commands in a shell."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    Examples:
      source <(odh-nim completion bash)
      odh-nim completion fish > ~/.config/fish/completions/odh-nim.fish
    """
    from odh_nim.cli.lazy import top  # noqa: PLC0415 - the group imports this module

    completion_class = get_completion_class(shell)
    assert completion_class is not None
    click.echo(completion_class(top, {}, "odh-nim", "_ODH_NIM_COMPLETE").source())
