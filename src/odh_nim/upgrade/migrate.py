"""Moves a project's deployments to their new key: Secrets first, then one deployment at a time.

At no moment does a reference point to a Secret that is not there. What fails is put back.
"""

import copy
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ClusterError,
    NotFoundError,
    SecretConflictError,
)
from odh_nim.domain.manifest import Manifest, annotations, labels
from odh_nim.domain.resources import SECRETS
from odh_nim.manifests.secrets import build_key_secrets
from odh_nim.upgrade.deployments import is_ours
from odh_nim.upgrade.migration import DeploymentMove, PartChange, ProjectMove, holds_key
from odh_nim.upgrade.ports import UpgradeCluster
from odh_nim.upgrade.refresh import Refresh
from odh_nim.upgrade.renaming import to_patch, to_way_back
from odh_nim.upgrade.rollout import (
    Pace,
    Rolled,
    Rollout,
    ask_for_restart,
    deployment_of,
    pods_of,
    roll,
)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Moved(StrEnum):
    """What became of one deployment."""

    DONE = "migrated"
    STOPPED = "changed; it is stopped and stays so"
    OPERATED = "changed through its NIMService; the operator restarts it"
    NOT_WAITED = "changed; nobody waited for its pods"
    RESTORED = "not migrated; its old references are back"
    STUCK = "not migrated, and not put back"


@dataclass(frozen=True)
class MoveResult:
    """What became of one deployment, and why."""

    name: str
    namespace: str
    moved: Moved
    reason: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether it runs, or will run, with its new key."""
        return self.moved not in (Moved.RESTORED, Moved.STUCK)


@dataclass(frozen=True)
class MigrateOptions:
    """How to migrate; without `within` nobody waits for pods."""

    within: float | None = 3600.0
    pace: Pace = field(default_factory=Pace)
    refreshes: tuple[Refresh, ...] = ()
    checked_at: str | None = None


def _silent(_: str) -> None: ...


async def migrate_project(
    cluster: UpgradeCluster,
    move: ProjectMove,
    key: ApiKey,
    options: MigrateOptions,
    *,
    told: Callable[[str], None] = _silent,
) -> list[MoveResult]:
    """Carry out the move of one project, or of one deployment.

    Raises:
        SecretConflictError: A Secret of a new name is there with another key.

    """
    made = await _prepare_secrets(cluster, move, key, options)
    results: list[MoveResult] = []
    for one in move.moves:
        told(f"{one.deployment.name}: changing its references")
        result = await _move_one(cluster, one, options, told)
        results.append(result)
        if not result.is_fine:
            # What is wrong with the key or the image would hit the next one as well.
            break
    if results and not any(result.is_fine for result in results) and _all_back(results):
        await _take_back(cluster, made)
    return results


def _all_back(results: Sequence[MoveResult]) -> bool:
    return all(result.moved is Moved.RESTORED for result in results)


# ── Secrets ─────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class _Made:
    """A Secret that this run wrote, and what was there before."""

    new: Manifest = field(repr=False)
    old: Manifest | None = field(repr=False)


async def _prepare_secrets(
    cluster: UpgradeCluster, move: ProjectMove, key: ApiKey, options: MigrateOptions
) -> list[_Made]:
    """Make the pull secret and the key's Secret, or find them there with this very key."""
    namespace, mark = move.project.namespace, secrets.token_hex(8)
    built = build_key_secrets(key, move.owner, revision=mark, checked_at=options.checked_at)
    writes = [built[1], built[0]] if move.writes_key else [built[1]]
    made: list[_Made] = []
    try:
        for secret in writes:
            secret["metadata"]["namespace"] = namespace
            one = await _ensure(cluster, secret, key, rewrites=move.rewrites)
            made += [one] if one else []
    except (ClusterError, SecretConflictError):
        await _take_back(cluster, made)
        raise
    return made


async def _ensure(
    cluster: UpgradeCluster, secret: Manifest, key: ApiKey, *, rewrites: bool
) -> _Made | None:
    name, namespace = secret["metadata"]["name"], secret["metadata"]["namespace"]
    try:
        return _Made(await cluster.create(secret), None)
    except AlreadyExistsError:
        found = await cluster.get(SECRETS, name, namespace)
    in_place = rewrites and name == names.KEY_SECRET and not is_ours(found)
    if in_place:
        return _Made(await cluster.replace(_rewritten(secret, found)), found)
    if holds_key(found, key):
        return None
    raise SecretConflictError(
        f"Secret/{name} in {namespace} is there already and holds another key.",
        remedy=f"Use that key, or replace it first: odh-nim keys set -n {namespace} --replace",
    )


