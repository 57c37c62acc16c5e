"""Decides how a project or one deployment moves to a key of its own; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from odh_nim.domain import names
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError, InvalidKeyError, SecretConflictError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.upgrade.deployments import Held, OldDeployment, OldProject
from odh_nim.upgrade.digests import field_of, nvidia_password
from odh_nim.upgrade.renaming import Change, Renaming, find_changes


@dataclass(frozen=True)
class PartChange:
    """What changes in one object."""

    resource: ApiResource
    item: Manifest = field(repr=False)
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return f"{self.resource.kind}/{self.item['metadata']['name']}"


@dataclass(frozen=True)
class DeploymentMove:
    """What changes for one deployment."""

    deployment: OldDeployment
    parts: tuple[PartChange, ...]

    @property
    def restarts(self) -> bool:
        """Whether its pods are replaced by us."""
        return not self.deployment.is_stopped and self.deployment.nim_service is None


@dataclass(frozen=True)
class ProjectMove:
    """What changes in a project: the Secrets first, then one deployment after the other.

    `owner` names the deployment that gets an own key; None is the project's key. `rewrites` says
    that the old copy becomes the project's key in place: no reference ever dangles.
    """

    project: OldProject
    moves: tuple[DeploymentMove, ...]
    needs_key: bool
    rewrites: bool = False
    owner: str | None = None
    skipped: tuple[tuple[str, str], ...] = ()

    @property
    def writes_key(self) -> bool:
        """Whether the key's Secret is written; somebody else's is not."""
        return self.needs_key and (self.owner is not None or self.project.held is not Held.FOREIGN)

    @property
    def key_secret(self) -> str:
        """The Secret that containers read afterwards."""
        return names.key_secret(self.owner)

    @property
    def pull_secret(self) -> str:
        """The Secret that images are pulled with afterwards."""
        return names.pull_secret(self.owner)


def plan_project_move(project: OldProject, refreshed: frozenset[str] = frozenset()) -> ProjectMove:
    """Plan to give a project its own key, for all its deployments.

    Raises:
        SecretConflictError: `nvidia-nim-secrets` is somebody else's.

    """
    if project.held is Held.FOREIGN and _reads_project_key(project):
        raise SecretConflictError(
            f"Secret/{names.KEY_SECRET} in {project.namespace} has a shape that no dashboard "
            "wrote: it may be a user's own, and is neither changed nor used.",
            remedy="Migrate its deployments one by one: each gets a key of its own.",
        )
    renaming = Renaming(pulls=dict.fromkeys(project.old_pulls, names.PULL_SECRET))
    copied = project.held in (Held.COPY, Held.NOTHING) and _reads_project_key(project)
    # A new key reaches containers with their next start only.
    reading = frozenset(_reading(project)) if copied else frozenset()
    moves = _moves(project.deployments, renaming, refreshed, reading)
    return ProjectMove(
        project,
        moves,
        needs_key=copied or (bool(moves) and project.held is not Held.OWN),
        rewrites=copied,
        skipped=_skipped(project.deployments),
    )


def plan_deployment_move(
    project: OldProject, name: str, refreshed: frozenset[str] = frozenset()
) -> ProjectMove:
    """Plan to give one deployment an own key; where the project has its own, that one is kept.

    Raises:
        InputError: The deployment is none of the old ones, or shares its runtime.

    """
    chosen = [one for one in project.deployments if one.name == name]
    if not chosen:
        raise InputError(f"{name} in {project.namespace} is no NIM deployment.")
    if chosen[0].shared_with:
        raise InputError(
            f"{name} shares its ServingRuntime with {', '.join(chosen[0].shared_with)}.",
            remedy=f"Migrate them together: --project {project.namespace}",
        )
    if project.held is Held.OWN:
        own = OldProject(
            project.namespace,
            tuple(chosen),
            project.held,
            project.key_secret,
            project.pull_secret,
            project.old_pulls,
        )
        return plan_project_move(own, refreshed)
    renaming = Renaming(
        keys={names.KEY_SECRET: names.key_secret(name)},
        pulls=dict.fromkeys(project.old_pulls, names.pull_secret(name)),
    )
    moves = _moves(chosen, renaming, refreshed, frozenset())
    needs_key = any(part.changes for one in moves for part in one.parts)
    return ProjectMove(project, moves, needs_key, owner=name, skipped=_skipped(chosen))


def _moves(
    deployments: Sequence[OldDeployment],
    renaming: Renaming,
    refreshed: frozenset[str],
    reading: frozenset[str],
) -> tuple[DeploymentMove, ...]:
    found: list[DeploymentMove] = []
    done: set[str] = set()
    for deployment in deployments:
        parts = []
        for resource, item in deployment.parts():
            changes, uid = find_changes(item, renaming), item["metadata"]["uid"]
            if (changes or uid in refreshed) and uid not in done:
                parts.append(PartChange(resource, item, tuple(changes)))
                done.add(uid)
        shares = set(deployment.shared_with) & {one.deployment.name for one in found}
        if parts or shares or deployment.name in reading:
            found.append(DeploymentMove(deployment, tuple(parts)))
    return tuple(found)


def _skipped(deployments: Sequence[OldDeployment]) -> tuple[tuple[str, str], ...]:
    return tuple((one.name, one.why_not) for one in deployments if one.why_not)


def _reads_project_key(project: OldProject) -> bool:
    return any(True for _ in _reading(project))


def _reading(project: OldProject) -> Iterator[str]:
    """Name the deployments whose containers read the project's key."""
    renaming = Renaming(keys={names.KEY_SECRET: ""})
    for deployment in project.deployments:
        if any(find_changes(item, renaming) for _, item in deployment.parts()):
            yield deployment.name


def stored_key(project: OldProject) -> ApiKey:
    """Read the key that a project's Secret holds, to keep it.

    Raises:
        InputError: There is none, or it is of the old kind and cannot be kept.

    """
    value = field_of(project.key_secret or {}, names.API_KEY_FIELD)
    if value is None:
        raise InputError(f"Project {project.namespace} has no key to reuse: give a new one.")
    try:
        return ApiKey(value.strip())
    except InvalidKeyError as error:
        raise InputError(
            f"The key of project {project.namespace} cannot be reused: it is no personal key.",
            remedy="Make one (it starts with nvapi-) and give it with --key-file.",
        ) from error


def holds_key(secret: Manifest, key: ApiKey) -> bool:
    """Say whether a Secret holds exactly this key, wherever it holds one."""
    if secret.get("type") == "kubernetes.io/dockerconfigjson":
        return nvidia_password(secret) == key.reveal()
    data: dict[str, Any] = secret.get("data") or {}
    values = {field_of(secret, name) for name in names.API_KEY_FIELDS if name in data}
    return values == {key.reveal()}
