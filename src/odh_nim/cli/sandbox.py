"""`odh-nim sandbox`: a whole cluster on this machine."""

import click

from odh_nim.cli.common import output_option

_VARIANTS = ("open-data-hub", "open-data-hub-today", "kubernetes-only")
_VARIANT = click.option(
    "--variant",
    type=click.Choice(_VARIANTS),
    help="Cluster to play: Open Data Hub with the configuration this product asks for; with "
    "today's; or nothing but Kubernetes and KServe.  [default: as before, else open-data-hub]",
)
_KUBERNETES_ONLY = click.option(
    "--kubernetes-only",
    "variant",
    flag_value="kubernetes-only",
    help="The same as --variant kubernetes-only.",
)


@click.group()
def sandbox() -> None:
    """Run a whole cluster on this machine, to try everything out.

    Real: etcd, the API server, controllers, the scheduler, KServe. Played: machines with GPUs,
    containers, NVIDIA's API and registry. All of it listens on this machine only.

    \b
    Examples:
      odh-nim sandbox up
      eval "$(odh-nim sandbox env --user alice)"
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


@sandbox.command()
@click.option("--check", is_flag=True, help="Build nothing; fail where something is missing.")
def build(*, check: bool) -> None:
    """Build the control plane's programs, once per version: 6 to 20 minutes on two cores.

    An interrupted build goes on where it stopped.

    \b
    Examples:
      odh-nim sandbox build
      odh-nim sandbox build --check
    """  # noqa: D301 - as above
    from odh_nim.cli import sandbox_output  # noqa: PLC0415 - not for help

    programs = sandbox_output.find_programs() if check else sandbox_output.find_or_build()
    click.echo(programs.folder)


@sandbox.command()
@_VARIANT
@_KUBERNETES_ONLY
@click.option(
    "--write-kubeconfig",
    is_flag=True,
    help="Also add the users' contexts to your own kubeconfig; its current context stays.",
)
def up(*, variant: str | None, write_kubeconfig: bool) -> None:
    """Start the sandbox, or bring back what is missing of it; its data is kept.

    \b
    Examples:
      odh-nim sandbox up
      odh-nim sandbox up --kubernetes-only
    """  # noqa: D301 - as above
    from odh_nim.cli import sandbox_output  # noqa: PLC0415 - not for help

    state = sandbox_output.start(variant)
    if write_kubeconfig:
        sandbox_output.add_to_own_kubeconfig()
    sandbox_output.print_usage(state)


@sandbox.command()
def down() -> None:
    """Stop the sandbox and everything that belongs to it; its data is kept.

    \b
    Examples:
      odh-nim sandbox down
      odh-nim sandbox down && odh-nim sandbox up
    """  # noqa: D301 - as above
    from odh_nim.cli import sandbox_output  # noqa: PLC0415 - not for help

    sandbox_output.stop()


@sandbox.command()
@output_option("table", "json", "yaml")
def status(*, output: str) -> None:
    """Show the parts of the sandbox; the exit code is 0 only when all of them are ready.

    \b
    Examples:
      odh-nim sandbox status
      odh-nim sandbox status -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import sandbox_output  # noqa: PLC0415 - not for help

    sandbox_output.print_status(output)


@sandbox.command()
@_VARIANT
@_KUBERNETES_ONLY
def reset(*, variant: str | None) -> None:
    """Throw away everything in the sandbox and start a fresh one.

    \b
    Examples:
      odh-nim sandbox reset
      odh-nim sandbox reset --variant open-data-hub-today
    """  # noqa: D301 - as above
    from odh_nim.cli import sandbox_output  # noqa: PLC0415 - not for help

    sandbox_output.print_usage(sandbox_output.start_afresh(variant))


@sandbox.command()
@click.option("--user", default="alice", show_default=True, help="admin, alice, bob or vera.")
@click.option(
    "--shell", type=click.Choice(("sh", "fish")), help="Shell to write for.  [default: yours]"
)
def env(*, user: str, shell: str | None) -> None:
    r"""Print the variables that point commands at the sandbox, as one of its users.

    \b
    Examples:
      eval "$(odh-nim sandbox env)"
      odh-nim sandbox env --user admin --shell fish | source
    """
    from odh_nim.cli import sandbox_output  # noqa: PLC0415 - not for help

    sandbox_output.print_environment(user, shell)
