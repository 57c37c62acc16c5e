"""`odh-nim airgap resources` and `pull-secret`."""

from pathlib import Path

import click

from odh_nim.cli.common import Target, output_option, runs_async, target_options

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("subject", metavar="BUNDLE|PLAN", type=click.Path(path_type=Path))
@click.option(
    "--verified", type=_FILE, required=True, metavar="FILE", help="What `verify --record` wrote."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Folder for the files.",
)
@click.option(
    "--catalog",
    type=_FILE,
    metavar="FILE",
    help="Catalogue for names and texts.  [default: the shipped one]",
)
@click.option("--applications-namespace", metavar="NAME", help="Namespace for the ConfigMaps.")
@click.option("--digest-only", is_flag=True, help="No mirror for tags: no node is drained.")
@click.option(
    "--never-contact-source", is_flag=True, help="The original registries are never asked."
)
@click.option(
    "--rename", is_flag=True, help="Name images in the mirror itself: no rule rewrites them."
)
@click.option("--collect-keys", is_flag=True, help="Projects still store keys; nobody checks them.")
@click.option("--plain", is_flag=True, help="The mirror speaks plain HTTP (containerd only).")
@click.option("--ca", metavar="FILE", help="CA of the mirror as nodes see it (containerd only).")
@output_option("text", "json", default="text")
def resources(
    *,
    subject: Path,
    verified: Path,
    out: Path,
    catalog: Path | None,
    applications_namespace: str | None,
    digest_only: bool,
    never_contact_source: bool,
    rename: bool,
    collect_keys: bool,
    plain: bool,
    ca: str | None,
    output: str,
) -> int:
    """Write what a cluster needs to pull from the mirror: mirror sets, catalogue, configuration.

    Nothing is applied. The catalogue holds exactly what `verify` found.

    \b
    Examples:
      odh-nim airgap resources bundle --verified found.json --out resources
      odh-nim airgap resources plan.yaml --verified found.json --out resources --digest-only
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped
    from odh_nim.cli import airgap_files  # noqa: PLC0415 - not for help

    wanted = airgap_files.ResourceWish(
        subject=subject,
        verified=verified,
        out=out,
        catalog=catalog,
        namespace=applications_namespace,
        digest_only=digest_only,
        never_contact_source=never_contact_source,
        rename=rename,
        collect_keys=collect_keys,
        plain=plain,
        ca=ca,
    )
    return airgap_files.write(wanted, output)


@click.command("pull-secret")
@click.argument("registry", metavar="REGISTRY")
@click.option("--authfile", type=_FILE, metavar="FILE", help="Logins, as docker keeps them.")
@click.option("--dry-run", is_flag=True, help="Show the difference and write nothing.")
@target_options(namespace=False)
@runs_async
async def pull_secret(
    *, registry: str, authfile: Path | None, dry_run: bool, target: Target
) -> int:
    """Add the mirror's login to OpenShift's global pull secret; no other entry changes.

    The login comes from docker's or podman's files. No node is drained.

    \b
    Examples:
      odh-nim airgap pull-secret mirror.example.com:5000 --dry-run
      odh-nim airgap pull-secret mirror.example.com:5000 --authfile auth.json
    """  # noqa: D301 - as above
    from odh_nim.cli import airgap_files  # noqa: PLC0415 - not for help

    return await airgap_files.merge_login(registry, authfile, target, dry_run=dry_run)
