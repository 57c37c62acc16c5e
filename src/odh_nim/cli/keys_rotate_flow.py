"""What `odh-nim keys rotate` does: plan, key, check, Secrets, restarts, and the way back."""

import asyncio
from typing import TYPE_CHECKING

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import Configured, find_configuration
from odh_nim.cli.key_input import can_prompt, read_key
from odh_nim.cli.keys_flow import owner, refuse_without_keys
from odh_nim.cli.keys_rotate_options import RotateOptions
from odh_nim.cli.keys_rotate_output import print_plan, print_report, sentence, unfinished
from odh_nim.cli.output import Steps, note, print_findings, warn
from odh_nim.deployment import RestartOptions, RestartOutcome, RestartWord
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_name import check_deployment_name, check_namespace
from odh_nim.domain.errors import (
    InputError,
    OdhNimError,
    RotationTakenBackError,
    RotationUnfinishedError,
)
from odh_nim.journeys.rotate import (
    NOT_ASKED,
    Listener,
    RotationPlan,
    RotationReport,
    check_new_key,
    plan_rotation,
    resume,
    rotate,
    take_back,
)
from odh_nim.keys import CheckedKey
from odh_nim.keys.check import NOT_CHECKED

if TYPE_CHECKING:
    from odh_nim.cluster import Client


async def rotate_key(
    target: Target,
    deployment: str | None,
    options: RotateOptions,
    applications_namespace: str | None,
    output: str,
) -> None:
    """Rotate; whatever stands in the way is said before the key is asked for."""
    _refuse_contradictions(options)
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        configured = await find_configuration(client, applications_namespace)
        check_namespace(namespace, applications_namespace=configured.applications_namespace)
        if deployment is not None:
            check_deployment_name(deployment, namespace)
        refuse_without_keys(configured)
        plan = await plan_rotation(client, namespace, deployment, restart=options.restart)
        print_plan(plan, options, output)
        if options.dry_run:
            note("Nothing was changed: --dry-run.")
            return
        await _Run(client, plan, options, configured, output).run()


def _refuse_contradictions(options: RotateOptions) -> None:
    if options.resume and options.key_file is not None:
        raise InputError(
            "--resume goes on with the key that is stored already; it takes no --key-file.",
            remedy="Leave one of the two out.",
        )
    if options.resume and options.expires is not None:
        raise InputError("--resume notes no expiry; leave --expires out.")
    if options.back_on_failure and not (options.restart and options.wait):
        raise InputError(
            "--back-on-failure needs to see the new pods: leave --no-restart and --no-wait out."
        )


