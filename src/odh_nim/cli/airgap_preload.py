"""`odh-nim airgap preload` and `preloaded`."""

from pathlib import Path

import click

from odh_nim.cli.common import (
    Target,
    applications_namespace_option,
    output_option,
    runs_async,
    target_options,
    timeout_option,
)


@click.command()
@click.argument("model", metavar="MODEL:TAG")
@click.option("--claim", required=True, metavar="NAME", help="Claim for the weights.")
@click.option("--size", metavar="SIZE", help="Make the claim, this large.")
@click.option("--storage-class", metavar="NAME", help="Of the claim that is made.")
@click.option("--access-mode", default="ReadWriteOnce", show_default=True, metavar="MODE")
@click.option("--sub-path", default="", metavar="FOLDER", help="Folder in the claim.")
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="ID",
    help="Profile to download; may be given several times.",
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Take the weights out of a bundle: no key, no internet.",
)
@click.option(
    "--bundle-claim", metavar="NAME", help="The bundle is in this claim too: a Job copies from it."
)
@click.option("--bundle-path", default="", metavar="FOLDER", help="Where in that claim it is.")
@click.option("--loader-image", metavar="IMAGE", help="Image with sh, tar, sha256sum.")
@click.option("--run-as-user", type=int, metavar="UID", help="For plain Kubernetes: 1000.")
@click.option("--ca-config-map", metavar="NAME", help="ConfigMap with ca-bundle.crt of a proxy.")
@click.option("--dry-run", is_flag=True, help="Print what would be created, and create nothing.")
@timeout_option("6h")
@applications_namespace_option
@target_options()
@runs_async
async def preload(
    *,
    model: str,
    claim: str,
    size: str | None,
    storage_class: str | None,
    access_mode: str,
    sub_path: str,
    profiles: tuple[str, ...],
    bundle: Path | None,
    bundle_claim: str | None,
    bundle_path: str,
    loader_image: str | None,
    run_as_user: int | None,
    ca_config_map: str | None,
    dry_run: bool,
    within: float,
    applications_namespace: str | None,
    target: Target,
) -> int:
    """Put the weights of a model into a claim before it is served.

    Without --bundle a Job downloads them with the project's key. With it they come out of a
    bundle: a file that is whole already is not sent again. The claim is marked when all is checked.

    \b
    Examples:
      odh-nim airgap preload meta/llama-3.1-8b-instruct:1.8.5 -n team-a --claim llama --size 60Gi \\
        --profile 4f904d571fe60ff24695b5ee2aa42da58cb460787a968f1e8a09f5a7e862728d
      odh-nim airgap preload meta/llama-3.1-8b-instruct:1.8.5 -n team-a --claim w --bundle bundle
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import airgap_weights  # noqa: PLC0415 - not for help

    wanted = airgap_weights.PreloadWish(
        model=model,
        claim=claim,
        size=size,
        storage_class=storage_class,
        access_mode=access_mode,
        sub_path=sub_path,
        profiles=profiles,
        bundle=bundle,
        bundle_claim=bundle_claim,
        bundle_path=bundle_path,
        loader_image=loader_image,
        run_as_user=run_as_user,
        ca_config_map=ca_config_map,
        applications_namespace=applications_namespace,
    )
    return await airgap_weights.run_preload(wanted, target, within=within, dry_run=dry_run)


@click.command()
@target_options()
@output_option("table", "json")
@runs_async
async def preloaded(*, target: Target, output: str) -> int:
    """List the claims of a project whose weights are complete.

    \b
    Examples:
      odh-nim airgap preloaded -n team-a
      odh-nim airgap preloaded -n team-a -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import airgap_weights  # noqa: PLC0415 - not for help

    return await airgap_weights.print_preloaded(target, output)
