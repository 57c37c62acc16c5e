"""What `odh-nim deployments stop` and `start` do."""

import click

from odh_nim.cli import wiring
from odh_nim.cli.common import Target
from odh_nim.cli.follow_flow import follow_to_ready
from odh_nim.deployment import start, stop


async def stop_all(target: Target, names: tuple[str, ...], *, dry_run: bool) -> None:
    """Stop one after the other; the first failure ends it."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        for name in names:
            changed = await stop(client, name, namespace, dry_run=dry_run)
            click.echo(f"{name} {_word('stopped', changed=changed, dry_run=dry_run)}")


async def start_all(
    target: Target, names: tuple[str, ...], *, dry_run: bool, within: float | None
) -> None:
    """Start one after the other, then follow each."""
    async with wiring.connect(target) as client:
        namespace = wiring.project(target, client)
        for name in names:
            changed = await start(client, name, namespace, dry_run=dry_run)
            click.echo(f"{name} {_word('started', changed=changed, dry_run=dry_run)}")
        if within is not None:
            for name in names:
                await follow_to_ready(client, name, namespace, within=within)


def _word(done: str, *, changed: bool, dry_run: bool) -> str:
    if not changed:
        return f"was {done} already"
    return f"would be {done}" if dry_run else done
