"""Moves one deployment, or those that share a runtime, to other Secrets; what fails is put back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from odh_nim.domain.errors import ClusterError
from odh_nim.domain.manifest import Manifest
from odh_nim.upgrade.migration import DeploymentMove, PartChange
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


@dataclass
class _Group:
    """Deployments on their way together, the patches that were made, and who was asked to roll."""

    moves: Sequence[DeploymentMove]
    rollouts: dict[str, Rollout] = field(default_factory=dict)
    done: list[tuple[PartChange, list[Manifest]]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def all_are(self, moved: Moved, reason: str) -> list[MoveResult]:
        places = [(move.deployment.name, move.deployment.namespace) for move in self.moves]
        return [MoveResult(name, namespace, moved, reason) for name, namespace in places]


def together(moves: Sequence[DeploymentMove]) -> Iterator[list[DeploymentMove]]:
    """Give those that share a runtime at once: one change of it restarts them all."""
    done: set[str] = set()
    for move in moves:
        shared = {move.deployment.name, *move.deployment.shared_with}
        if move.deployment.name not in done:
            yield [one for one in moves if one.deployment.name in shared]
            done |= shared


async def move_group(
    cluster: UpgradeCluster,
    moves: Sequence[DeploymentMove],
    options: MigrateOptions,
    told: Callable[[str], None],
) -> list[MoveResult]:
    """Change the references of deployments that belong together, and see each through."""
    group = _Group(moves)
    try:
        for move in moves:
            group.rollouts[move.deployment.name] = await _rollout(cluster, move, moves)
        for part in (part for move in moves for part in move.parts):
            told(f"{part}: changing its references")
            group.done.append((part, await _patch(cluster, part, options.refreshes)))
    except ClusterError as error:
        return await _restore(cluster, group, error.cause)
    results: list[MoveResult] = []
    for move in moves:
        moved, fault = await _see_through(cluster, group, move, options, told)
        if fault is not None:
            return await _restore(cluster, group, fault)
        results.append(MoveResult(move.deployment.name, move.deployment.namespace, moved))
    return results


async def _see_through(
    cluster: UpgradeCluster,
    group: _Group,
    move: DeploymentMove,
    options: MigrateOptions,
    told: Callable[[str], None],
) -> tuple[Moved, str | None]:
    deployment = move.deployment
    rollout = group.rollouts[deployment.name]
    if deployment.nim_service is not None:
        return Moved.OPERATED, None
    if deployment.is_stopped or rollout.sleeps:
        return Moved.STOPPED, None
    if options.within is None:
        return Moved.NOT_WAITED, None
    told(f"{deployment.name}: waiting for a new pod with the new references")
    try:
        rolled = await roll(cluster, rollout, options.within, pace=options.pace, told=told)
    except ClusterError as error:
        rolled = Rolled(f"its pods cannot be watched: {error.cause}", asked=False)
    if rolled.asked:
        group.asked.append(deployment.name)
    return Moved.DONE, rolled.fault


async def _rollout(
    cluster: UpgradeCluster, move: DeploymentMove, moves: Sequence[DeploymentMove]
) -> Rollout:
    """Look at the pods before anything changes; a shared runtime's changes are each one's."""
    deployment = move.deployment
    own = {item["metadata"]["uid"] for _, item in deployment.parts()}
    parts = [part for one in moves for part in one.parts if part.item["metadata"]["uid"] in own]
    old = {str(_name(change.old)) for part in parts for change in part.changes}
    new = {str(change.new) for part in parts for change in part.changes if change.new}
    before = await pods_of(cluster, deployment.name, deployment.namespace)
    found = await deployment_of(cluster, deployment.name, deployment.namespace)
    wants_none = deployment.scales_to_zero or (found or {}).get("spec", {}).get("replicas") == 0
    return Rollout(
        deployment.name,
        deployment.namespace,
        deployment.wanted_pods,
        frozenset(new),
        frozenset(old - new),
        frozenset(pod["metadata"]["uid"] for pod in before),
        found["metadata"].get("generation", 0) if found else 0,
        sleeps=wants_none and not before,
    )


def _name(old: object) -> object:
    return old.get("name") if isinstance(old, dict) else old


async def _patch(
    cluster: UpgradeCluster, part: PartChange, refreshes: Sequence[Refresh]
) -> list[Manifest]:
    """Change one object at once; give the patch that undoes it."""
    metadata, changes = part.item["metadata"], list(part.changes)
    refresh = next((one for one in refreshes if one.runtime == metadata["uid"]), None)
    same, *renames = to_patch(part.item, changes)
    way_back = to_way_back(changes)
    if refresh is not None:
        # It only adds behind what is there, so the places of the references stay.
        renames = [*refresh.patch, *renames]
        way_back = [*way_back, *refresh.way_back]
    await cluster.patch(
        part.resource, metadata["name"], metadata["namespace"], json_patch=[same, *renames]
    )
    return way_back


async def _restore(cluster: UpgradeCluster, group: _Group, reason: str) -> list[MoveResult]:
    """Bring the old references back, and ask those to roll that do not follow by themselves."""
    for part, way_back in reversed(group.done):
        metadata = part.item["metadata"]
        try:
            await cluster.patch(
                part.resource, metadata["name"], metadata["namespace"], json_patch=way_back
            )
        except ClusterError as error:
            return group.all_are(Moved.STUCK, f"{reason}; {part}: {error.cause}")
    for name in group.asked:
        try:
            # A KServe that did not follow the change does not follow the way back either.
            await ask_for_restart(cluster, name, group.rollouts[name].namespace)
        except ClusterError as error:
            reason = f"{reason}; {name} could not be restarted: {error.cause}"
    return group.all_are(Moved.RESTORED, reason)
