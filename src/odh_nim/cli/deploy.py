"""`odh-nim deploy`: a model of the catalogue becomes a running deployment."""

import click

from odh_nim.cli.common import (
    Target,
    applications_namespace_option,
    output_option,
    runs_async,
    target_options,
)
from odh_nim.cli.deploy_options import DeployOptions, deploy_options


@click.command()
@deploy_options
@applications_namespace_option
@target_options()
@output_option("table", "yaml", "json", "name")
@runs_async
async def deploy(
    *, target: Target, options: DeployOptions, applications_namespace: str | None, output: str
) -> None:
    """Deploy a model into a project: all of it, or nothing that stays.

    Everything is checked first: rights, names, the key and whether it may pull this image, GPUs,
    storage, quota; and the API server checks every object. Then the objects are created and
    followed until the model is served. Stopping this command stops only the following.

    \b
    Examples:
      odh-nim deploy llama-3.1-8b-instruct -n team-a
      odh-nim deploy nvidia/nv-embedqa-e5-v5:1.6.0 -n team-a --name embed --protocol grpc
      odh-nim deploy llama-3.1-8b-instruct -n team-a --storage pvc:weights/llama --dry-run -o yaml
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import deploy_flow  # noqa: PLC0415 - not for help

    await deploy_flow.run(target, options, applications_namespace, output)
