"""`odh-nim upgrade`: find, migrate and clear away what the old integration left."""

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
from odh_nim.cli.key_input import key_file_option

_FILE = click.Path(dir_okay=False, path_type=Path)
_FORMER_KEYS = click.option(
    "--former-key-file",
    "former_key_files",
    multiple=True,
    metavar="FILE",
    help="File with an admin's key of before: proves older copies in projects.",
)


@click.group()
def upgrade() -> None:
    """Find, migrate and clear away what older NIM integrations left on the cluster.

    \b
    Examples:
      odh-nim upgrade plan
      odh-nim upgrade apply --yes
      odh-nim upgrade migrate --project team-a --key-file new-key
    """  # noqa: D301 - \b is click's mark for a block that is not re-wrapped


@upgrade.command()
@_FORMER_KEYS
@click.option("--save", type=_FILE, metavar="FILE", help="Keep the plan for `apply --plan`.")
@applications_namespace_option
@target_options(namespace=False)
@output_option("table", "wide", "json", "yaml")
@runs_async
async def plan(
    *,
    target: Target,
    former_key_files: tuple[str, ...],
    save: Path | None,
    applications_namespace: str | None,
    output: str,
) -> int:
    """Look at all projects and say what a clean-up would do; nothing is written.

    Needs the right to list Secrets, pods and deployments in all projects.
    What cannot be read makes the plan incomplete, and an incomplete plan deletes nothing.

    \b
    Examples:
      odh-nim upgrade plan
      odh-nim upgrade plan -o yaml --save plan.json
    """  # noqa: D301 - as above
    from odh_nim.cli import upgrade_flow  # noqa: PLC0415 - not for help

    asked = upgrade_flow.Planning(applications_namespace, former_key_files, save, output)
    return await upgrade_flow.show_plan(target, asked)


