import threading
import time

import pytest

from odh_nim.airgap.events import Event, Meter
from odh_nim.domain.image import ImageReference
from odh_nim.registry.patience import Patience
from support.registry_clients import QUICK
from support.registry_images import DOCKER, image, index, layer
from support.registry_plans import mirror, nim_source, publish, references
from support.registry_server import FakeRegistry, Fault, serve


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_each_byte_is_read_and_sent_once_at_any_number_of_threads(workers: int) -> None:
    """AG-10, R-AIR-03: three images share a layer."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        read_before = source.read.total()

        outcome = made.copy(plan, two, workers=workers)

    layers = sum(blob.size for blob in plan.blobs.values())
    assert outcome.exit_code == 0
    assert len(outcome.done) == 3
    assert source.read.total() - read_before == layers
    assert target.received == layers
    assert plan.naive_bytes > 1.7 * plan.unique_bytes
    assert target.count("mount=") == 2
    assert {repository for repository, _ in target.manifests} == {
        "nim/team/m0", "nim/team/m1", "nim/team/m2"
    }  # fmt: skip


def test_manifests_come_after_all_their_blobs_byte_for_byte() -> None:
    """AG-13, AG-14: the stand-in refuses a manifest without its blobs, and keeps the bytes."""
    source, target = FakeRegistry(), FakeRegistry()
    docker = image([layer(2000, "d")], docker=True, indent=5)
    publish(source, "nim/team/docker", "1.0.0", docker)
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*(ImageReference("nim/team/docker", "1.0.0", None, one),))

        assert made.copy(plan, two).exit_code == 0

    assert target.manifests["nim/team/docker", "1.0.0"] == (docker.body, DOCKER)


def test_a_second_run_asks_once_per_image_and_moves_nothing() -> None:
    """AG-16."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        made.copy(plan, two)
        asked, received, read = len(target.requests), target.received, source.read.total()
        began = time.monotonic()

        outcome = made.copy(plan, two)

    assert sorted(outcome.there) == [each.name for each in plan.images]
    assert outcome.exit_code == 0
    assert len(target.requests) - asked == 3
    assert (target.received, source.read.total()) == (received, read)
    assert time.monotonic() - began < 0.5


@pytest.mark.parametrize("answer", ["202", "403", "404", "405"])
def test_a_registry_that_refuses_mounts_still_gets_everything(answer: str) -> None:
    """AG-15, AG-61, F45: what is sent more than planned is planned anew, and never over 100 %."""
    source, target = nim_source(), FakeRegistry(mounts="begin" if answer == "202" else answer)
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        outcome = made.copy(plan, two)

    assert outcome.exit_code == 0
    assert target.uploads == {}
    told = [event for event in made.events if event.event == "progress"]
    assert all(event.done_bytes <= event.total_bytes for event in told)
    sent = sum(blob.size for each in plan.images for blob in each.blobs)
    assert told[-1].done_bytes == told[-1].total_bytes == sent


def test_a_damaged_blob_is_fetched_once_more_then_named_and_the_others_go_on() -> None:
    """AG-23, AG-62: bits 16 and 32."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        bad = plan.images[1].blobs[-1].digest
        source.faults = [Fault("flip", f"GET .*{bad}", times=99)]
        asked = source.count(f"GET .*blobs/{bad}")

        outcome = made.copy(plan, two)

    assert outcome.exit_code == 16 + 32
    assert [failure.image for failure in outcome.failures] == [plan.images[1].name]
    assert bad in outcome.failures[0].message
    assert plan.images[1].name in outcome.failures[0].message
    assert source.count(f"GET .*blobs/{bad}") - asked == 2
    assert bad not in target.blobs
    assert len(outcome.done) == 2
    assert target.uploads == {}


def test_a_blob_that_is_damaged_once_comes_right_the_second_time() -> None:
    """AG-23."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        bad = plan.images[1].blobs[-1].digest
        source.faults = [Fault("flip", f"GET .*{bad}")]

        assert made.copy(plan, two).exit_code == 0


