"""Bundles for tests."""

from pathlib import Path

from odh_nim.airgap.bundle.reader import Bundle, open_bundle
from odh_nim.airgap.carry import PullRequest, pull, push, request_pull
from odh_nim.airgap.outcome import Outcome
from odh_nim.airgap.plan import Plan
from odh_nim.airgap.plan_file import render_plan
from odh_nim.airgap.registries import RegistryDestination, RegistrySource
from odh_nim.airgap.verified import Verified
from support.registry_plans import Mirror


def request(
    plan: Plan,
    folder: Path,
    *,
    volume_size: int = 0,
    since: tuple[Bundle, ...] = (),
    baseline: Verified | None = None,
    list_folder: Path | None = None,
) -> PullRequest:
    return request_pull(
        plan,
        render_plan(plan),
        folder,
        volume_size=volume_size,
        since=since,
        baseline=baseline,
        list_folder=list_folder,
    )


def pull_bundle(made: Mirror, wanted: PullRequest, *, workers: int = 4) -> Outcome:
    return pull(
        wanted,
        RegistrySource(made.open),
        workers=workers,
        sink=made.events.append,
        stop=made.stop,
    )


def push_bundle(
    made: Mirror,
    folder: Path,
    host: str,
    *,
    prefix: str = "",
    volumes: tuple[Path, ...] = (),
    spool: Path | None = None,
) -> Outcome:
    bundle = open_bundle(folder, volumes=volumes, spool=spool)
    destination = RegistryDestination(made.stores[host], prefix)
    return push(bundle, destination, prefix=prefix, sink=made.events.append, stop=made.stop)
