"""What `odh-nim deployments delete` does: name everything, ask, delete exactly that."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.key_input import can_prompt
from odh_nim.cli.output import Steps, note, print_data, print_findings, print_table, to_data
from odh_nim.deployment import DeletePlan, ObjectReference, delete, plan_delete
from odh_nim.domain.errors import InputError, PreflightError
from odh_nim.domain.finding import Severity, errors_of

if TYPE_CHECKING:
    from odh_nim.cluster import Client


@dataclass(frozen=True)
class DeleteChoice:
    """How a person wants it deleted."""

    with_claim: bool
    yes: bool
    dry_run: bool
    within: float
    output: str


async def run(target: Target, name: str, choice: DeleteChoice) -> None:
    """Delete a deployment, or what a killed run left of one."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        plan = await plan_delete(client, name, namespace, with_claim=choice.with_claim)
        await _delete(client, plan, choice)


async def _delete(client: "Client", plan: DeletePlan, choice: DeleteChoice) -> None:
    if errors := errors_of(list(plan.findings)):
        raise PreflightError(f"Deleting {plan.name}", errors)
    # Who does not look at the list does not want its footnotes either.
    print_findings(f for f in plan.findings if not choice.yes or f.severity is Severity.WARNING)
    if choice.dry_run:
        _print_plan(plan, choice.output)
        note("Nothing was deleted: --dry-run.")
        return
    if not choice.yes:
        _print_plan(plan, "table", to_person=True)
        _confirm(f"Delete these {len(plan.deletes)} objects?")
    with Steps() as steps:
        steps.step(f"Deleting {plan.name}")
        gone = await delete(client, plan, wait=choice.within)
    _print_gone(gone, choice.output)


def _print_plan(plan: DeletePlan, output: str, *, to_person: bool = False) -> None:
    if output != "table":
        print_data(to_data(plan), output)
        return
    rows = [(one.resource.kind, one.name, "delete") for one in plan.deletes]
    rows += [
        (kept.object.resource.kind, kept.object.name, f"keep: {kept.reason}") for kept in plan.keeps
    ]
    print_table(("KIND", "NAME", "ACTION"), rows, err=to_person)
    if plan.claim_users and plan.claim is not None:
        note(f"{plan.claim} is also used by {', '.join(plan.claim_users)}.")


def _confirm(question: str) -> None:
    if not can_prompt():
        raise InputError(
            "Nobody is there to be asked; nothing was deleted.",
            remedy="Add --yes, or look first with --dry-run.",
        )
    click.confirm(question, abort=True, err=True)


def _print_gone(gone: Iterable[ObjectReference], output: str) -> None:
    if output != "table":
        print_data({"deleted": [str(one) for one in gone]}, output)
        return
    print_table(
        ("KIND", "NAME", "ACTION"), [(one.resource.kind, one.name, "deleted") for one in gone]
    )
