"""What stands behind `airgap pull`, `push` and `copy`: opens, runs, reports."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from odh_nim.airgap.bundle.files import OCI, writing
from odh_nim.airgap.bundle.reader import open_bundle
from odh_nim.airgap.carry import pull, push, request_pull, totals_of
from odh_nim.airgap.events import Event, Journal, Sink, stamped
from odh_nim.airgap.outcome import STOPPED, Outcome
from odh_nim.airgap.plan import Plan
from odh_nim.airgap.plan_file import plan_hash, read_plan
from odh_nim.airgap.registries import RegistryDestination, RegistrySource
from odh_nim.airgap.skopeo import End, Skopeo, skopeo_findings
from odh_nim.airgap.transfer import Transfer
from odh_nim.airgap.verified import read_verified
from odh_nim.cli.airgap_options import Access, Running
from odh_nim.cli.airgap_progress import Lines, json_lines
from odh_nim.cli.airgap_registries import Registries, open_registries, settings_now
from odh_nim.cli.airgap_totals import print_totals
from odh_nim.cli.output import note, warn
from odh_nim.domain.errors import (
    InputError,
    OdhNimError,
    TransferError,
    TransferStoppedError,
)
from odh_nim.domain.quantity import parse_quantity
from odh_nim.registry import Location


# ── pull, push, copy ────────────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class PullWish:
    """What `airgap pull` was asked for."""

    plan: Path
    bundle: Path
    volume_size: str | None
    since: tuple[Path, ...]
    baseline: Path | None


@dataclass(frozen=True)
class PushWish:
    """What `airgap push` was asked for."""

    bundle: Path
    destination: str
    volumes: tuple[Path, ...]
    spool: Path | None


def run_pull(wish: PullWish, access: Access, running: Running) -> int:
    """Make a bundle."""
    plan, text = read_plan(wish.plan)
    volume_size = _bytes(wish.volume_size) if wish.volume_size else 0
    request = request_pull(
        plan,
        text,
        wish.bundle,
        volume_size=volume_size,
        since=[open_bundle(each) for each in wish.since],
        baseline=read_verified(wish.baseline) if wish.baseline else None,
        list_folder=wish.plan.parent,
    )
    print_totals(totals_of(request))
    if running.dry_run:
        return 0
    if running.engine == "skopeo" and volume_size:
        raise InputError("skopeo writes no volumes.", remedy="Leave one of the two options out.")
    journal = running.journal or wish.bundle.with_name(f"{wish.bundle.name}.journal.jsonl")

    def work(registries: Registries, sink: Sink) -> Outcome:
        if running.engine == "skopeo":
            moved = _by_skopeo(plan, registries, End(layout=_layout(wish.bundle)), sink=sink)
            if moved.exit_code:
                return moved
        return pull(
            request,
            RegistrySource(registries.source),
            workers=running.workers,
            sink=sink,
            stop=registries.stop,
            keep_going=running.keep_going,
        )

    return _run(plan, text, str(wish.bundle), "pull", (access, running, journal), work)


def run_push(wish: PushWish, access: Access, running: Running) -> int:
    """Upload a bundle."""
    bundle = open_bundle(wish.bundle, volumes=wish.volumes, spool=wish.spool)
    place = Location.parse(wish.destination)
    plan = bundle.plan
    if bundle.volumes is not None:
        for problem in bundle.volumes.problems:
            warn(problem)

    def work(registries: Registries, sink: Sink) -> Outcome:
        if running.engine == "skopeo":
            source = End(layout=wish.bundle / OCI)
            return _by_skopeo(
                plan, registries, registries.destination_end(place), sink=sink, source=source
            )
        destination = RegistryDestination(registries.destination(place), place.prefix)
        if running.dry_run:
            return _look_only(plan, destination)
        return push(
            bundle,
            destination,
            prefix=place.prefix,
            workers=running.workers,
            sink=sink,
            stop=registries.stop,
            keep_going=running.keep_going,
        )

    journal = running.journal or _journal("push", bundle.plan_text, place)
    rest = (access, running, journal)
    return _run(plan, bundle.plan_text, str(place), "push", rest, work)


def run_copy(
    path: Path, destination: str, access: Access, running: Running, *, recheck: bool
) -> int:
    """Copy from registry to registry."""
    plan, text = read_plan(path)
    place = Location.parse(destination)

    def work(registries: Registries, sink: Sink) -> Outcome:
        if running.engine == "skopeo":
            return _by_skopeo(plan, registries, registries.destination_end(place), sink=sink)
        target = RegistryDestination(registries.destination(place), place.prefix, recheck=recheck)
        if running.dry_run:
            return _look_only(plan, target)
        transfer = Transfer(
            RegistrySource(registries.source),
            target,
            workers=running.workers,
            sink=sink,
            stop=registries.stop,
            keep_going=running.keep_going,
        )
        return transfer.run(plan)

    journal = running.journal or _journal("copy", text, place)
    return _run(plan, text, str(place), "copy", (access, running, journal), work)


def _bytes(text: str) -> int:
    """Read a size; `500K` too, which Kubernetes writes with a small k."""
    return int(parse_quantity(f"{text[:-1]}k" if text.endswith("K") else text, "size"))


def _layout(bundle: Path) -> Path:
    with writing(bundle):
        bundle.mkdir(parents=True, exist_ok=True)
    return bundle / OCI


def _look_only(plan: Plan, destination: RegistryDestination) -> Outcome:
    outcome = Outcome()
    for image in plan.images:
        if destination.is_complete(image):
            outcome.there.append(image.name)
        else:
            note(f"would copy {image.name} to {destination.place(image)}:{image.target}")
    return outcome


def _by_skopeo(
    plan: Plan,
    registries: Registries,
    destination: End,
    *,
    sink: Sink,
    source: End | None = None,
) -> Outcome:
    import os  # noqa: PLC0415 - for the environment of a program, here only

    for finding in skopeo_findings(os.environ):
        warn(finding)
    outcome = Outcome()
    for host in sorted({image.reference.registry for image in plan.images}):
        images = tuple(image for image in plan.images if image.reference.registry == host)
        end = source or registries.source_end(host)
        part = Skopeo(end, destination, os.environ, sink=sink).run(Plan(images, plan.platform))
        outcome.done += part.done
        outcome.failures += part.failures
    return outcome


def _journal(action: str, plan_text: str, place: Location) -> Path:
    host = str(place).replace("/", "_").replace(":", "_")
    folder = settings_now().cache_home / "airgap"
    return folder / f"{action}-{plan_hash(plan_text)[:12]}-{host}.journal.jsonl"


def _run(
    plan: Plan,
    text: str,
    destination: str,
    action: str,
    how: tuple[Access, Running, Path],
    work: Callable[[Registries, Sink], Outcome],
) -> int:
    access, running, path = how
    with _sinks(running, path) as sink:
        sink(
            Event(
                "start",
                action=action,
                plan=plan_hash(text),
                destination=destination,
                images=len(plan.images),
                total_bytes=plan.unique_bytes,
            )
        )

        def waits(host: str, seconds: float, cause: str) -> None:
            sink(Event("wait", host=host, seconds=round(seconds, 1), error=cause))

        code = 1
        try:
            with open_registries(access, settings_now(), waits) as registries:
                outcome = work(registries, sink)
            code = outcome.exit_code
        except OdhNimError as error:
            code = error.exit_code
            raise
        finally:
            sink(Event("end", exit_code=code))
    return _report(outcome, destination)


@contextmanager
def _sinks(running: Running, path: Path) -> Iterator[Sink]:
    shown: Sink = json_lines if running.output == "json" else Lines()
    if running.dry_run:
        yield stamped([shown])
        return
    journal = Journal(path)
    try:
        yield stamped([journal, shown])
    finally:
        journal.close()


def _report(outcome: Outcome, destination: str) -> int:
    if outcome.exit_code == STOPPED:
        raise TransferStoppedError
    note(f"{destination}: {len(outcome.done)} images copied, {len(outcome.there)} were there")
    if not outcome.failures:
        return 0
    lines = [f"{len(outcome.failures)} images did not go through:"]
    lines += [f"  {failure.image}: {failure.message}" for failure in outcome.failures]
    raise TransferError(
        "\n".join(lines), bits=outcome.exit_code, remedy="Run the same command again to go on."
    )
