"""Moves a plan from a source to a destination: every blob once, manifests last.

Blobs are the work, not images: threads take them in the order in which images need them, so a
shared layer moves once at any number of threads. An image's manifests follow as soon as its last
blob is there. One image's fault is never another's.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from odh_nim.airgap.events import Event, Meter, Sink
from odh_nim.airgap.hashing import CheckedBlob
from odh_nim.airgap.oci import Blob
from odh_nim.airgap.outcome import DESTINATION_BIT, INTEGRITY_BIT, SOURCE_BIT, Failure, Outcome
from odh_nim.airgap.plan import Plan, PlannedImage
from odh_nim.airgap.ports import Destination, Source
from odh_nim.airgap.workers import URGENT, Workers, for_each
from odh_nim.domain.errors import (
    BundleError,
    DigestError,
    DiskError,
    OdhNimError,
    TransferStoppedError,
)

# A wrong digest is fetched once more: a bad cache on the way is more likely than a bad blob.
_DIGEST_TRIES: Final = 2


class _SideError(Exception):
    """An error of one side, on its way through the other."""

    def __init__(self, error: OdhNimError, bit: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.bit = bit


@dataclass
class _Job:
    """A blob, the images that wait for it, and the places that must have it."""

    blob: Blob
    images: list[PlannedImage] = field(default_factory=list)
    places: list[str] = field(default_factory=list)


class Transfer:
    """One run."""

    def __init__(
        self,
        source: Source,
        destination: Destination,
        *,
        workers: int = 4,
        sink: Sink = lambda _event: None,
        stop: threading.Event | None = None,
        keep_going: bool = True,
        left_out: frozenset[str] = frozenset(),
        homes: Mapping[str, Sequence[str]] | None = None,
        move_all: bool = False,
    ) -> None:
        """Prepare a run.

        `left_out` are blobs that the destination has from an earlier bundle, `homes` the places
        where it has them. With `move_all` blobs move also for images that have failed already.
        """
        self._source = source
        self._destination = destination
        self._threads = workers
        self._workers = Workers(workers)
        self._sink_unlocked = sink
        self._stop = stop or threading.Event()
        self._keep_going = keep_going
        self._left_out = left_out
        self._homes = homes or {}
        self._move_all = move_all
        self._lock = threading.RLock()
        self._waiting: dict[str, int] = {}
        self._failed: dict[str, Failure] = {}
        self._outcome = Outcome()
        self._meter = Meter(0, self._sink)
        self._failed_fast = False

    def run(self, plan: Plan) -> Outcome:
        """Move everything that is not there; returns also when images failed."""
        missing: set[str] = set()

        def look(image: PlannedImage) -> None:
            if self._is_missing(image):
                with self._lock:
                    missing.add(image.name)

        for_each(plan.images, look, at_once=max(self._threads, 4))
        images = [image for image in plan.images if image.name in missing]
        jobs = self._jobs(images)
        self._meter.total = sum(job.blob.size for job in jobs)
        for job in jobs:
            self._workers.add(lambda job=job: self._blob(job))  # type: ignore[misc]  # bound at once
        for image in images:
            if not image.blobs:
                self._image_ready(image)
        self._workers.run()
        self._meter.tell()
        return self._result()

    def _result(self) -> Outcome:
        outcome = self._outcome
        outcome.failures = [self._failed[name] for name in sorted(self._failed)]
        outcome.stopped = self._stop.is_set() and not self._failed_fast
        outcome.done.sort()
        outcome.there.sort()
        return outcome

    # ── What is missing ─────────────────────────────────────────────────────────────────────────
    def _is_missing(self, image: PlannedImage) -> bool:
        if self._stop.is_set():
            return False
        try:
            if not self._destination.is_complete(image):
                return True
        except TransferStoppedError:
            return False
        except OdhNimError as error:
            self._fail(image, error, DESTINATION_BIT)
            return False
        with self._lock:
            self._outcome.there.append(image.name)
        self._sink(Event("image", name=image.name, status="there"))
        return False

    def _jobs(self, images: list[PlannedImage]) -> list[_Job]:
        jobs: dict[str, _Job] = {}
        for image in images:
            self._waiting[image.name] = len(image.blobs)
            for blob in image.blobs:
                job = jobs.setdefault(blob.digest, _Job(blob))
                job.images.append(image)
                if (place := self._destination.place(image)) not in job.places:
                    job.places.append(place)
        return list(jobs.values())

    # ── Blobs ───────────────────────────────────────────────────────────────────────────────────
    def _blob(self, job: _Job) -> None:
        wanted = [image for image in job.images if self._move_all or image.name not in self._failed]
        try:
            if wanted and not self._stop.is_set():
                self._move(job, wanted[0])
        except TransferStoppedError:
            # Whoever stopped the run says so.
            return
        except _SideError as side:
            self._give_up(job, side.error, side.bit)
        except DigestError as error:
            self._give_up(job, error, INTEGRITY_BIT)
        except OdhNimError as error:
            self._give_up(job, error, DESTINATION_BIT)
        for image in job.images:
            with self._lock:
                self._waiting[image.name] -= 1
                ready = self._waiting[image.name] == 0
            if ready:
                self._image_ready(image)

    def _move(self, job: _Job, image: PlannedImage) -> None:
        blob = job.blob
        homes = [*job.places, *self._homes.get(blob.digest, ())]
        there = [place for place in dict.fromkeys(homes) if self._destination.has(place, blob)]
        status = "there" if there else "moved"
        if there:
            self._skip(blob.size)
        elif blob.digest in self._left_out:
            raise _missing(blob)
        for place in job.places:
            if place not in there:
                self._provide(place, job, image, there)
        if there:
            self._sink(Event("blob", name=blob.digest, status=status, bytes=blob.size))

    def _provide(self, place: str, job: _Job, image: PlannedImage, there: list[str]) -> None:
        try:
            if not there:
                self._store(place, job.blob, image)
            elif not self._destination.link(place, job.blob, there[0]):
                # Nobody could know before that this registry links nothing.
                self._expect_more(job.blob.size)
                self._store(place, job.blob, image)
            there.append(place)
        except (TransferStoppedError, DigestError):
            raise
        except OdhNimError as error:
            # This place is closed; the blob may still be welcome in the others.
            for each in job.images:
                if self._destination.place(each) == place:
                    self._fail(each, error, DESTINATION_BIT)

    def _store(self, place: str, blob: Blob, image: PlannedImage) -> None:
        for last in [False] * (_DIGEST_TRIES - 1) + [True]:
            counted = 0

            def count(size: int) -> None:
                nonlocal counted
                counted += size
                self._count(size)

            checked = CheckedBlob(
                blob, image.name, lambda offset: self._read(image, blob, offset), on_bytes=count
            )
            try:
                self._destination.store(place, blob, checked)
            except DigestError:
                if last:
                    raise
                self._count(-counted)
            else:
                # What was read twice, or was there before, does not count for the time left.
                self._count(blob.size - counted)
                return

    def _read(self, image: PlannedImage, blob: Blob, offset: int) -> Iterator[bytes]:
        try:
            yield from self._source.read(image, blob, offset)
        except (TransferStoppedError, DigestError):
            raise
        except OdhNimError as error:
            bit = INTEGRITY_BIT if isinstance(error, BundleError) else SOURCE_BIT
            raise _SideError(error, bit) from error

    # ── Images ──────────────────────────────────────────────────────────────────────────────────
    def _image_ready(self, image: PlannedImage) -> None:
        self._workers.add(lambda: self._finish(image), priority=URGENT)

    def _finish(self, image: PlannedImage) -> None:
        if image.name in self._failed or self._stop.is_set():
            return
        bit = SOURCE_BIT
        try:
            digests = [*(child.digest for child in image.children), image.manifest.digest]
            manifests = [self._source.manifest(image, digest) for digest in digests]
            bit = DESTINATION_BIT
            self._destination.finish(image, manifests)
        except TransferStoppedError:
            return
        except (DigestError, BundleError) as error:
            self._fail(image, error, INTEGRITY_BIT)
        except OdhNimError as error:
            self._fail(image, error, bit)
        else:
            with self._lock:
                self._outcome.done.append(image.name)
            self._sink(Event("image", name=image.name, status="done"))

    def _give_up(self, job: _Job, error: OdhNimError, bit: int) -> None:
        for image in job.images:
            self._fail(image, error, bit)

    def _fail(self, image: PlannedImage, error: OdhNimError, bit: int) -> None:
        with self._lock:
            if image.name in self._failed:
                return
            self._failed[image.name] = Failure(image.name, bit, str(error))
            # Nothing more fits on a full disk, whichever image it is of.
            if not self._keep_going or isinstance(error, DiskError):
                self._failed_fast = True
                self._stop.set()
        self._sink(Event("image", name=image.name, status="failed", error=str(error)))

    def _count(self, size: int) -> None:
        with self._lock:
            self._meter.add(size)

    def _expect_more(self, size: int) -> None:
        with self._lock:
            self._meter.total += size

    def _skip(self, size: int) -> None:
        with self._lock:
            self._meter.skip(size)

    def _sink(self, event: Event) -> None:
        with self._lock:
            self._sink_unlocked(event)


def _missing(blob: Blob) -> OdhNimError:
    return BundleError(
        f"{blob.digest} is not in this bundle, and the registry does not have it.",
        remedy="Push the bundle that this one was made after first.",
    )
