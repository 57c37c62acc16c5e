"""Replaces a key and restarts what uses it: plan, check, store, restart, and the way back.

The new key is checked first: grammar, then NVIDIA, then the registry for every image in use. Both
Secrets change together or not at all. Only then are deployments restarted, one at a time.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

from odh_nim.deployment import (
    RestartOptions,
    RestartOutcome,
    RestartStep,
    RestartWord,
    plan_restarts,
    restart_deployments,
)
from odh_nim.deployment.restart import RestartCluster
from odh_nim.deployment.restart_plan import PlanCluster
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    ForbiddenError,
    KeyMissingError,
    PreflightError,
)
from odh_nim.domain.finding import Severity
from odh_nim.domain.resources import INFERENCE_SERVICES, SECRETS, ApiResource
from odh_nim.keys import (
    Change,
    CheckedKey,
    KeyCheck,
    KeyState,
    KeyUser,
    Rotation,
    StoredKey,
    begin_rotation,
    check_key,
    check_key_for_images,
    complete_rotation,
    go_back,
    store_rotation,
)
from odh_nim.keys.check import KeyChecker, PullChecker
from odh_nim.keys.rotate import RotateCluster

NOT_ASKED: Final = CheckedKey(KeyCheck(KeyState.NOT_CHECKED))
# Their pods were told to run with the new key.
_BEGUN: Final = (
    RestartWord.RESTARTED,
    RestartWord.REQUESTED,
    RestartWord.FAILED,
    RestartWord.LATE,
)


class JourneyCluster(RotateCluster, RestartCluster, PlanCluster, Protocol):
    """The calls of the whole rotation."""

    async def can_i(self, verb: str, resource: ApiResource, namespace: str | None = None) -> bool:
        """Answer for one right of the caller."""


@dataclass(frozen=True)
class RotationPlan:
    """What a rotation will do: which Secrets, and which deployments restart in which way."""

    rotation: Rotation
    steps: tuple[RestartStep, ...]

    @property
    def namespace(self) -> str:
        """The project."""
        return self.rotation.namespace

    @property
    def not_rotated(self) -> tuple[KeyUser, ...]:
        """The deployments that use other keys: they stay as they are."""
        return self.rotation.users.of_others

    @property
    def resumable_key(self) -> ApiKey | None:
        """The key that a resumed rotation goes on with: it is in the cluster."""
        return self.rotation.new_key() or self.rotation.old_key

    @property
    def nothing_to_resume(self) -> bool:
        """Whether both Secrets agree, no deployment is behind, and none is left changed."""
        behind = any(_behind(user) for user in self.rotation.users.of_this)
        changed = any(step.unrestored is not None for step in self.steps)
        return self.rotation.state.usable and not behind and not changed


@dataclass(frozen=True)
class Listener:
    """Who hears what happens: `step` sentences, `news` of one deployment, `outcome` of each."""

    step: Callable[[str], None] = lambda _: None
    news: Callable[[str, str], None] = lambda _name, _text: None
    outcome: Callable[[RestartOutcome], None] = lambda _: None


@dataclass(frozen=True)
class RotationReport:
    """What a rotation did, by deployment."""

    stored: StoredKey
    outcomes: tuple[RestartOutcome, ...] = ()
    # Not restarted because nobody wanted it: they run with the old key.
    pending: tuple[str, ...] = ()
    not_rotated: tuple[KeyUser, ...] = ()

    @property
    def wrote_nothing(self) -> bool:
        """Whether everything was as wanted before."""
        begun = any(one.word in _BEGUN for one in self.outcomes)
        return self.stored.change is Change.UNCHANGED and not begun

    @property
    def failed(self) -> tuple[RestartOutcome, ...]:
        """The deployments that do not run with the new key, though they should."""
        return tuple(one for one in self.outcomes if not one.word.is_good)


async def plan_rotation(
    cluster: JourneyCluster, namespace: str, deployment: str | None = None, *, restart: bool = True
) -> RotationPlan:
    """Read everything and decide; nothing is written.

    Raises:
        ForbiddenError: The caller may not do all of it; the verbs are named.
        KeyMissingError: There is no key to replace.
        SecretConflictError: A Secret of our name is not ours.

    """
    await _check_rights(cluster, namespace, restart=restart)
    rotation = await begin_rotation(cluster, namespace, deployment)
    names = [user.name for user in rotation.users.of_this if user.is_deployment]
    steps = await plan_restarts(cluster, names, namespace) if restart else ()
    return RotationPlan(rotation, steps)


async def check_new_key(
    ngc: KeyChecker,
    registry: PullChecker,
    plan: RotationPlan,
    key: ApiKey,
    *,
    skip_pull_check: bool = False,
) -> CheckedKey:
    """Ask NVIDIA about the key, and its registry about every image in use.

    Raises:
        KeyRefusedError: NVIDIA refused it.
        NgcUnavailableError: NVIDIA could not be asked.
        PreflightError: It may not pull an image that is in use.

    """
    images = () if skip_pull_check else plan.rotation.users.images
    checked = await check_key_for_images(ngc, registry, key, images)
    checked.key.require()
    blocking = [one for one in checked.pulls if one.severity is Severity.ERROR]
    if blocking:
        raise PreflightError(f"The rotation of the key in {plan.namespace}", blocking)
    return checked


async def rotate(
    cluster: JourneyCluster,
    plan: RotationPlan,
    key: ApiKey,
    checked: CheckedKey,
    *,
    expires: str | None = None,
    options: RestartOptions | None,
    listener: Listener = Listener(),
) -> RotationReport:
    """Store a checked key and restart what uses it; without options nothing is restarted.

    Raises:
        KeyNotStoredError: The Secrets could not both be written.

    """
    listener.step("Replacing the key in both Secrets")
    stored = await store_rotation(
        cluster,
        plan.rotation,
        key,
        checked_at=_now() if checked.key.state is KeyState.VALID else None,
        expires=expires,
    )
    return await _restart(cluster, plan, stored, options, listener)


async def resume(
    cluster: JourneyCluster,
    plan: RotationPlan,
    *,
    options: RestartOptions | None,
    listener: Listener = Listener(),
) -> RotationReport:
    """Finish what a run began that was killed, or that restarted nothing.

    Raises:
        SecretConflictError: Nothing tells which key is the newer one.
        KeyNotStoredError: The second Secret could not be written.

    """
    listener.step("Looking what is left to do")
    stored = await complete_rotation(cluster, plan.rotation)
    return await _restart(cluster, plan, stored, options, listener)


async def take_back(
    cluster: JourneyCluster,
    ngc: KeyChecker | None,
    plan: RotationPlan,
    report: RotationReport,
    *,
    options: RestartOptions,
    listener: Listener = Listener(),
) -> RotationReport:
    """Bring the old key back, and restart what runs with the new one.

    Raises:
        KeyRefusedError: NVIDIA refuses the old key too: there is no way back.
        NgcUnavailableError: NVIDIA could not be asked about it.
        SecretConflictError: Somebody else has replaced the key meanwhile.

    """
    old = plan.rotation.old_key
    if old is None:
        raise KeyMissingError("There was no usable key before: there is no way back.")
    if ngc is not None:
        listener.step("Asking NVIDIA about the old key")
        (await check_key(ngc, old)).require()
    listener.step("Bringing the old key back")
    stored = await go_back(cluster, plan.rotation, report.stored)
    begun = [one.name for one in report.outcomes if one.word in _BEGUN]
    # Planned anew: the restarts before have changed how pods are replaced, and which GPUs are free.
    steps = await plan_restarts(cluster, begun, plan.namespace)
    outcomes = await restart_deployments(
        cluster,
        steps,
        plan.namespace,
        mark=stored.revision,
        options=options,
        report=listener.news,
        tell=listener.outcome,
    )
    return RotationReport(stored, outcomes, not_rotated=plan.not_rotated)


async def _restart(
    cluster: JourneyCluster,
    plan: RotationPlan,
    stored: StoredKey,
    options: RestartOptions | None,
    listener: Listener,
) -> RotationReport:
    users = [user for user in plan.rotation.users.of_this if user.is_deployment]
    if stored.change is Change.UNCHANGED:
        changed = {step.name for step in plan.steps if step.unrestored is not None}
        users = [user for user in users if _behind(user) or user.name in changed]
    names = {user.name for user in users}
    if options is None:
        running = tuple(user.name for user in users if not user.stopped)
        return RotationReport(stored, pending=running, not_rotated=plan.not_rotated)
    outcomes = await restart_deployments(
        cluster,
        [step for step in plan.steps if step.name in names],
        plan.namespace,
        mark=stored.revision,
        options=options,
        report=listener.news,
        tell=listener.outcome,
    )
    return RotationReport(stored, outcomes, not_rotated=plan.not_rotated)


def _behind(user: KeyUser) -> bool:
    """Say whether a deployment may run with an older key; what cannot be told counts as behind."""
    return user.restart_pending is not False


async def _check_rights(cluster: JourneyCluster, namespace: str, *, restart: bool) -> None:
    wanted = [("get", SECRETS), ("create", SECRETS), ("update", SECRETS)]
    if restart:
        wanted.append(("patch", INFERENCE_SERVICES))
    answers = await asyncio.gather(*(cluster.can_i(*one, namespace) for one in wanted))
    missing = [
        f"{verb} {resource.plural}"
        for (verb, resource), allowed in zip(wanted, answers, strict=True)
        if not allowed
    ]
    if missing:
        raise ForbiddenError(
            f"rotate the key of {namespace}",
            f"you may not {' or '.join(missing)} there.",
            status=403,
            remedy=f"Ask an admin of {namespace} for the role edit.",
        )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