def _rewritten(secret: Manifest, found: Manifest) -> Manifest:
    """Turn the old copy into the project's key: same name, our labels, both fields."""
    written = copy.deepcopy(secret)
    metadata, before = written["metadata"], found["metadata"]
    metadata["uid"], metadata["resourceVersion"] = before["uid"], before["resourceVersion"]
    kept = {name: text for name, text in annotations(found).items() if name != _LAST_APPLIED}
    metadata["annotations"] = kept | metadata["annotations"]
    metadata["labels"] = labels(found) | metadata["labels"]
    return written


async def _take_back(cluster: UpgradeCluster, made: Sequence[_Made]) -> None:
    """Put back what this run wrote, unless somebody has changed it since."""
    for one in reversed(made):
        metadata = one.new["metadata"]
        try:
            if one.old is None:
                await cluster.delete(
                    SECRETS,
                    metadata["name"],
                    metadata["namespace"],
                    uid=metadata["uid"],
                    resource_version=metadata["resourceVersion"],
                )
            else:
                before = copy.deepcopy(one.old)
                before["metadata"]["resourceVersion"] = metadata["resourceVersion"]
                before["metadata"].pop("managedFields", None)
                await cluster.replace(before)
        except NotFoundError:
            continue


# ── Deployments ─────────────────────────────────────────────────────────────────────────────────
async def _move_one(
    cluster: UpgradeCluster,
    move: DeploymentMove,
    options: MigrateOptions,
    told: Callable[[str], None],
) -> MoveResult:
    deployment = move.deployment
    name, namespace = deployment.name, deployment.namespace
    rollout = await _rollout(cluster, move)
    refresh = next((one for one in options.refreshes if one.fits(move)), None)
    done: list[tuple[PartChange, list[Manifest]]] = []
    try:
        for part in move.parts:
            way_back = await _patch(cluster, part, refresh)
            done.append((part, way_back))
    except ClusterError as error:
        return await _restore(cluster, done, name, namespace, error.cause)
    if deployment.nim_service is not None:
        return MoveResult(name, namespace, Moved.OPERATED)
    if deployment.is_stopped:
        return MoveResult(name, namespace, Moved.STOPPED)
    if options.within is None:
        return MoveResult(name, namespace, Moved.NOT_WAITED)
    told(f"{name}: waiting for a new pod with the new references")
    try:
        rolled = await roll(cluster, rollout, options.within, pace=options.pace, told=told)
    except ClusterError as error:
        rolled = Rolled(f"its pods cannot be watched: {error.cause}", asked=False)
    if rolled.fault is None:
        return MoveResult(name, namespace, Moved.DONE)
    result = await _restore(cluster, done, name, namespace, rolled.fault)
    if rolled.asked:
        # A KServe that did not follow the change does not follow the way back either.
        await ask_for_restart(cluster, name, namespace)
    return result


async def _rollout(cluster: UpgradeCluster, move: DeploymentMove) -> Rollout:
    deployment = move.deployment
    old = {str(_name(change.old)) for part in move.parts for change in part.changes}
    new = {str(change.new) for part in move.parts for change in part.changes if change.new}
    before = await pods_of(cluster, deployment.name, deployment.namespace)
    found = await deployment_of(cluster, deployment.name, deployment.namespace)
    return Rollout(
        deployment.name,
        deployment.namespace,
        deployment.wanted_pods,
        frozenset(new),
        frozenset(old - new),
        frozenset(pod["metadata"]["uid"] for pod in before),
        found["metadata"].get("generation", 0) if found else 0,
    )


def _name(old: object) -> object:
    return old.get("name") if isinstance(old, dict) else old


async def _patch(
    cluster: UpgradeCluster, part: PartChange, refresh: Refresh | None
) -> list[Manifest]:
    """Change one object at once; give the patch that undoes it."""
    metadata, changes = part.item["metadata"], list(part.changes)
    same, *renames = to_patch(part.item, changes)
    way_back = to_way_back(changes)
    if refresh is not None and refresh.runtime == metadata["uid"]:
        # It only adds behind what is there, so the places of the references stay.
        renames = [*refresh.patch, *renames]
        way_back = [*way_back, *refresh.way_back]
    await cluster.patch(
        part.resource, metadata["name"], metadata["namespace"], json_patch=[same, *renames]
    )
    return way_back


async def _restore(
    cluster: UpgradeCluster,
    done: Sequence[tuple[PartChange, list[Manifest]]],
    name: str,
    namespace: str,
    reason: str,
) -> MoveResult:
    for part, way_back in reversed(done):
        try:
            await cluster.patch(
                part.resource, part.item["metadata"]["name"], namespace, json_patch=way_back
            )
        except ClusterError as error:
            return MoveResult(name, namespace, Moved.STUCK, f"{reason}; {part}: {error.cause}")
    return MoveResult(name, namespace, Moved.RESTORED, reason)
