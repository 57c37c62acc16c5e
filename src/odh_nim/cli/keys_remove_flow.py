"""What `odh-nim keys remove` does: name the users, ask, delete exactly the two Secrets."""

from dataclasses import dataclass

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.key_input import can_prompt
from odh_nim.cli.output import note, print_data, print_table, warn
from odh_nim.domain.deployment_name import check_deployment_name
from odh_nim.domain.errors import InputError
from odh_nim.keys import RemovePlan, plan_remove, remove_key


@dataclass(frozen=True)
class RemoveChoice:
    """How a person wants it removed."""

    force: bool
    yes: bool
    dry_run: bool
    output: str


async def remove(target: Target, deployment: str | None, choice: RemoveChoice) -> None:
    """Remove a key."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        if deployment is not None:
            check_deployment_name(deployment, namespace)
        plan = await plan_remove(client, namespace, deployment)
        if not choice.force and not choice.dry_run:
            plan.require_unused()
        for line in plan.consequences:
            warn(line)
        if choice.dry_run:
            _print(plan.names, "delete", choice.output)
            note("Nothing was deleted: --dry-run.")
            return
        if not choice.yes:
            _confirm(plan)
        gone = await remove_key(client, plan, force=choice.force)
    _print(gone, "deleted", choice.output)
    note("The key stays valid at NVIDIA; revoke it there if nobody needs it.")


def _confirm(plan: RemovePlan) -> None:
    if not can_prompt():
        raise InputError(
            "Nobody is there to be asked; nothing was deleted.",
            remedy="Add --yes, or look first with --dry-run.",
        )
    names = " and ".join(f"Secret/{name}" for name in plan.names)
    click.confirm(f"Delete {names} in {plan.state.namespace}?", abort=True, err=True)


def _print(names: tuple[str, ...], action: str, output: str) -> None:
    if output != "table":
        print_data({action: [f"Secret/{name}" for name in names]}, output)
        return
    print_table(("KIND", "NAME", "ACTION"), [("Secret", name, action) for name in names])
