"""What `odh-nim deploy` does, in order: read, choose, plan, check, create, follow."""

import asyncio
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from odh_nim.catalog import Installation, find_installation, find_model, find_tag
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.deploy_input import build_spec, check_request_id
from odh_nim.cli.deploy_key import (
    NO_KEYS,
    FoundKeys,
    KeyPlace,
    KeyUse,
    ask_about,
    choose_key,
    find_keys,
    may_prompt,
    needs_key,
)
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.cli.deploy_output import print_deployed, print_plan
from odh_nim.cli.deploy_profile import find_profile
from odh_nim.cli.follow_flow import follow_to_ready
from odh_nim.cli.installed import namespace_setting
from odh_nim.cli.output import Steps, print_findings, warn
from odh_nim.deployment import (
    Action,
    Deployed,
    Plan,
    Preflight,
    Step,
    Surroundings,
    deploy,
    plan_deployment,
    preflight,
    read_surroundings,
)
from odh_nim.deployment.dry_run import check_manifests
from odh_nim.deployment.find_template import find_template
from odh_nim.domain.deployment_name import check_namespace
from odh_nim.domain.deployment_spec import DeploymentSpec, HardwareProfile, KeyChoice
from odh_nim.domain.errors import DeployFailedError, PreflightError, UnknownModelError
from odh_nim.domain.finding import Finding, Severity, errors_of
from odh_nim.domain.image import ModelReference
from odh_nim.domain.model import Model
from odh_nim.journeys.preloaded import PreloadedClaims, find_preloaded
from odh_nim.manifests.families import family_of
from odh_nim.manifests.templates import RuntimeTemplate

if TYPE_CHECKING:
    from odh_nim.cluster import Client


_WORDS: Final = {
    Action.CHECK: "Asking the API server about every object",
    Action.CREATE: "Creating",
    Action.OWN: "Creating",
    Action.TAKE_BACK: "Taking everything back",
}


@dataclass(frozen=True)
class Choice:
    """All that a plan is made of, before the key is known."""

    options: DeployOptions
    namespace: str
    installation: Installation
    model: Model
    tag: str
    template: RuntimeTemplate
    surroundings: Surroundings
    profile: HardwareProfile | None
    keys: FoundKeys
    findings: tuple[Finding, ...]
    request_id: str
    preloaded: PreloadedClaims

    def plan(self, use: KeyUse, *, checked_at: str | None = None) -> Plan:
        """Plan with a key; the same choice gives the same plan."""
        spec = build_spec(
            self.options,
            self.model,
            self.tag,
            self.namespace,
            key=use.choice,
            profile=self.profile,
        )
        return self.plan_for(self.preloaded.complete(spec), use, checked_at=checked_at)

    def plan_for(self, spec: DeploymentSpec, use: KeyUse, *, checked_at: str | None) -> Plan:
        """Plan a specification that was made from this choice."""
        return plan_deployment(
            spec,
            self.template,
            family=family_of(self.model.family),
            request_id=self.request_id,
            applications_namespace=self.installation.applications_namespace,
            key=use.key if use.is_new else None,
            key_checked_at=checked_at,
            surroundings=self.surroundings,
            ingress_host=self.options.ingress_host,
            ingress_class=self.options.ingress_class,
        )


async def run(
    target: Target, options: DeployOptions, applications_namespace: str | None, output: str
) -> None:
    """Deploy a model, or show what would be done."""
    async with wiring.connect(target) as client:
        with Steps() as steps:
            steps.step("Reading the catalogue")
            namespace = wiring.project(target, client)
            choice = await _choose(client, options, namespace, applications_namespace)
            steps.done()
            use = await _key(client, choice)
            steps.step("Checking")
            if options.dry_run == "client":
                steps.done()
                _print_unchecked(choice.plan(use), choice, use, output)
                return
            plan, found = await _check(client, choice, use)
            steps.done()
            print_findings(remarks(found.findings, failed=bool(found.errors)))
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


