"""What `odh-nim keys rotate` prints: the plan before, the report after."""

from typing import Any, Final

import click

from odh_nim.cli.keys_rotate_options import RotateOptions
from odh_nim.cli.output import note, print_data, print_table, warn
from odh_nim.deployment import RestartOutcome, RestartStep, RestartWord
from odh_nim.journeys.rotate import RotationPlan, RotationReport
from odh_nim.keys import Change

_WORDS: Final = {
    RestartWord.RESTARTED: "runs with the new key",
    RestartWord.REQUESTED: "restart requested",
    RestartWord.CURRENT: "ran with the new key already",
    RestartWord.STOPPED: "stopped; starts with the new key",
    RestartWord.OPERATORS: "belongs to NVIDIA's operator; restart it through its NIMService",
    RestartWord.GONE: "was deleted meanwhile",
    RestartWord.FAILED: "failed",
    RestartWord.LATE: "not ready in time; it goes on starting",
    RestartWord.SKIPPED: "not restarted; it runs with the old key",
}
_CHANGES: Final = {
    Change.REPLACED: "replaced",
    Change.REPAIRED: "completed: both Secrets hold it now",
    Change.UNCHANGED: "unchanged: the same key is stored already",
}


def print_plan(plan: RotationPlan, options: RotateOptions, output: str) -> None:
    """Say which deployments restart and how, and which keep another key."""
    users = plan.rotation.users.of_this
    if options.dry_run:
        _print_planned(plan, options, output)
    elif users:
        note(f"{len(users)} deployments use this key: {', '.join(user.name for user in users)}")
    for step in plan.steps:
        if step.warning and not options.keep_strategy:
            warn(f"{step.name}: {step.warning}")
        elif step.warning:
            warn(f"{step.name}: no second set of GPUs is free; the new pod may wait for ever.")
    if plan.not_rotated:
        names = ", ".join(
            f"{user.name} ({', '.join(sorted(user.secrets))})" for user in plan.not_rotated
        )
        note(f"Not rotated, because they use other Secrets: {names}")


def _print_planned(plan: RotationPlan, options: RotateOptions, output: str) -> None:
    steps = {step.name: step for step in plan.steps}
    rows = [
        (user.name, user.image, _action(steps.get(user.name), options))
        for user in plan.rotation.users.of_this
    ]
    if output == "table":
        print_table(("DEPLOYMENT", "IMAGE", "ACTION"), rows)
        return
    state = plan.rotation.state
    print_data(
        {
            "project": plan.namespace,
            "secrets": [state.key_secret, state.pull_secret],
            "deployments": [
                {"name": name, "image": image, "action": action} for name, image, action in rows
            ],
            "notRotated": [user.name for user in plan.not_rotated],
        },
        output,
    )


def _action(step: RestartStep | None, options: RotateOptions) -> str:
    if step is None or not options.restart:
        return "keep running with the old key"
    if step.stopped:
        return "stay stopped"
    if step.operators:
        return "none: NVIDIA's operator"
    if step.strategy is not None and not options.keep_strategy:
        return "restart, the old pod first"
    return "restart"


def sentence(one: RestartOutcome, *, back: bool = False) -> str:
    """Say what became of one deployment, on the way there or on the way back."""
    text = _word(one, back=back)
    if one.word in (RestartWord.FAILED, RestartWord.LATE, RestartWord.REQUESTED) and one.message:
        text += f": {one.message}"
    if one.word is RestartWord.RESTARTED and one.seconds:
        text += f" after {one.seconds:.0f} s"
    actions = " ".join(explanation.action for explanation in one.explanations[:1])
    if not one.word.is_good and actions:
        text += f" {actions}"
    return f"{text.rstrip('.')}. Its old pod still serves" if one.old_serves else text


def _word(one: RestartOutcome, *, back: bool) -> str:
    if back and one.word is RestartWord.RESTARTED:
        return "runs with the old key again"
    return _WORDS[one.word]


def unfinished(report: RotationReport) -> list[str]:
    """Say of each deployment why it does not run with the new key; those behind it in one line."""
    skipped = sum(one.word is RestartWord.SKIPPED for one in report.failed)
    lines = [
        f"{one.name}: {sentence(one)}"
        for one in report.failed
        if one.word is not RestartWord.SKIPPED
    ]
    if skipped:
        lines.append(f"{skipped} more were not restarted and run with the old key")
    return lines


def print_report(report: RotationReport, whose: str, output: str, *, back: bool = False) -> None:
    """Print what was done."""
    stored = report.stored
    if output != "table":
        print_data(_as_data(report, whose), output)
        return
    secrets = f"Secret/{stored.key_secret}, Secret/{stored.pull_secret}"
    change = "is the old one again" if back else _CHANGES[stored.change]
    click.echo(f"Key of {whose} {change} ({secrets}).")
    if report.outcomes:
        print_table(
            ("DEPLOYMENT", "RESULT"),
            [(one.name, _word(one, back=back)) for one in report.outcomes],
        )
    if report.pending:
        option = f" -n {stored.namespace}"
        note(
            f"Restart pending, they run with the old key: {', '.join(report.pending)}. "
            f"Restart them: odh-nim keys rotate{option} --resume"
        )
    if report.wrote_nothing and not report.pending:
        note("Nothing was left to do.")


def _as_data(report: RotationReport, whose: str) -> dict[str, Any]:
    stored = report.stored
    return {
        "project": stored.namespace,
        "keyOf": whose,
        "change": stored.change.value,
        "secrets": [stored.key_secret, stored.pull_secret],
        "revision": stored.revision,
        "deployments": [
            {
                "name": one.name,
                "result": one.word.value,
                "message": one.message,
                "oldPodServes": one.old_serves,
                "seconds": round(one.seconds, 3),
                "causes": [explanation.code for explanation in one.explanations],
            }
            for one in report.outcomes
        ],
        "restartPending": list(report.pending),
        "notRotated": [user.name for user in report.not_rotated],
    }