@upgrade.command()
@click.option(
    "--plan", "plan_file", type=_FILE, metavar="FILE", help="Do only what this saved plan says."
)
@click.option("-y", "--yes", is_flag=True, help="Do it. Without this the plan is shown only.")
@click.option("--delete-crd", is_flag=True, help="Delete the kind Account, last of all.")
@click.option(
    "--delete-rights", is_flag=True, help="Delete roles for Accounts that the operator ships too."
)
@click.option(
    "--remove-webhook-entry", is_flag=True, help="Take the webhook's entry for Accounts away."
)
@click.option(
    "--controller-is-gone", is_flag=True, help="I know that no old controller serves finalizers."
)
@click.option("--keep-project-secrets", is_flag=True, help="Leave unused copies of keys.")
@click.option(
    "--use-model-list", is_flag=True, help="Make a custom catalogue of the chosen models."
)
@click.option("--again", is_flag=True, help="Delete once more what came back.")
@click.option(
    "--backup",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Copy everything there first; Secrets without content.",
)
@click.option(
    "--backup-secrets", is_flag=True, help="Copy Secrets too, encrypted with a passphrase."
)
@click.option(
    "--passphrase-file", metavar="FILE", help="File with the passphrase.  [default: a prompt]"
)
@click.option("--report", is_flag=True, help="Keep a report, and events, also with nothing to do.")
@_FORMER_KEYS
@timeout_option("2m")
@applications_namespace_option
@target_options(namespace=False)
@output_option("table", "json", "yaml")
@runs_async
async def apply(
    *,
    target: Target,
    plan_file: Path | None,
    yes: bool,
    delete_crd: bool,
    delete_rights: bool,
    remove_webhook_entry: bool,
    controller_is_gone: bool,
    keep_project_secrets: bool,
    use_model_list: bool,
    again: bool,
    backup: Path | None,
    backup_secrets: bool,
    passphrase_file: str | None,
    report: bool,
    former_key_files: tuple[str, ...],
    within: float,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Clear away the old integration, in the safe order. Safe to stop and to run again.

    Without --yes the plan is shown and nothing is changed.
    Nothing that a deployment uses is deleted: see `odh-nim upgrade migrate`.

    \b
    Examples:
      odh-nim upgrade apply --plan plan.json --yes --backup backup
      odh-nim upgrade apply --yes --delete-crd
    """  # noqa: D301 - as above
    from odh_nim.cli import upgrade_flow  # noqa: PLC0415 - not for help

    asked = upgrade_flow.Applying(
        upgrade_flow.Planning(applications_namespace, former_key_files, None, output),
        plan_file=plan_file,
        yes=yes,
        consents={
            "delete_kind": delete_crd,
            "delete_rights": delete_rights,
            "remove_webhook_entry": remove_webhook_entry,
            "controller_is_gone": controller_is_gone,
            "keep_project_secrets": keep_project_secrets,
            "use_model_list": use_model_list,
            "again": again,
        },
        backup=backup,
        backup_secrets=backup_secrets,
        passphrase_file=passphrase_file,
        report=report,
        within=within,
    )
    await upgrade_flow.apply(target, asked)


@upgrade.command()
@applications_namespace_option
@target_options(namespace=False)
@output_option("table", "json", "yaml")
@runs_async
async def status(*, target: Target, applications_namespace: str | None, output: str) -> None:
    """Show the report of the last clean-up, also of the one that runs in the cluster.

    \b
    Examples:
      odh-nim upgrade status
      odh-nim upgrade status -o json
    """  # noqa: D301 - as above
    from odh_nim.cli import upgrade_flow  # noqa: PLC0415 - not for help

    await upgrade_flow.show_status(target, applications_namespace, output)


@upgrade.command("open-backup")
@click.argument("file", type=_FILE)
@click.option("--to", type=_FILE, required=True, metavar="FILE", help="Where the Secrets go.")
@click.option(
    "--passphrase-file", metavar="FILE", help="File with the passphrase.  [default: a prompt]"
)
def open_backup(file: Path, to: Path, passphrase_file: str | None) -> None:
    """Decrypt the Secrets of a backup into a new file that only you can read.

    \b
    Examples:
      odh-nim upgrade open-backup backup/secrets.encrypted.json --to secrets.yaml
      kubectl create -f secrets.yaml
    """  # noqa: D301 - as above
    from odh_nim.cli import upgrade_flow  # noqa: PLC0415 - not for help

    upgrade_flow.open_backup(file, to, passphrase_file)


@upgrade.command()
@click.argument("deployment", required=False)
@click.option("--project", "all_of_project", metavar="PROJECT", help="All of this project.")
@click.option("--all", "everything", is_flag=True, help="All projects.")
@key_file_option
@click.option("--reuse-key", is_flag=True, help="Keep the stored key; the project agrees.")
@click.option("--refresh-runtime", is_flag=True, help="Bring mounts and probes up to date too.")
@click.option("-y", "--yes", is_flag=True, help="Do it. Without this the changes are shown only.")
@click.option("--skip-check", is_flag=True, help="Do not ask NVIDIA about the key.")
@click.option("--wait/--no-wait", default=True, help="Wait until the new pods serve.")
@timeout_option("60m")
@applications_namespace_option
@target_options()
@output_option("table", "json", "yaml")
@runs_async
async def migrate(
    *,
    target: Target,
    deployment: str | None,
    all_of_project: str | None,
    everything: bool,
    key_file: str | None,
    reuse_key: bool,
    refresh_runtime: bool,
    yes: bool,
    skip_check: bool,
    wait: bool,
    within: float,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Move running deployments from copied keys to the project's, or to an own one.

    Each deployment restarts once, one after the other.
    While the new pod starts it may need a second set of GPUs.

    \b
    Examples:
      odh-nim upgrade migrate --project team-a --key-file new-key --yes
      odh-nim upgrade migrate llama -n team-a --refresh-runtime
    """  # noqa: D301 - as above
    from odh_nim.cli import upgrade_migrate  # noqa: PLC0415 - not for help

    asked = upgrade_migrate.Migrating(
        deployment,
        all_of_project,
        everything=everything,
        key_file=key_file,
        reuse_key=reuse_key,
        refresh_runtime=refresh_runtime,
        yes=yes,
        skip_check=skip_check,
        within=within if wait else None,
        output=output,
    )
    await upgrade_migrate.migrate(target, asked, applications_namespace)
