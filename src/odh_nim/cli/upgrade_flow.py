"""What `odh-nim upgrade plan`, `apply`, `status` and `open-backup` do."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.key_input import STANDARD_INPUT, can_prompt, read_key
from odh_nim.cli.output import note, print_data
from odh_nim.cli.upgrade_output import print_plan, print_record, print_report, report_to_data, tell
from odh_nim.domain.errors import (
    InputError,
    OutputError,
    UpgradeIncompleteError,
    UpgradeUnfinishedError,
)
from odh_nim.upgrade import (
    Backup,
    Consents,
    Options,
    Plan,
    Record,
    Result,
    apply_upgrade,
    plan_upgrade,
    read_record,
)
from odh_nim.upgrade.events import announce
from odh_nim.upgrade.plan_file import plan_to_data, read_plan, save_plan
from odh_nim.upgrade.view import find_homes

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_INCOMPLETE = 7
_MOST = 10_000


@dataclass(frozen=True)
class Planning:
    """What a person asks a plan for."""

    applications_namespace: str | None
    former_key_files: tuple[str, ...]
    save: Path | None
    output: str


@dataclass(frozen=True)
class Applying:
    """What a person asks a clean-up for."""

    planning: Planning
    plan_file: Path | None
    yes: bool
    consents: Mapping[str, bool]
    backup: Path | None
    backup_secrets: bool
    passphrase_file: str | None
    report: bool
    within: float


async def show_plan(target: Target, asked: Planning) -> int:
    """Make a plan and print it; the exit code says whether everything could be read."""
    async with wiring.connect(target) as client:
        plan = await _plan(client, asked, {})
    if asked.save is not None:
        save_plan(plan, asked.save)
    _print_plan(plan, asked.output)
    return 0 if plan.complete else _INCOMPLETE


async def _plan(client: "Client", asked: Planning, consents: Mapping[str, bool]) -> Plan:
    return await plan_upgrade(
        client,
        applications_namespace=namespace_setting(asked.applications_namespace),
        consents=_consents(asked, consents),
    )


def _consents(asked: Planning, flags: Mapping[str, bool]) -> Consents:
    keys = tuple(read_key(path, owner="the former admin") for path in asked.former_key_files)
    return Consents(**flags, former_keys=keys)


def _print_plan(plan: Plan, output: str) -> None:
    if output in ("json", "yaml"):
        print_data(plan_to_data(plan), output)
    else:
        print_plan(plan, wide=output == "wide")


async def apply(target: Target, asked: Applying) -> None:
    """Show what is due; with consent, do it."""
    saved = read_plan(asked.plan_file) if asked.plan_file else None
    passphrase = _passphrase_for(asked)
    async with wiring.connect(target) as client:
        if not await _is_agreed(client, asked):
            return
        options = Options(
            namespace_setting(asked.planning.applications_namespace),
            _consents(asked.planning, asked.consents),
            saved,
            wait=asked.within,
            reports=asked.report,
            backup=Backup(asked.backup, passphrase) if asked.backup else None,
        )
        report = await apply_upgrade(client, options, told=tell)
        if asked.report and report.changed:
            await announce(client, report)
    if asked.planning.output in ("json", "yaml"):
        print_data(report_to_data(report), asked.planning.output)
    else:
        print_report(report)
    failed = any(one.result is Result.FAILED for one in report.outcomes)
    # With a report nobody sits at a terminal, and what waits for a person is no failure.
    if failed or (report.left and not asked.report):
        raise UpgradeUnfinishedError(report.left)


async def _is_agreed(client: "Client", asked: Applying) -> bool:
    """Ask a person at the terminal; without --yes and without one, only show."""
    if asked.yes:
        return True
    plan = await _plan(client, asked.planning, asked.consents)
    _print_plan(plan, asked.planning.output)
    if not plan.complete:
        raise UpgradeIncompleteError(plan.holes)
    if not any(plan.due()):
        return False
    if can_prompt() and asked.planning.output == "table":
        return click.confirm("Do this now?", err=True)
    note("Nothing was changed: add --yes to do it.")
    return False


def _passphrase_for(asked: Applying) -> str | None:
    if not asked.backup_secrets:
        return None
    if asked.backup is None:
        raise InputError("--backup-secrets needs --backup DIR.")
    return _read_passphrase(asked.passphrase_file, confirm=True)


def _read_passphrase(path: str | None, *, confirm: bool) -> str:
    if path is None or path == STANDARD_INPUT:
        if not can_prompt():
            raise InputError("There is no passphrase.", remedy="Name a --passphrase-file.")
        answer: str = click.prompt(
            "Passphrase of the backup", hide_input=True, confirmation_prompt=confirm, err=True
        )
        return answer
    try:
        text = Path(path).read_text(encoding="utf-8")[:_MOST].strip()
    except (OSError, UnicodeDecodeError):
        raise InputError(f"The passphrase cannot be read from {path}.") from None
    if not text:
        raise InputError(f"{path} is empty.")
    return text


async def show_status(target: Target, applications_namespace: str | None, output: str) -> None:
    """Print the report of the last clean-up."""
    async with wiring.connect(target) as client:
        record: Record | None = None
        for namespace in await find_homes(client, namespace_setting(applications_namespace)):
            record = record or await read_record(client, namespace)
    if output in ("json", "yaml"):
        print_data((record or Record()).to_data(), output)
    elif record is None:
        click.echo("No clean-up has changed anything here yet.")
        note("See what there is: odh-nim upgrade plan")
    else:
        print_record(record)


def open_backup(file: Path, to: Path, passphrase_file: str | None) -> None:
    """Decrypt Secrets into a file of mode 0600 that is not there yet."""
    import json  # noqa: PLC0415 - for this alone

    from odh_nim.manifests.yaml import dump_all  # noqa: PLC0415 - as above
    from odh_nim.upgrade.backup import decrypt  # noqa: PLC0415 - as above

    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{file} is no encrypted backup.") from None
    secrets = decrypt(document, _read_passphrase(passphrase_file, confirm=False))
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(dump_all(secrets))
    except OSError as error:
        raise OutputError(to, error) from error
    note(f"{len(secrets)} Secrets are in {to}. Delete the file when you are done.")
