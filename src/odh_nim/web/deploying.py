"""Plans and deployments as the page asks for them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

from pydantic import BaseModel

from odh_nim.deployment import (
    Plan,
    Preflight,
    deploy,
    find_remainders,
)
from odh_nim.deployment import delete_remainder as delete_objects
from odh_nim.deployment.dry_run import check_manifests
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    KeyRefusedError,
    NgcUnavailableError,
    OdhNimError,
    PreflightError,
    RejectedError,
    SecretConflictError,
    UnknownModelError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.journeys.choice import Choice, check, choose, new_request_id, select
from odh_nim.journeys.key_use import (
    Asked,
    KeyUse,
    KeyWish,
    ask_about,
    find_key,
    key_choice,
)
from odh_nim.web.faults import TooOftenError
from odh_nim.web.keeping import a_place
from odh_nim.web.runs import RunKey, Tell
from odh_nim.web.schemas_deploy import DeployIn, PlanOut
from odh_nim.web.schemas_deployments import DeletedOut
from odh_nim.web.services import Services
from odh_nim.web.views import findings_out
from odh_nim.web.views_deploy import (
    done_out,
    failed_out,
    finding_of,
    objects_out,
    plan_out,
    step_out,
)
from odh_nim.web.wishes import key_wish_of, wish_of

# What the API server may say about a plan: shown as a finding, like everything else.
_REFUSALS = (AlreadyExistsError, ConflictError, ForbiddenError, RejectedError)


@dataclass(frozen=True)
class _Prepared:
    """A choice with its key."""

    choice: Choice
    use: KeyUse


async def make_plan(given: Services, project: str, wanted: DeployIn) -> PlanOut:
    """Plan, check everything at once, and let the API server try every object; nothing is written.

    Raises:
        OdhNimError: There is not enough to plan with.

    """
    prepared = await _prepare(given, project, wanted)
    plan, found = await check(
        given.cluster, prepared.choice, prepared.use, _asked_for_plan(given, wanted, prepared)
    )
    checked = False
    if not found.errors:
        found = await _tried(given, plan, found)
        checked = True
    return plan_out(prepared.choice, plan, found, wanted, checked=checked)


async def follow_deployment(
    given: Services, project: str, wanted: DeployIn
) -> AsyncGenerator[BaseModel, None]:
    """Begin a deployment, or find the one that this request began, and tell how it goes.

    Who stops listening stops nothing.

    Raises:
        ConflictError: The request id was used for something else.
        TooOftenError: Too many at once.

    """
    if wanted.request_id is None:
        wanted = wanted.model_copy(update={"request_id": new_request_id()})
    assert wanted.request_id is not None
    key = RunKey(await given.caller(), project, wanted.request_id)
    run = given.runs.begin(
        key, _as_bytes(wanted), lambda tell: _deploy(given, project, wanted, tell), failed_out
    )
    async for event in run.follow():
        yield event


async def resume_remainder(
    given: Services, project: str, request_id: str, wanted: DeployIn
) -> AsyncGenerator[BaseModel, None]:
    """Finish what an interrupted run began.

    Raises:
        UnknownModelError: Nothing of this request is left.

    """
    remainders = await find_remainders(given.cluster, project)
    for one in remainders.incomplete:
        if one.request_id == request_id:
            same = {"request_id": request_id, "name": one.name}
            async for event in follow_deployment(given, project, wanted.model_copy(update=same)):
                yield event
            return
    raise _nothing_left(project, request_id)


async def delete_remainder(given: Services, project: str, request_id: str) -> DeletedOut:
    """Delete what an interrupted run left, and nothing that is still being made.

    Raises:
        UnknownModelError: Nothing of this request is left.
        ConflictError: The deployment is being made at this moment.

    """
    if given.runs.is_active(project, request_id):
        raise ConflictError(
            f"delete what request {request_id} left in {project}",
            "it is being made at this moment.",
            status=409,
            remedy="Wait until it has ended.",
        )
    remainders = await find_remainders(given.cluster, project)
    for one in remainders.incomplete:
        if one.request_id == request_id:
            stays = await delete_objects(given.cluster, one)
            left = {finding.subject for finding in stays}
            gone = [reference for reference in one.objects if str(reference) not in left]
            return DeletedOut(deleted=objects_out(gone), kept=[], leftovers=findings_out(stays))
    raise _nothing_left(project, request_id)


async def _prepare(given: Services, project: str, wanted: DeployIn) -> _Prepared:
    wish, key_wish = wish_of(wanted, project), key_wish_of(wanted)
    site = await given.installation()
    selection = select(wish, site)
    choice = await choose(given.cluster, selection)
    decided = key_choice(key_wish, choice.model, site.config)
    try:
        use = await find_key(
            given.cluster,
            KeyWish(decided, key_wish.given),
            namespace=project,
            deployment=selection.spec.name,
            request_id=choice.request_id,
        )
    except SecretConflictError as error:
        use = KeyUse(decided, findings=(finding_of(error, "key-conflict", "key"),))
    return _Prepared(choice, use)


async def _asked_for_plan(given: Services, wanted: DeployIn, prepared: _Prepared) -> Asked:
    """Ask about the key; what stands in the way is a finding of the plan."""
    if prepared.use.key is None:
        return Asked()
    try:
        return await _ask(given, wanted, prepared, purpose="plan")
    except TooOftenError as error:
        return Asked((_not_asked(error),))
    except KeyRefusedError as error:
        return Asked((finding_of(error, "key-refused", "key"),))
    except NgcUnavailableError as error:
        return Asked((finding_of(error, "key-could-not-ask", "key"),))


async def _asked_for_deployment(given: Services, wanted: DeployIn, prepared: _Prepared) -> Asked:
    """Ask about the key; a new one is not stored unless NVIDIA knows it."""
    if prepared.use.key is None:
        return Asked()
    try:
        return await _ask(given, wanted, prepared, purpose="deploy")
    except TooOftenError as error:
        if prepared.use.is_new:
            raise
        return Asked((_not_asked(error),))


async def _ask(given: Services, wanted: DeployIn, prepared: _Prepared, *, purpose: str) -> Asked:
    choice = prepared.choice
    async with await a_place(given, purpose=purpose):
        return await ask_about(
            given.nvidia,
            prepared.use,
            [choice.model.image(choice.tag, pin=wanted.pin)],
            choice.site.config,
            skip_pull_check=wanted.skip_pull_check,
        )


async def _tried(given: Services, plan: Plan, found: Preflight) -> Preflight:
    try:
        await check_manifests(given.cluster, plan, pauses=(), report=lambda _: None)
    except PreflightError as error:
        return replace(found, findings=(*error.findings, *found.findings))
    except _REFUSALS as error:
        refused = finding_of(error, "refused", plan.spec.name)
        return replace(found, findings=(refused, *found.findings))
    return found


async def _deploy(given: Services, project: str, wanted: DeployIn, tell: Tell) -> BaseModel:
    prepared = await _prepare(given, project, wanted)
    plan, found = await check(
        given.cluster,
        prepared.choice,
        prepared.use,
        _asked_for_deployment(given, wanted, prepared),
    )
    found.require(f"Deployment {plan.spec.name}")
    deployed = await deploy(given.cluster, plan, report=lambda step: tell(step_out(step)))
    return done_out(deployed)


def _not_asked(error: OdhNimError) -> Finding:
    return Finding(
        Severity.NOTICE,
        "key-not-asked",
        "key",
        "NVIDIA was not asked about the key: it was asked too often.",
        error.remedy,
    )


def _as_bytes(wanted: DeployIn) -> bytes:
    """Give a request as bytes, with its key: it goes into a keyed hash and nowhere else."""
    key = wanted.own_key.get_secret_value() if wanted.own_key is not None else ""
    return wanted.model_dump_json(exclude={"own_key"}).encode() + b"\0" + key.encode()


def _nothing_left(project: str, request_id: str) -> UnknownModelError:
    return UnknownModelError(
        f"Nothing in {project} is left of request {request_id}.",
        remedy="Look at the list of deployments again.",
    )
