"""Keys as the page keeps them: looked at, checked, set, removed."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Final

from odh_nim.deployment import DeploymentView, list_deployments
from odh_nim.domain.deployment_name import check_deployment_name, check_namespace
from odh_nim.domain.errors import (
    ConfigurationError,
    ForbiddenError,
    InvalidKeyError,
    LegacyKeyError,
    PreflightError,
)
from odh_nim.domain.finding import Finding, Severity
from odh_nim.domain.image import ImageReference
from odh_nim.domain.nim_config import NimConfig
from odh_nim.domain.resources import SECRETS
from odh_nim.journeys.key_use import now
from odh_nim.journeys.projects import missing_rights
from odh_nim.keys import (
    KeyCheck,
    KeyState,
    check_key,
    check_key_for_images,
    check_rights,
    plan_remove,
    read_key_state,
    remove_key,
    store_project_key,
)
from odh_nim.keys.check import NOT_CHECKED
from odh_nim.web.schemas_keys import (
    KeyCheckIn,
    KeyCheckOut,
    KeyIn,
    KeyOut,
    KeyRemovedOut,
    KeyStoredOut,
)
from odh_nim.web.services import Services
from odh_nim.web.views import findings_out
from odh_nim.web.views_keys import check_out, key_out
from odh_nim.web.wishes import clean

_CHANGING: Final = tuple((verb, SECRETS) for verb in ("get", "create", "update", "delete"))


async def show_key(given: Services, project: str, deployment: str | None) -> KeyOut:
    """Say what is stored, who uses it, and what the caller may not do."""
    state, views, missing = await asyncio.gather(
        read_key_state(given.cluster, project, deployment),
        _users(given, project),
        missing_rights(given.cluster, project, _CHANGING),
    )
    users = [view for view in views if view.key_secret == state.key_secret]
    return key_out(state, deployment=deployment, users=users, missing=missing)


async def check_given_key(given: Services, asked: KeyCheckIn) -> KeyCheckOut:
    """Check a key: its grammar here, then with NVIDIA. Nothing is stored.

    Raises:
        TooOftenError: This caller, or all of them, asked too often.
        InputError: An image is none.

    """
    images = [ImageReference.parse(text) for text in asked.images]
    try:
        pasted = clean(asked.key)
    except InvalidKeyError as error:
        return check_out("legacy" if isinstance(error, LegacyKeyError) else "invalid", error=error)
    site, place = await asyncio.gather(given.installation(), a_place(given))
    if not site.config.may_ask_nvidia:
        refuse_without_keys(site.config)
        return check_out("not-checked", notice=pasted.notice, notices=NOT_CHECKED.notices)
    async with place:
        nvidia = given.nvidia
        checked = await check_key_for_images(nvidia.ngc, nvidia.registry, pasted.key, images)
    return check_out(
        checked.key.state.value,
        notice=pasted.notice,
        error=checked.key.error,
        notices=checked.key.notices,
        pulls=checked.pulls,
    )


async def store_key(given: Services, project: str, wanted: KeyIn) -> KeyStoredOut:
    """Check a key and write it into both Secrets.

    Raises:
        KeyRefusedError: NVIDIA refused it; nothing is stored.
        NgcUnavailableError: NVIDIA could not be asked; nothing is stored.
        SecretConflictError: There is another key, or a Secret that is not ours.

    """
    key = clean(wanted.key).key
    if wanted.deployment is not None:
        check_deployment_name(wanted.deployment, project)
    site, _ = await asyncio.gather(given.installation(), check_rights(given.cluster, project))
    check_namespace(project, applications_namespace=site.applications_namespace)
    refuse_without_keys(site.config)
    check = KeyCheck(KeyState.NOT_CHECKED)
    if not site.config.may_ask_nvidia:
        check = NOT_CHECKED
    elif not wanted.skip_check:
        async with await a_place(given):
            check = await check_key(given.nvidia.ngc, key)
        check.require()
    stored = await store_project_key(
        given.cluster,
        key,
        namespace=project,
        deployment=wanted.deployment,
        replace=wanted.replace,
        checked_at=now() if check.state is KeyState.VALID else None,
        expires=wanted.expires,
    )
    return KeyStoredOut(
        change=stored.change.value,
        notices=findings_out(check.notices),
        key=await show_key(given, project, wanted.deployment),
    )


async def remove(
    given: Services, project: str, deployment: str | None, *, force: bool
) -> KeyRemovedOut:
    """Remove a key; refused while a deployment uses it, unless forced.

    Raises:
        KeyMissingError: There is none.
        PreflightError: Deployments use it, stopped ones too, and it is not forced.

    """
    plan = await plan_remove(given.cluster, project, deployment)
    severity = Severity.WARNING if force else Severity.ERROR
    remedy = "Give it another key, or delete it first."
    findings = [
        Finding(severity, "key-used", user.name, _sentence(line), remedy)
        for user, line in zip(plan.users, plan.consequences, strict=True)
    ]
    if findings and not force:
        raise PreflightError(f"The removal of the key in {project}", findings)
    gone = await remove_key(given.cluster, plan, force=force)
    return KeyRemovedOut(removed=list(gone), findings=findings_out(findings))


async def a_place(given: Services, *, purpose: str = "check") -> AbstractAsyncContextManager[None]:
    """Give the caller's place in the queue to NVIDIA; taking it fails where there is none."""
    caller = await given.caller()
    return given.key_checks.check(caller, purpose=purpose)


def _sentence(consequence: str) -> str:
    return f"It uses this key: {consequence.partition(': ')[2]}."


async def _users(given: Services, project: str) -> Sequence[DeploymentView]:
    try:
        return await list_deployments(given.cluster, project)
    except ForbiddenError:
        # Whoever may only keep keys sees no deployments.
        return ()


def refuse_without_keys(config: NimConfig) -> None:
    """Stop where the cluster collects no keys.

    Raises:
        ConfigurationError: disableKeyCollection is set.

    """
    if not config.collect_keys:
        raise ConfigurationError(
            f"This cluster collects no keys: disableKeyCollection is set in {config.source}.",
            remedy="Images come from a mirror or with the nodes' credentials; just deploy.",
        )