class _Run:
    """One rotation from the key on."""

    def __init__(
        self,
        client: "Client",
        plan: RotationPlan,
        options: RotateOptions,
        configured: Configured,
        output: str,
    ) -> None:
        self._client = client
        self._plan = plan
        self._options = options
        self._asks = configured.config.may_ask_nvidia and not options.skip_check
        self._configured = configured
        self._output = output
        self._whose = owner(plan.namespace, plan.rotation.deployment)

    async def run(self) -> None:
        try:
            with Steps() as steps:
                report = await (self._resumed(steps) if self._options.resume else self._new(steps))
                steps.done()
        except asyncio.CancelledError:
            note(f"Stopped. Look what is left to do: odh-nim {self._resume_command} --dry-run")
            raise
        if await self._wants_back(report):
            await self._back(report)
            return
        print_report(report, self._whose, self._output)
        if report.failed:
            raise RotationUnfinishedError(
                self._whose,
                unfinished(report),
                remedy=f"When the cause is gone: odh-nim {self._resume_command}",
            )

    async def _new(self, steps: Steps) -> RotationReport:
        key = read_key(self._options.key_file, owner=self._whose)
        checked = await self._check(key, steps)
        day = self._options.expiry_day
        return await rotate(
            self._client,
            self._plan,
            key,
            checked,
            expires=day.isoformat() if day else None,
            options=self._restart_options,
            listener=_listener(steps),
        )

    async def _resumed(self, steps: Steps) -> RotationReport:
        key = self._plan.resumable_key
        if key is not None and not self._plan.nothing_to_resume:
            await self._check(key, steps)
        return await resume(
            self._client, self._plan, options=self._restart_options, listener=_listener(steps)
        )

    async def _check(self, key: ApiKey, steps: Steps) -> CheckedKey:
        if not self._configured.config.may_ask_nvidia:
            print_findings(NOT_CHECKED.notices)
            return NOT_ASKED
        if self._options.skip_check:
            warn("NVIDIA was not asked whether the key is good: --skip-check.")
            return NOT_ASKED
        if self._plan.rotation.holds(key) and self._plan.nothing_to_resume:
            # The very key that is stored, and nothing to restart: there is nothing to ask about.
            return NOT_ASKED
        images = len(self._plan.rotation.users.images)
        what = f" and its registry about {images} image{'s' if images != 1 else ''}"
        steps.step(f"Asking NVIDIA about the key{what if images else ''}")
        async with wiring.nvidia() as nvidia:
            checked = await check_new_key(
                nvidia.ngc,
                nvidia.registry,
                self._plan,
                key,
                skip_pull_check=self._options.skip_pull_check,
            )
        steps.done()
        print_findings((*checked.key.notices, *checked.pulls))
        return checked

    @property
    def _restart_options(self) -> RestartOptions | None:
        if not self._options.restart:
            return None
        return RestartOptions(
            wait=self._options.wait,
            within=self._options.within,
            pull_always=self._options.pull_always,
            keep_strategy=self._options.keep_strategy,
        )

    async def _wants_back(self, report: RotationReport) -> bool:
        if self._plan.rotation.old_key is None or self._options.resume:
            return False
        # A refusal by the API server says nothing about the key.
        if not any(one.explanations or one.word is RestartWord.LATE for one in report.failed):
            return False
        if self._options.back_on_failure:
            return True
        # The old key is known to this process only: later there is no way back.
        return can_prompt() and click.confirm(
            "A new pod does not come up. Bring the old key back?", err=True
        )

    async def _back(self, failed: RotationReport) -> None:
        options = RestartOptions(within=self._options.within)
        try:
            with Steps() as steps:
                report = await self._taken_back(failed, options, steps)
        except OdhNimError as error:
            print_report(failed, self._whose, self._output)
            left = [*unfinished(failed), f"The old key is not back: {error}"]
            raise RotationUnfinishedError(self._whose, left) from error
        print_report(report, self._whose, self._output, back=True)
        lines = [f"The key of {self._whose} is not replaced: a new pod did not come up."]
        lines += [f"  {line}" for line in unfinished(failed)]
        lines += [f"  {one.name}: with the old key: {sentence(one)}" for one in report.failed]
        raise RotationTakenBackError("\n".join([*lines, "The old key is back."]))

    async def _taken_back(
        self, failed: RotationReport, options: RestartOptions, steps: Steps
    ) -> RotationReport:
        listener = _listener(steps, back=True)
        if not self._asks:
            return await take_back(
                self._client, None, self._plan, failed, options=options, listener=listener
            )
        async with wiring.nvidia() as nvidia:
            return await take_back(
                self._client, nvidia.ngc, self._plan, failed, options=options, listener=listener
            )

    @property
    def _resume_command(self) -> str:
        deployment = self._plan.rotation.deployment
        option = f" --deployment {deployment}" if deployment else ""
        return f"keys rotate -n {self._plan.namespace}{option} --resume"


def _listener(steps: Steps, *, back: bool = False) -> Listener:
    def news(name: str, text: str) -> None:
        steps.step(f"Restarting {name}")
        steps.update(text)

    def outcome(one: RestartOutcome) -> None:
        if not one.word.is_good:
            steps.failed()
        steps.done()
        note(f"{one.name}: {sentence(one, back=back)}")

    return Listener(steps.step, news, outcome)