async def _choose(
    client: "Client", options: DeployOptions, namespace: str, applications_namespace: str | None
) -> Choice:
    reference = ModelReference.parse(options.model)
    request_id = check_request_id(options.request_id) if options.request_id else _new_id()
    setting = namespace_setting(applications_namespace)
    installation = await find_installation(client, setting=setting)
    check_namespace(namespace, applications_namespace=installation.applications_namespace)
    print_findings((*installation.config.findings, *installation.catalog.findings))
    model, tag = find_model_and_tag(installation, reference)
    # Everything that was typed is read before anything more is asked.
    spec = build_spec(options, model, tag, namespace, key=KeyChoice.NONE)
    place = installation.applications_namespace
    needs = needs_key(options, model, installation.config)
    (template, notices), surroundings, profile, keys, preloaded = await asyncio.gather(
        find_template(client, spec.protocol, applications_namespace=place),
        read_surroundings(client, applications_namespace=place),
        find_profile(client, options.hardware_profile, namespace, installation),
        find_keys(client, namespace, spec.name) if needs else _no_keys(),
        find_preloaded(client, namespace),
    )
    collects = installation.config.collect_keys
    said = preloaded.findings(preloaded.complete(spec), collects_keys=collects)
    return Choice(
        options, namespace, installation, model, tag, template, surroundings, profile, keys,
        (*notices, *said), request_id, preloaded,
    )  # fmt: skip


async def _no_keys() -> FoundKeys:
    return NO_KEYS


def find_model_and_tag(installation: Installation, reference: ModelReference) -> tuple[Model, str]:
    """Find what a person named.

    Raises:
        UnknownModelError: There is no such model or tag; the nearest are named.

    """
    model = find_model(installation.catalog, reference)
    tag = find_tag(model, reference.tag) if reference.tag else model.preselected_tag
    if tag is None:
        raise UnknownModelError(f"{model.name} has no tag that could be deployed.")
    return model, tag


def _new_id() -> str:
    return secrets.token_hex(8)


async def _key(client: "Client", choice: Choice) -> KeyUse:
    # A person is not asked for a key where the deployment cannot be made anyway.
    plan = choice.plan(KeyUse(KeyChoice.NONE))
    asks = may_prompt(choice.options, plan_has_errors=bool(plan.errors))
    place = KeyPlace(choice.namespace, plan.spec.name, asks)
    return await choose_key(client, choice.options, place, choice.keys)


async def _check(client: "Client", choice: Choice, use: KeyUse) -> tuple[Plan, Preflight]:
    """Ask the cluster and NVIDIA at the same time; plan again where the strategy cannot work."""
    options, config = choice.options, choice.installation.config
    image = choice.model.image(choice.tag)
    found, asked = await asyncio.gather(
        preflight(client, choice.plan(use), findings=(*choice.findings, *use.findings)),
        ask_about(use, image, options, config),
    )
    found = replace(found, findings=(*found.findings, *asked.findings))
    plan = choice.plan(use, checked_at=asked.checked_at)
    if options.strategy == "auto" and found.strategy is not plan.spec.strategy:
        spec = replace(plan.spec, strategy=found.strategy)
        plan = choice.plan_for(spec, use, checked_at=asked.checked_at)
        found = replace(found, findings=(*found.findings, _strategy(found)))
    return plan, found


def remarks(findings: Iterable[Finding], *, failed: bool = False) -> list[Finding]:
    """Keep what does not stop a plan: errors are told all at once, and make notices noise."""
    kept = (Severity.WARNING,) if failed else (Severity.WARNING, Severity.NOTICE)
    return [finding for finding in findings if finding.severity in kept]


def _strategy(found: Preflight) -> Finding:
    message = f"{found.strategy.value} is used: {found.strategy_reason}"
    return Finding(Severity.NOTICE, "strategy", "strategy", message)


def _print_unchecked(plan: Plan, choice: Choice, use: KeyUse, output: str) -> None:
    """Show a plan that nobody has checked; a missing key is no reason to show nothing."""
    key = [replace(finding, severity=Severity.WARNING) for finding in use.findings]
    print_findings(remarks((*plan.findings, *choice.findings, *key), failed=bool(plan.errors)))
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
