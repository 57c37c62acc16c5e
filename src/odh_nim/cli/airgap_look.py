"""What stands behind `airgap verify`, `status` and `prune`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from odh_nim.airgap.bundle.files import write_file
from odh_nim.airgap.bundle.reader import Bundle, open_bundle
from odh_nim.airgap.outcome import INTEGRITY_BIT
from odh_nim.airgap.plan import Plan
from odh_nim.airgap.plan_file import plan_hash, read_plan
from odh_nim.airgap.prune import GARBAGE, Removal, plan_prune, prune, read_list, render_list
from odh_nim.airgap.status import Status, read_status
from odh_nim.airgap.verified import render_verified
from odh_nim.airgap.verify import verify_bundle, verify_registry
from odh_nim.cli.airgap_options import Access
from odh_nim.cli.airgap_progress import duration, size, told_wait
from odh_nim.cli.airgap_registries import open_registries, settings_now
from odh_nim.cli.output import note, print_data, print_facts, warn
from odh_nim.domain.errors import InputError, TransferError
from odh_nim.registry import Location

_JOURNAL: Final = ".journal.jsonl"


@dataclass(frozen=True)
class VerifyWish:
    """What `airgap verify` was asked for."""

    subject: Path
    registry: str | None
    deep: bool
    record: Path | None
    volumes: tuple[Path, ...]


def run_verify(wish: VerifyWish, access: Access, output: str) -> int:
    """Compare, print what is wrong, and record what was found."""
    if wish.registry is None:
        if not wish.subject.is_dir():
            raise InputError(f"{wish.subject} is no bundle.", remedy="Name a mirror: --registry.")
        bundle = open_bundle(wish.subject, volumes=wish.volumes)
        return _print_problems(str(wish.subject), bundle.plan, verify_bundle(bundle), output)
    plan, text = plan_of(wish.subject)
    place = Location.parse(wish.registry)
    with open_registries(access, settings_now(), told_wait) as registries:
        found = verify_registry(
            plan,
            plan_hash(text),
            registries.destination(place),
            name=str(place),
            prefix=place.prefix,
            deep=wish.deep,
        )
    if wish.record is not None:
        write_file(wish.record, render_verified(found))
        note(f"{wish.record}: {len(found.images)} of {len(plan.images)} images are there")
    return _print_problems(str(place), plan, list(found.problems), output)


def plan_of(subject: Path) -> tuple[Plan, str]:
    """Read the plan of a bundle, or a plan."""
    if subject.is_dir():
        bundle: Bundle = open_bundle(subject)
        return bundle.plan, bundle.plan_text
    return read_plan(subject)


def _print_problems(subject: str, plan: Plan, problems: list[str], output: str) -> int:
    if output == "json":
        print_data({"subject": subject, "images": len(plan.images), "problems": problems}, "json")
    if problems:
        lines = [f"{subject} is not what its plan says:", *(f"  {each}" for each in problems)]
        raise TransferError("\n".join(lines), bits=INTEGRITY_BIT)
    note(f"{subject}: all {len(plan.images)} images are as planned")
    return 0


# ── status ──────────────────────────────────────────────────────────────────────────────────────
def print_status(path: Path | None, output: str) -> int:
    """Print what a journal says."""
    found = read_status(_journal_of(path))
    if output == "json":
        print_data(found.to_data(), "json")
    else:
        _print_facts(found)
    return 0


def _journal_of(path: Path | None) -> Path:
    if path is not None:
        if path.is_dir():
            return path.with_name(f"{path.name}{_JOURNAL}")
        return path
    folder = settings_now().cache_home / "airgap"
    journals = sorted(folder.glob(f"*{_JOURNAL}"), key=lambda each: each.stat().st_mtime)
    if not journals:
        raise InputError("There is no journal.", remedy="Name a bundle or a journal.")
    return journals[-1]


def _print_facts(found: Status) -> None:
    print_facts(
        {
            "Run": f"{found.action} to {found.destination}",
            "State": found.state,
            "Images": f"{found.done_images} of {found.images}",
            "Bytes": f"{size(found.done_bytes)} of {size(found.total_bytes)}",
            "Rate": f"{size(found.rate)}/s" if found.rate else "",
            "Left": duration(found.seconds_left) if found.exit_code is None else "",
            "Waiting": found.waiting,
        }
    )
    for name, error in found.errors.items():
        click.echo(f"✗ {name}: {error}")


# ── prune ───────────────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class PruneWish:
    """What `airgap prune` was asked for."""

    registry: str
    keep: tuple[Path, ...]
    old: tuple[Path, ...]
    reviewed: Path | None
    out: Path | None
    yes: bool


def run_prune(wish: PruneWish, access: Access) -> int:
    """Write the list, or delete a reviewed one."""
    place = Location.parse(wish.registry)
    wanted = [read_plan(path)[0] for path in wish.keep]
    with open_registries(access, settings_now(), told_wait) as registries:
        store = registries.destination(place)
        if wish.reviewed is None:
            old = [read_plan(path)[0] for path in wish.old]
            removals = plan_prune(store, wanted, old, prefix=place.prefix)
            _write_list(render_list(str(place), removals), removals, wish.out)
            return 0
        reviewed = read_list(wish.reviewed, str(place))
        if not wish.yes:
            click.confirm(f"Delete {len(reviewed)} manifests from {place}?", abort=True, err=True)
        result = prune(store, reviewed, wanted, prefix=place.prefix)
    for removal in result.deleted:
        note(f"deleted {removal.repository}: {', '.join(removal.tags)} ({removal.digest})")
    for removal, reason in result.kept:
        warn(f"{removal.repository}@{removal.digest} stays: {reason}.")
    note(GARBAGE)
    return 0


def _write_list(text: str, removals: list[Removal], out: Path | None) -> None:
    if out is None:
        click.echo(text, nl=False)
    else:
        write_file(out, text.encode())
        note(f"{out}: {len(removals)} manifests to review; then run it again with --list {out}")
