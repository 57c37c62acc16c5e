"""What stands behind `airgap plan`."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from odh_nim.airgap.bundle.files import write_file
from odh_nim.airgap.carry import PullRequest, totals_of
from odh_nim.airgap.from_cluster import list_served
from odh_nim.airgap.model_list import ModelList, parse_model_list, schema
from odh_nim.airgap.plan import Plan
from odh_nim.airgap.plan_file import render_plan
from odh_nim.airgap.resolve import Resolved, resolve
from odh_nim.cli.airgap_catalog import read_catalog
from odh_nim.cli.airgap_options import Access
from odh_nim.cli.airgap_progress import told_wait
from odh_nim.cli.airgap_registries import open_registries, settings_now
from odh_nim.cli.airgap_totals import figures, print_totals
from odh_nim.cli.common import Target
from odh_nim.cli.output import note, print_data, print_findings, warn
from odh_nim.domain.errors import InputError, MirrorPlanError

_AGENT: Final = "agent"


@dataclass(frozen=True)
class PlanWish:
    """What `airgap plan` was asked for."""

    models: Path
    catalog: Path | None
    all_platforms: bool
    out: Path | None


def print_schema() -> int:
    """Print the schema of the list."""
    click.echo(schema(), nl=False)
    return 0


async def print_served(target: Target) -> int:
    """Print the list of what the cluster serves."""
    from odh_nim.cli import wiring  # noqa: PLC0415 - only here a cluster is asked

    async with wiring.connect(target) as client:
        served = await list_served(client, target.namespace)
    print_findings(served.findings)
    click.echo(served.render(), nl=False)
    return 0


def make_plan(wish: PlanWish, access: Access, output: str) -> int:
    """Resolve a list, print the figures, write the plan."""
    wanted = _beside_plan(parse_model_list(_read(wish.models), name=str(wish.models)), wish)
    catalog = read_catalog(wish.catalog)
    with open_registries(access, settings_now(), told_wait) as registries:
        found = resolve(
            wanted, registries.source, catalog=catalog, all_platforms=wish.all_platforms
        )
    _print_plan(wish, found, output)
    if found.problems:
        raise MirrorPlanError(str(wish.models), [str(problem) for problem in found.problems])
    if not any(_AGENT in image.repository for image in found.plan.images):
        warn(
            "KServe's agent is not on the list; it runs in every pod of a NIM. "
            "`odh-nim airgap plan --from-cluster` finds its image."
        )
    if wish.out is not None:
        write_file(wish.out, render_plan(found.plan).encode())
        _tell_empty(found.plan, wish.out.parent)
        note(f"{wish.out}: {len(found.plan.images)} images")
    return 0


def _print_plan(wish: PlanWish, found: Resolved, output: str) -> None:
    request = PullRequest(found.plan, render_plan(found.plan), wish.out or Path())
    totals = totals_of(request)
    if output == "json":
        problems = [
            {"subject": each.subject, "code": each.code, "message": each.message}
            for each in found.problems
        ]
        print_data({**figures(totals), "problems": problems}, "json")
    else:
        print_totals(totals)
    for image in found.plan.images:
        if image.model and image.model.eu_restricted:
            warn(f"{image.name}: marked as restricted in the EU.")


def _beside_plan(wanted: ModelList, wish: PlanWish) -> ModelList:
    """Let folders of weights be found from the plan, which may stand elsewhere than the list."""
    lists_in = wish.models.resolve().parent
    plan_in = wish.out.resolve().parent if wish.out else lists_in
    if plan_in == lists_in:
        return wanted
    models = tuple(
        replace(model, weights=os.path.relpath(lists_in / model.weights, plan_in))
        if model.weights and not Path(model.weights).is_absolute()
        else model
        for model in wanted.models
    )
    return replace(wanted, models=models)


def _tell_empty(plan: Plan, folder: Path) -> None:
    """Say which weights are not there yet: `pull` would end on them."""
    folders = {image.model.weights for image in plan.images if image.model and image.model.weights}
    for each in sorted(folders):
        if not (folder / each).is_dir():
            note(f"weights: {folder / each} is not there yet; `pull` needs it filled.")


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
