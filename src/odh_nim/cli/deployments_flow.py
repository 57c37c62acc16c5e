"""What the reading commands of `odh-nim deployments` do."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from odh_nim.cli import deployments_output as shown
from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.deployments_everywhere import list_everywhere
from odh_nim.cli.duration import parse_duration
from odh_nim.cli.follow_flow import follow_to_ready
from odh_nim.cli.output import note, warn
from odh_nim.deployment import (
    DeploymentView,
    Remainders,
    deployment_events,
    deployment_logs,
    find_remainders,
    get_deployment,
    list_deployments,
    read_status,
)
from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.names import KSERVE_CONTAINER
from odh_nim.domain.resources import INFERENCE_SERVICES
from odh_nim.keys import find_pending

if TYPE_CHECKING:
    from odh_nim.cluster import Client

# Changes come in bursts: KServe writes a status several times a second.
_PAUSE = 0.5


@dataclass(frozen=True)
class LogChoice:
    """Which lines a person wants."""

    pod: str | None = None
    container: str = KSERVE_CONTAINER
    follow: bool = False
    previous: bool = False
    tail: int | None = None
    since: str | None = None


async def print_list(target: Target, *, everywhere: bool, watch: bool, output: str) -> None:
    """Print the deployments of a project or of all, and what killed runs left."""
    async with wiring.connect(target) as client:
        namespace = None if everywhere else wiring.project(target, client)
        views, left = await asyncio.gather(_list(client, namespace), _remainders(client, namespace))
        shown.print_views(views, output, with_project=everywhere)
        if not views and not everywhere:
            note(f"No deployments in project {namespace}.")
        shown.print_remainders(left)
        if namespace is not None:
            await _note_pending(client, namespace, views)
        if watch:
            await _watch(client, namespace, views, output)


async def _list(client: "Client", namespace: str | None) -> list[DeploymentView]:
    if namespace is None:
        return await list_everywhere(client)
    return await list_deployments(client, namespace)


async def _note_pending(client: "Client", namespace: str, views: Sequence[DeploymentView]) -> None:
    """Name what still runs with the key before the last rotation, where that may be looked up."""
    keys = {view.name: view.key_secret for view in views if view.key_secret and not view.stopped}
    with contextlib.suppress(ForbiddenError):
        if behind := await find_pending(client, namespace, keys):
            warn(f"Restart pending, running with an older key: {', '.join(behind)}")
            note(f"  restart: odh-nim keys rotate -n {namespace} --resume")


async def _remainders(client: "Client", namespace: str | None) -> Remainders | None:
    """Look for what killed runs left; who may not look is not troubled with it."""
    with contextlib.suppress(ForbiddenError):
        return await find_remainders(client, namespace)
    return None


async def _watch(
    client: "Client", namespace: str | None, before: list[DeploymentView], output: str
) -> None:
    """Print a row again when it changes, as kubectl does."""
    known = {(view.namespace, view.name): view for view in before}
    async for event in client.watch(INFERENCE_SERVICES, namespace):
        if event.type == "BOOKMARK":
            continue
        await asyncio.sleep(_PAUSE)
        views = await _list(client, namespace)
        changed = [view for view in views if known.get((view.namespace, view.name)) != view]
        known = {(view.namespace, view.name): view for view in views}
        if changed:
            shown.print_views(changed, output, with_project=namespace is None, with_headings=False)


async def print_one(target: Target, name: str, output: str) -> None:
    """Print one deployment."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        view = await get_deployment(client, name, namespace)
        shown.print_view(view, output)
        await _note_pending(client, namespace, [view])


async def print_status(target: Target, name: str, output: str, *, within: float | None) -> None:
    """Print how far a deployment is; with a time, follow it to the end."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        if within is not None:
            await get_deployment(client, name, namespace)
            await follow_to_ready(client, name, namespace, within=within)
        status = await read_status(client, name, namespace)
    shown.print_status(name, status, output)


async def print_logs(target: Target, name: str, choice: LogChoice) -> None:
    """Print lines as they come."""
    since = int(parse_duration(choice.since)) if choice.since else None
    async with wiring.connect(target) as client:
        lines = deployment_logs(
            client,
            name,
            wiring.project(target, client),
            pod=choice.pod,
            container=choice.container,
            follow=choice.follow,
            previous=choice.previous,
            tail_lines=choice.tail,
            since_seconds=since,
        )
        async for line in lines:
            click.echo(line)


async def print_events(target: Target, name: str, output: str) -> None:
    """Print the events, oldest first."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        events = await deployment_events(client, name, namespace)
        if not events:
            # Nothing was found: because there are none, or because there is no deployment.
            await get_deployment(client, name, namespace)
    shown.print_events(events, output)
    if not events and output == "table":
        note("No events: Kubernetes forgets them after an hour.")


async def print_explanations(target: Target, name: str, output: str) -> None:
    """Print why a deployment does not serve."""
    async with wiring.connect(target) as client:
        status = await read_status(client, name, wiring.project(target, client))
    shown.print_explanations(name, status, output)
