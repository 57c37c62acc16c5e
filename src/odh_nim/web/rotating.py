"""The rotation of a key as the page asks for it; it goes on when nobody listens."""

from collections.abc import AsyncGenerator
from typing import Final

from pydantic import BaseModel

from odh_nim.deployment import RestartOptions, RestartOutcome
from odh_nim.domain.deployment_name import check_namespace
from odh_nim.domain.errors import ConflictError
from odh_nim.journeys.rotate import (
    NOT_ASKED,
    Listener,
    check_new_key,
    plan_rotation,
    resume,
    rotate,
)
from odh_nim.keys import CheckedKey
from odh_nim.keys.check import NOT_CHECKED
from odh_nim.web.keeping import a_place, refuse_without_keys
from odh_nim.web.runs import RunKey, Tell
from odh_nim.web.schemas_rotation import (
    RestartOut,
    RotationDoneOut,
    RotationIn,
    RotationNewsOut,
    RotationPlanOut,
    RotationStepOut,
    RotationUserOut,
)
from odh_nim.web.services import Services
from odh_nim.web.views import findings_out
from odh_nim.web.views_deploy import failed_out
from odh_nim.web.views_deployments import explanation_out
from odh_nim.web.wishes import clean

# disableKeyValidation: nobody was asked.
_UNASKED: Final = CheckedKey(NOT_CHECKED)


async def show_rotation(given: Services, project: str, deployment: str | None) -> RotationPlanOut:
    """Say who uses the key, and what restarting them costs; nothing is written."""
    plan = await plan_rotation(given.cluster, project, deployment)
    warnings = {step.name: step.warning for step in plan.steps}
    return RotationPlanOut(
        users=[
            RotationUserOut(
                name=one.name,
                image=one.image,
                stopped=one.stopped,
                restart_pending=one.restart_pending,
                warning=warnings.get(one.name, ""),
            )
            for one in plan.rotation.users.of_this
        ],
        not_rotated=[one.name for one in plan.not_rotated],
        resumable=not plan.nothing_to_resume,
    )


async def follow_rotation(
    given: Services, project: str, wanted: RotationIn
) -> AsyncGenerator[BaseModel, None]:
    """Begin a rotation and tell how it goes. Who stops listening stops nothing.

    Raises:
        ConflictError: One is going on in this project for the same key.

    """
    # One at a time for a key; ended ones are no hindrance.
    request_id = f"rotation of {wanted.deployment or 'the project'}"
    if given.runs.is_active(project, request_id):
        raise ConflictError(
            f"rotate the key of {project}",
            "another rotation of it is going on.",
            status=409,
            remedy="Wait until it has ended.",
        )
    key = RunKey(await given.caller(), project, request_id)
    given.runs.forget(key)
    run = given.runs.begin(
        key, request_id.encode(), lambda tell: _rotate(given, project, wanted, tell), failed_out
    )
    async for event in run.follow():
        yield event


async def _rotate(given: Services, project: str, wanted: RotationIn, tell: Tell) -> BaseModel:
    site = await given.installation()
    check_namespace(project, applications_namespace=site.applications_namespace)
    refuse_without_keys(site.config)
    key = clean(wanted.key).key if wanted.key is not None else None
    plan = await plan_rotation(given.cluster, project, wanted.deployment, restart=wanted.restart)
    checked = NOT_ASKED
    if key is not None and not wanted.skip_check:
        checked = _UNASKED
        if site.config.may_ask_nvidia:
            tell(RotationStepOut(type="step", text="Asking NVIDIA about the key"))
            async with await a_place(given, purpose="rotate"):
                checked = await check_new_key(
                    given.nvidia.ngc,
                    given.nvidia.registry,
                    plan,
                    key,
                    skip_pull_check=wanted.skip_pull_check,
                )
    options = None
    if wanted.restart:
        options = RestartOptions(wait=wanted.wait, pull_always=wanted.pull_always)
    listener = _listener(tell)
    if key is None:
        report = await resume(given.cluster, plan, options=options, listener=listener)
    else:
        report = await rotate(
            given.cluster, plan, key, checked,
            expires=wanted.expires, options=options, listener=listener,
        )  # fmt: skip
    return RotationDoneOut(
        type="done",
        change=report.stored.change.value,
        failed=[one.name for one in report.failed],
        pending=list(report.pending),
        not_rotated=[one.name for one in report.not_rotated],
        notices=findings_out((*checked.key.notices, *checked.pulls)),
    )


def _listener(tell: Tell) -> Listener:
    return Listener(
        step=lambda text: tell(RotationStepOut(type="step", text=text)),
        news=lambda name, text: tell(RotationNewsOut(type="news", deployment=name, text=text)),
        outcome=lambda one: tell(_outcome(one)),
    )


def _outcome(one: RestartOutcome) -> RestartOut:
    return RestartOut(
        type="deployment",
        name=one.name,
        word=one.word.value,
        good=one.word.is_good,
        message=one.message,
        old_serves=one.old_serves,
        explanations=[explanation_out(found) for found in one.explanations],
    )
