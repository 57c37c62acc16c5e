"""What `odh-nim deployments edit` does: plan, diff, ask, write, follow."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from odh_nim.catalog import find_installation
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.deploy_input import parse_env, read_env_file
from odh_nim.cli.edit_options import EditOptions
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.key_input import can_prompt
from odh_nim.cli.output import Steps, note, print_data, print_findings
from odh_nim.deployment import EditChange, EditPlan
from odh_nim.deployment.restart_wait import Waited
from odh_nim.domain.deployment_spec import KeyChoice, Strategy
from odh_nim.domain.errors import CatalogError, ForbiddenError, InputError, NotReadyError
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.protocol import Protocol
from odh_nim.journeys.edit import (
    EditContext,
    await_edit,
    carry_out,
    check_pull,
    pods_now,
    prepare_edit,
    rehearse,
    require,
)

if TYPE_CHECKING:
    from odh_nim.cluster import Client

_STRATEGIES = {"rolling-update": Strategy.ROLLING_UPDATE, "recreate": Strategy.RECREATE}


async def run(
    target: Target,
    name: str,
    options: EditOptions,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Edit a deployment, or show what would be changed."""
    change = parse_change(options)
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        with Steps() as steps:
            steps.step("Reading the deployment")
            context, may_ask = await _context(client, applications_namespace)
            plan = await prepare_edit(client, name, namespace, change, context)
            if may_ask and not options.skip_pull_check and not plan.errors:
                steps.step("Asking the registry about the image")
                plan = await _with_pull_check(client, plan)
        print_findings(one for one in plan.findings if one.severity is not Severity.ERROR)
        require(plan)
        if not plan.patches:
            _print(plan, output, changed=False)
            note(f"{name} is like that already: nothing to change.")
            return
        await rehearse(client, plan)
        if options.dry_run:
            _print(plan, output, changed=False)
            note("Nothing was changed: --dry-run.")
            return
        _ask(plan, options)
        await _carry_out(client, plan, options, output)


def parse_change(options: EditOptions) -> EditChange:
    """Read what was typed.

    Raises:
        InputError: Nothing is asked for, or two options contradict each other.

    """
    if options.own_key and options.project_key:
        raise InputError("--own-key and --project-key contradict each other.")
    if options.args and options.no_args:
        raise InputError("--arg and --no-args contradict each other.")
    key = KeyChoice.OWN if options.own_key else None
    change = EditChange(
        tag=options.tag,
        gpus=options.gpus,
        cpu=options.cpu,
        memory=options.memory,
        replicas=options.replicas,
        env=(*parse_env(options.env), *read_env_file(options.env_file)),
        unset_env=options.unset_env,
        args=() if options.no_args else options.args or None,
        storage_size=options.storage_size,
        protocol=Protocol(options.protocol) if options.protocol else None,
        key=KeyChoice.PROJECT if options.project_key else key,
        strategy=_STRATEGIES[options.strategy] if options.strategy else None,
        display_name=options.display_name,
        description=options.description,
    )
    if change.is_empty:
        raise InputError(
            "Nothing to change was given.",
            remedy="For example --tag TAG; see `odh-nim deployments edit --help`.",
        )
    return change


async def _context(
    client: "Client", applications_namespace: str | None
) -> tuple[EditContext, bool]:
    """Find the catalogue; an edit works without one too, with less to compare with."""
    try:
        found = await find_installation(client, setting=namespace_setting(applications_namespace))
    except (CatalogError, ForbiddenError) as error:
        note(f"No catalogue is used: {error.message}")
        return EditContext(None), True
    may_ask = found.config.may_ask_nvidia and found.config.collect_keys
    return EditContext(found.applications_namespace, found.catalog), may_ask


async def _with_pull_check(client: "Client", plan: EditPlan) -> EditPlan:
    async with wiring.nvidia() as nvidia:
        found = await check_pull(client, nvidia.registry, plan)
    return replace(plan, findings=(*plan.findings, *found))


def _ask(plan: EditPlan, options: EditOptions) -> None:
    if options.yes:
        return
    if not can_prompt():
        raise InputError(
            "Nobody is there to be asked; nothing was changed.",
            remedy="Add --yes, or look first with --dry-run.",
        )
    click.echo(plan.diff, err=True)
    click.confirm(f"Change {plan.name}? {_consequence(plan)}", abort=True, err=True)


def _consequence(plan: EditPlan) -> str:
    return "Its pods are replaced." if plan.restarts else "No pod is restarted."


async def _carry_out(client: "Client", plan: EditPlan, options: EditOptions, output: str) -> None:
    before = await pods_now(client, plan)
    with Steps() as steps:
        steps.step(f"Changing {plan.name}")
        await carry_out(client, plan)
        steps.done()
        _print(plan, output, changed=True)
        if not plan.restarts or not options.wait:
            return
        steps.step("Replacing its pods")
        waited = await await_edit(client, plan, before, within=options.within, report=steps.update)
        if not waited.ready:
            raise _not_ready(plan, waited, options.within)
        steps.step(f"Ready after {waited.seconds:.0f} s")


def _not_ready(plan: EditPlan, waited: Waited, within: float) -> NotReadyError:
    why = waited.message.rstrip(".")
    if not waited.failed and not waited.stopped:
        why = f"not ready after {within:.0f} s; it goes on. {why}".rstrip(". ")
    serves = " Its old pod still serves." if waited.old_serves else ""
    action = " ".join(one.action for one in waited.explanations[:1])
    return NotReadyError(
        f"Deployment {plan.name} is changed, but its new pod does not serve: {why}.{serves}",
        remedy=f"{action} See: odh-nim deployments explain {plan.name} -n {plan.namespace}".strip(),
    )


def _print(plan: EditPlan, output: str, *, changed: bool) -> None:
    if output != "table":
        print_data(_as_data(plan, changed=changed), output)
        return
    if plan.patches:
        click.echo(plan.diff)
    if changed:
        names = ", ".join(str(patch.reference) for patch in plan.patches)
        note(f"Changed: {names}. {_consequence(plan)}")
        if (plan.before.key, plan.after.key) == (KeyChoice.OWN, KeyChoice.PROJECT):
            command = f"odh-nim keys remove -n {plan.namespace} --deployment {plan.name}"
            note(f"Its own key stays stored; remove it with: {command}")
    elif plan.patches:
        note(_consequence(plan))


def _as_data(plan: EditPlan, *, changed: bool) -> dict[str, Any]:
    return {
        "name": plan.name,
        "namespace": plan.namespace,
        "changed": changed,
        "restarts": plan.restarts,
        "objects": [str(patch.reference) for patch in plan.patches],
        "diff": plan.diff,
        "findings": [_finding(one) for one in plan.findings],
    }


def _finding(one: Finding) -> dict[str, str]:
    return {
        "severity": one.severity.value,
        "code": one.code,
        "subject": one.subject,
        "message": one.message,
        "remedy": one.remedy,
    }
