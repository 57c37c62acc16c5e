"""What `odh-nim upgrade migrate` does: find, show, check the key, move one after the other."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.installed import Configured, find_configuration
from odh_nim.cli.key_input import can_prompt, read_key
from odh_nim.cli.keys_flow import check_or_not
from odh_nim.cli.output import note, print_data, print_table, warn
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError, MigrationFailedError
from odh_nim.domain.protocol import Protocol
from odh_nim.keys import KeyState
from odh_nim.manifests.templates import packaged_template
from odh_nim.upgrade.deployments import OldProject, find_projects
from odh_nim.upgrade.migrate import migrate_project
from odh_nim.upgrade.migration import (
    ProjectMove,
    plan_deployment_move,
    plan_project_move,
    stored_key,
)
from odh_nim.upgrade.move import MigrateOptions, Moved, MoveResult
from odh_nim.upgrade.refresh import Refresh, plan_refresh

if TYPE_CHECKING:
    from odh_nim.cluster import Client


@dataclass(frozen=True)
class Migrating:
    """What a person asks for."""

    deployment: str | None
    project: str | None
    everything: bool
    key_file: str | None
    reuse_key: bool
    refresh_runtime: bool
    yes: bool
    skip_check: bool
    within: float | None
    output: str


async def migrate(target: Target, asked: Migrating, applications_namespace: str | None) -> None:
    """Move what was asked for; the first failure ends it, and is put back."""
    async with wiring.connect(target) as client:
        namespace = _namespace(target, asked, client)
        projects = await find_projects(client, namespace)
        refreshes = _refreshes(projects) if asked.refresh_runtime else ()
        moves = [_plan(project, asked, refreshes) for project in projects]
        if asked.deployment and not projects:
            raise InputError(f"{asked.deployment} in {namespace} is no NIM deployment.")
        due = [move for move in moves if move.moves]
        _show(moves, refreshes, asked.output)
        if not due:
            note("Nothing to do: no deployment names an old Secret.")
            return
        if not _is_agreed(asked):
            note("Nothing was changed: add --yes to do it.")
            return
        configured = await find_configuration(client, applications_namespace)
        results = await _walk(client, due, asked, configured, refreshes)
    _print_results(results, asked.output)


def _namespace(target: Target, asked: Migrating, client: "Client") -> str | None:
    ways = [bool(asked.deployment), bool(asked.project), asked.everything]
    if sum(ways) != 1:
        raise InputError("Name one DEPLOYMENT, one --project, or --all.")
    if asked.everything:
        return None
    return asked.project or wiring.project(target, client)


def _plan(project: OldProject, asked: Migrating, refreshes: Sequence[Refresh]) -> ProjectMove:
    refreshed = frozenset(one.runtime for one in refreshes)
    if asked.deployment is not None:
        return plan_deployment_move(project, asked.deployment, refreshed)
    return plan_project_move(project, refreshed)


def _refreshes(projects: Sequence[OldProject]) -> tuple[Refresh, ...]:
    shipped = packaged_template(Protocol.HTTP).runtime
    found = [
        plan_refresh(deployment.runtime, shipped)
        for project in projects
        for deployment in project.deployments
        if deployment.runtime is not None
    ]
    return tuple(one for one in found if one is not None)


def _is_agreed(asked: Migrating) -> bool:
    if asked.yes:
        return True
    return can_prompt() and asked.output == "table" and click.confirm("Do this now?", err=True)


async def _walk(
    client: "Client",
    due: Sequence[ProjectMove],
    asked: Migrating,
    configured: Configured,
    refreshes: tuple[Refresh, ...],
) -> list[MoveResult]:
    new = _new_key(due, asked)
    results: list[MoveResult] = []
    for move in due:
        key = stored_key(move.project) if new is None or not move.needs_key else new
        check = await check_or_not(key, configured, skip=asked.skip_check)
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        options = MigrateOptions(
            asked.within,
            refreshes=refreshes,
            checked_at=now if check.state is KeyState.VALID else None,
        )
        results += await migrate_project(client, move, key, options, told=note)
        if not all(result.is_fine for result in results):
            break
    return results


def _new_key(due: Sequence[ProjectMove], asked: Migrating) -> ApiKey | None:
    """Read a new key where a project needs one, unless the old one is to be kept."""
    needing = [move.project.namespace for move in due if move.needs_key]
    if not needing or asked.reuse_key:
        return None
    if len(needing) > 1:
        warn(f"one key for {len(needing)} projects: {', '.join(needing[:5])}")
    return read_key(asked.key_file, owner=f"project {needing[0]}")


def _show(moves: Sequence[ProjectMove], refreshes: Sequence[Refresh], output: str) -> None:
    for move in moves:
        for name, why in move.skipped:
            warn(f"{name} in {move.project.namespace} is left alone: {why}")
    if output != "table":
        return
    rows = [
        [move.project.namespace, one.deployment.name, str(part), f"{change.path}", _to(change.new)]
        for move in moves
        for one in move.moves
        for part in one.parts
        for change in part.changes
    ]
    if rows:
        print_table(["PROJECT", "DEPLOYMENT", "OBJECT", "REFERENCE", "BECOMES"], rows)
    for refresh in refreshes:
        click.echo(refresh.diff)
    restarts = sum(one.restarts for move in moves for one in move.moves)
    if restarts:
        note(
            f"{restarts} deployments restart once, one after the other. While a new pod starts it "
            "may need a second set of GPUs; where none is free the old pod stops first."
        )


def _to(new: Any) -> str:
    return "removed" if new is None else str(new)


def _print_results(results: Sequence[MoveResult], output: str) -> None:
    if output != "table":
        print_data(
            [
                {
                    "project": one.namespace,
                    "deployment": one.name,
                    "result": one.moved.value,
                    "reason": one.reason,
                }
                for one in results
            ],
            output,
        )
    else:
        for one in results:
            click.echo(f"{one.name} in {one.namespace}: {one.moved}")
    failed = next((one for one in results if not one.is_fine), None)
    if failed is not None:
        stuck = [f"InferenceService/{failed.name}"] if failed.moved is Moved.STUCK else []
        raise MigrationFailedError(failed.name, f"{failed.reason}.", stuck)
