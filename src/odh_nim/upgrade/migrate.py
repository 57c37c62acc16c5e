"""Moves a project's deployments to their new key: Secrets first, then one deployment at a time.

At no moment does a reference point to a Secret that is not there. What fails is put back.
"""

import copy
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
from odh_nim.upgrade.migration import ProjectMove, holds_key
from odh_nim.upgrade.move import MigrateOptions, Moved, MoveResult, move_group, together
from odh_nim.upgrade.ports import UpgradeCluster

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


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
    for group in together(move.moves):
        results += await move_group(cluster, group, options, told)
        if not all(result.is_fine for result in results):
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