def test_a_source_that_refuses_one_image_leaves_the_others_alone() -> None:
    """AG-62: bits 4 and 32."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        source.faults = [Fault("403", "GET .*m2/blobs/.*", times=99)]

        outcome = made.copy(plan, two)

    assert outcome.exit_code == 4 + 32
    assert [failure.image.rpartition("/")[2] for failure in outcome.failures] == ["m2:1.0.0"]


def test_a_closed_repository_at_the_destination_closes_only_its_own_image() -> None:
    """AG-62: bits 8 and 32."""
    source, target = nim_source(), FakeRegistry(faults=[Fault("403", "POST .*/m0/", times=99)])
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        outcome = made.copy(made.plan(*references(one)), two)

    assert outcome.exit_code == 8 + 32
    assert len(outcome.done) == 2


def test_the_first_fault_ends_the_run_where_that_is_wanted() -> None:
    source, target = nim_source(), FakeRegistry(faults=[Fault("403", "POST", times=99)])
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        outcome = made.copy(made.plan(*references(one)), two, keep_going=False, workers=1)

    assert outcome.exit_code == 8
    assert target.manifests == {}


def test_a_destination_that_is_away_for_a_while_is_waited_for_and_told() -> None:
    """AG-21."""
    source, target = nim_source(), FakeRegistry()
    waits: list[tuple[str, float, str]] = []
    outcomes = []
    first = serve(target)
    two = first.__enter__()
    with serve(source) as one, mirror(one, two, on_wait=lambda *w: waits.append(w)) as made:
        plan = made.plan(*references(one))
        assert made.stores[two].digest_of("nim/x", "y") is None
        first.__exit__(None, None, None)
        thread = threading.Thread(target=lambda: outcomes.append(made.copy(plan, two)))
        thread.start()
        time.sleep(0.4)
        with serve(target, port=int(two.rpartition(":")[2])):
            thread.join(20)

    assert outcomes[0].exit_code == 0
    assert waits
    assert {wait[0] for wait in waits} == {two}


def test_a_destination_that_stays_away_ends_with_its_bit() -> None:
    """AG-21, AG-62; R-TST-04."""
    source, target = nim_source(), FakeRegistry()
    patience = Patience(first=0.3, lasting=0.3, base=0.02, cap=0.1, stall=1, connect=1)
    with serve(target) as two:
        pass
    with serve(source) as one, mirror(one, two, patience=patience) as made:
        outcome = made.copy(made.plan(*references(one)), two)

    assert outcome.exit_code == 8
    assert "refused" in outcome.failures[0].message


def test_a_stopped_run_takes_its_uploads_back_and_the_next_goes_on() -> None:
    """AG-27."""
    source = nim_source(shared=2_000_000, own=1_500_000)
    target = FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        slow = max(plan.blobs.values(), key=lambda blob: blob.size)
        source.faults = [Fault("mid-stall", f"GET .*{slow.digest}", at=1_000_000, seconds=1)]

        def end() -> None:
            time.sleep(0.3)
            made.stop.set()
            for store in made.stores.values():
                store.abort()

        thread = threading.Thread(target=end)
        thread.start()
        stopped = made.copy(plan, two)
        thread.join()
        made.stop.clear()

        assert stopped.exit_code == 130
        assert target.uploads == {}
        assert not any(tag == "1.0.0" for _, tag in target.manifests)
        assert made.copy(plan, two).exit_code == 0


def test_all_platforms_keep_the_index_and_one_platform_is_the_child() -> None:
    """AG-04."""
    source, target = FakeRegistry(), FakeRegistry()
    amd, arm = image([layer(1000, "amd")]), image([layer(1000, "arm")], architecture="arm64")
    for each in (amd, arm):
        publish(source, "nim/team/m0", each.digest, each)
    both = index((amd, "amd64"), (arm, "arm64"))
    publish(source, "nim/team/m0", "1.0.0", both)
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        single = made.plan(*references(one, 1))
        whole = made.plan(*references(one, 1), all_platforms=True)
        assert made.copy(single, two).exit_code == 0
        assert target.manifests["nim/team/m0", "1.0.0"][0] == amd.body
        assert ("nim/team/m0", arm.digest) not in target.manifests

        assert made.copy(whole, two).exit_code == 0

    assert target.manifests["nim/team/m0", "1.0.0"][0] == both.body
    assert ("nim/team/m0", arm.digest) in target.manifests
    assert single.images[0].manifest.platform == "linux/amd64"


def test_a_prefix_goes_before_every_repository() -> None:
    source, target = nim_source(1), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        made.copy(made.plan(*references(one, 1)), two, prefix="nvidia/mirror")

    assert ("nvidia/mirror/nim/team/m0", "1.0.0") in target.manifests


def test_a_recheck_mends_a_mirror_that_lost_a_blob() -> None:
    source, target = nim_source(1), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one, 1))
        made.copy(plan, two)
        target.links.discard(("nim/team/m0", plan.images[0].blobs[-1].digest))

        made.copy(plan, two, recheck=True)

    assert ("nim/team/m0", plan.images[0].blobs[-1].digest) in target.links


def test_the_meter_tells_rate_and_time_left() -> None:
    """AG-61."""
    now, told = [0.0], list[Event]()
    meter = Meter(1000, told.append, clock=lambda: now[0])
    for _ in range(5):
        now[0] += 1
        meter.add(100)

    assert told[-1].done_bytes == 500
    assert told[-1].rate == 100
    assert told[-1].seconds_left == 5


def test_patience_of_a_user_is_ten_minutes_and_a_stall_thirty_seconds() -> None:
    """AG-21, AG-25."""
    assert Patience().lasting == 600
    assert Patience().stall == 30
    assert QUICK.lasting < 10
