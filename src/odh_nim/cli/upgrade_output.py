"""How plans and reports of a clean-up are printed."""

from typing import Any

import click

from odh_nim.cli.output import note, print_findings, print_table, warn
from odh_nim.upgrade import Action, Item, Outcome, Plan, Record, Report, Result

_MARKS = {Result.DONE: "✓", Result.ALREADY: "✓", Result.WAITING: "…", Result.SKIPPED: "-"}


def print_plan(plan: Plan, *, wide: bool) -> None:
    """Print what would happen, in order; what stays comes last."""
    for hole in plan.holes:
        warn(f"could not read {hole}")
    print_findings(plan.findings)
    if plan.items:
        headings = ["#", "ACTION", "OBJECT", "GEN", "WHY"]
        print_table(
            [*headings, *(["PROOF", "USED BY"] if wide else [])],
            [_row(item, wide=wide) for item in plan.items],
        )
    facts = plan.facts
    where = ", ".join(facts.applications_namespaces) or "no applications namespace"
    note(f"Old controller: {facts.controller}. Looked at all projects and {where}.")
    due = len(list(plan.due()))
    if not plan.complete:
        note("The plan is incomplete: nothing would be changed.")
    elif not due:
        note("Nothing to do.")
    else:
        note(f"{due} objects would be changed. Do it: odh-nim upgrade apply --yes")


def _row(item: Item, *, wide: bool) -> list[str]:
    acts = item.action in (Action.DELETE, Action.PATCH, Action.SAVE)
    step = str(int(item.step)) if acts else ""
    reason = item.reason
    if item.waits_for:
        reason = f"later, once these are gone: {', '.join(item.waits_for)}"
    row = [step, item.action.value, str(item.subject), item.generation, reason]
    return [*row, item.proof, ", ".join(item.users)] if wide else row


def tell(outcome: Outcome) -> None:
    """Say on standard error what became of one line."""
    mark = _MARKS.get(outcome.result, "✗")
    text = f": {outcome.message}" if outcome.message else ""
    note(f"{mark} {outcome.item.action} {outcome.item.subject}{text}")


def print_report(report: Report) -> None:
    """Print what a run did and what people must do."""
    done = sum(one.result is Result.DONE for one in report.outcomes)
    gone = sum(one.result is Result.ALREADY for one in report.outcomes)
    text = f"{done} done" + (f", {gone} were done already" if gone else "")
    click.echo("Nothing to do." if not report.outcomes else f"{text}.")
    for line in report.advice:
        warn(line)


def report_to_data(report: Report) -> dict[str, Any]:
    """Give a report as plain data."""
    return {
        "finished": report.finished,
        "outcomes": [
            {
                "object": str(one.item.subject),
                "action": one.item.action.value,
                "result": one.result.value,
                "message": one.message,
            }
            for one in report.outcomes
        ],
        "left": list(report.left),
        "advice": list(report.advice),
    }


def print_record(record: Record) -> None:
    """Print what the last runs left."""
    click.echo(f"State: {record.state} (since {record.at})")
    click.echo(f"Deleted so far: {len(record.deleted)} objects")
    for line in record.left:
        click.echo(f"Left: {line}")
    for line in record.advice:
        warn(line)
