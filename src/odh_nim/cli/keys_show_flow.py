"""What `odh-nim keys show` does."""

import datetime as dt
from typing import Any

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.keys_flow import owner
from odh_nim.cli.output import note, print_data, print_facts, print_findings, print_table
from odh_nim.domain.deployment_name import check_deployment_name
from odh_nim.keys import KeyReport, KeyUser, PairKind, describe_key

_STATES = {
    PairKind.ABSENT: "no key is stored",
    PairKind.OURS: "stored, both Secrets agree",
    PairKind.FOREIGN: "a Secret of this name is not odh-nim's",
    PairKind.INCOMPLETE: "one of the two Secrets is missing",
    PairKind.DIFFERING: "the two Secrets hold different keys",
}


async def show_key(target: Target, deployment: str | None, output: str) -> None:
    """Print what is known of a key."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        if deployment is not None:
            check_deployment_name(deployment, namespace)
        today = dt.datetime.now(dt.UTC).date()
        report = await describe_key(client, namespace, deployment, today=today)
    if output != "table":
        print_data(_as_data(report), output)
    else:
        _print(report)
    print_findings(report.findings)


def _print(report: KeyReport) -> None:
    state = report.state
    stored = state.kind is not PairKind.ABSENT
    print_facts(
        {
            "Key of": owner(state.namespace, report.deployment),
            "State": _STATES[state.kind],
            "Secrets": f"{state.key_secret}, {state.pull_secret}" if stored else "",
            "Since": state.since or "",
            "Replaced": report.rotated_at or "",
            "Checked": state.checked_at or ("never, or not noted" if stored else ""),
            "Expires": state.expires or ("not noted" if stored else ""),
        }
    )
    if report.users.of_this:
        click.echo()
        print_table(
            ("USED BY", "IMAGE", "STATE"),
            [(user.name, user.image, _word(user)) for user in report.users.of_this],
        )
    elif stored:
        note("No deployment uses it.")
    if not stored:
        option = f" --deployment {report.deployment}" if report.deployment else ""
        note(f"Set one: odh-nim keys set -n {state.namespace}{option}")


def _word(user: KeyUser) -> str:
    if not user.is_deployment:
        return "refers to it"
    if user.stopped:
        return "stopped"
    if user.restart_pending:
        return "restart pending"
    return "in use" if user.restart_pending is False else "in use; restart state unknown"


def _as_data(report: KeyReport) -> dict[str, Any]:
    state = report.state
    return {
        "project": state.namespace,
        "deployment": report.deployment,
        "state": state.kind.value,
        "secrets": [state.key_secret, state.pull_secret],
        "agree": report.agree,
        "since": state.since,
        "rotatedAt": report.rotated_at,
        "checkedAt": state.checked_at,
        "expires": state.expires,
        "daysLeft": report.days_left,
        "revision": state.revision,
        "foreign": [{"name": one.name, "seems": one.seems} for one in state.foreign],
        "looksCopied": report.looks_copied,
        "users": [
            {
                "name": user.name,
                "image": user.image,
                "stopped": user.stopped,
                "restartPending": user.restart_pending,
            }
            for user in report.users.of_this
        ],
        "findings": [
            {
                "severity": finding.severity.value,
                "code": finding.code,
                "subject": finding.subject,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in report.findings
        ],
    }
