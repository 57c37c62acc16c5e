"""What `odh-nim deploy` does, in order: read, choose, plan, check, create, follow."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from odh_nim.catalog import find_installation
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.deploy_input import wish_of
from odh_nim.cli.deploy_key import (
    FoundKeys,
    KeyPlace,
    choose_key,
    find_keys,
    may_prompt,
    needs_key,
)
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.cli.deploy_output import print_deployed, print_plan
from odh_nim.cli.follow_flow import follow_to_ready
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.output import Steps, print_findings, warn
from odh_nim.deployment import Action, Deployed, Plan, Step, deploy
from odh_nim.deployment.dry_run import check_manifests
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import DeployFailedError, ForbiddenError, PreflightError
from odh_nim.domain.finding import Finding, Severity, errors_of
from odh_nim.journeys.choice import Choice, Selection, check, choose, select
from odh_nim.journeys.key_use import Asked, KeyUse, ask_about, without_asking
from odh_nim.journeys.site import Site

if TYPE_CHECKING:
    from odh_nim.cluster import Client


_WORDS: Final = {
    Action.CHECK: "Asking the API server about every object",
    Action.CREATE: "Creating",
    Action.OWN: "Creating",
    Action.TAKE_BACK: "Taking everything back",
}


async def run(
    target: Target, options: DeployOptions, applications_namespace: str | None, output: str
) -> None:
    """Deploy a model, or show what would be done."""
    async with wiring.connect(target) as client:
        with Steps() as steps:
            steps.step("Reading the catalogue")
            namespace = wiring.project(target, client)
            wish = wish_of(options, namespace)
            site = await _read_site(client, applications_namespace)
            choice, keys = await _choose(client, options, select(wish, site))
            steps.done()
            use = await _key(client, options, choice, keys)
            steps.step("Checking")
            if options.dry_run == "client":
                steps.done()
                _print_unchecked(choice.plan(use), choice, use, output)
                return
            plan, found = await check(client, choice, use, _ask_nvidia(options, choice, use))
            steps.done()
            print_findings(_remarks(choice, found.findings, failed=bool(found.errors)))
            found.require(f"Deployment {plan.spec.name}")
            if options.dry_run is not None:
                steps.step("Asking the API server about every object")
                await check_manifests(client, plan, pauses=(), report=lambda _: None)
                steps.done()
                print_plan(plan, found, output)
                return
            deployed = await _deploy(client, plan, steps)
        print_deployed(deployed, output)
        if options.wait:
            await follow_to_ready(client, deployed.name, namespace, within=options.within)


async def _read_site(client: "Client", applications_namespace: str | None) -> Site:
    setting = namespace_setting(applications_namespace)
    found = await find_installation(client, setting=setting)
    print_findings((*found.config.findings, *found.catalog.findings))
    return Site.of(found)


async def _choose(
    client: "Client", options: DeployOptions, selection: Selection
) -> tuple[Choice, FoundKeys | ForbiddenError | None]:
    """Look up what a plan is made of and, at the same time, which keys are stored."""
    config, namespace = selection.site.config, selection.wish.namespace
    if not needs_key(options, selection.model, config):
        return await choose(client, selection), None
    return await asyncio.gather(
        choose(client, selection), find_keys(client, namespace, selection.spec.name)
    )


async def _key(
    client: "Client",
    options: DeployOptions,
    choice: Choice,
    keys: FoundKeys | ForbiddenError | None,
) -> KeyUse:
    # A person is not asked for a key where the deployment cannot be made anyway.
    plan = choice.plan(KeyUse(KeyChoice.NONE))
    asks = may_prompt(options, plan_has_errors=bool(plan.errors))
    place = KeyPlace(choice.wish.namespace, plan.spec.name, asks)
    return await choose_key(client, options, place, keys)


async def _ask_nvidia(options: DeployOptions, choice: Choice, use: KeyUse) -> Asked:
    config, skip = choice.site.config, options.skip_pull_check
    if (known := without_asking(use, config, skip_pull_check=skip)) is not None:
        return known
    image = choice.model.image(choice.tag, pin=options.pin)
    async with wiring.nvidia() as nvidia:
        return await ask_about(nvidia, use, [image], config, skip_pull_check=skip)


def _remarks(choice: Choice, findings: Iterable[Finding], *, failed: bool) -> list[Finding]:
    """Keep what does not stop a plan and was not said before.

    Errors are told all at once, and make notices noise.
    """
    kept = (Severity.WARNING,) if failed else (Severity.WARNING, Severity.NOTICE)
    said = choice.site.config.findings
    return [one for one in findings if one.severity in kept and one not in said]


def _print_unchecked(plan: Plan, choice: Choice, use: KeyUse, output: str) -> None:
    """Show a plan that nobody has checked; a missing key is no reason to show nothing."""
    key = [replace(finding, severity=Severity.WARNING) for finding in use.findings]
    findings = (*plan.findings, *choice.findings, *key)
    print_findings(_remarks(choice, findings, failed=bool(plan.errors)))
    if plan.errors:
        raise PreflightError(f"Deployment {plan.spec.name}", errors_of(list(plan.findings)))
    print_plan(plan, None, output)


async def _deploy(client: "Client", plan: Plan, steps: Steps) -> Deployed:
    stays: list[Step] = []

    def report(step: Step) -> None:
        _show(steps, step)
        if step.action is Action.TAKE_BACK and step.note:
            stays.append(step)

    try:
        return await deploy(client, plan, report=report)
    except DeployFailedError as error:
        if not error.leftovers:
            # What failed has its cross already; taking it back went well.
            steps.done()
        raise
    except asyncio.CancelledError:
        _tell_interrupted(steps, stays)
        raise


def _tell_interrupted(steps: Steps, stays: list[Step]) -> None:
    """Say after Ctrl-C what is left of it: nothing, or what could not be taken back."""
    if not stays and steps.text == _WORDS[Action.TAKE_BACK]:
        steps.done()
    for step in stays:
        warn(f"{step.subject} {step.note}. Remove it: {step.subject.delete_command}")


def _show(steps: Steps, step: Step) -> None:
    words = _WORDS[step.action]
    if step.action is Action.TAKE_BACK and steps.text != words:
        steps.failed()
    steps.step(words)
    steps.update(f"{step.subject} {step.note}".strip())
