import threading
import time

import pytest

from odh_nim.domain.errors import (
    RegistryError,
    RegistryMissingError,
    RegistryUnreachableError,
    TransferStoppedError,
)
from odh_nim.registry.logins import Login
from support.registry_clients import QUICK, open_store
from support.registry_images import noise
from support.registry_server import FakeRegistry, Fault, serve

MIB = 1024 * 1024
CONTENT = noise(2 * MIB, "blob")
REPOSITORY = "nim/meta/llama"


def read(host: str, registry: FakeRegistry, digest: str, **options: object) -> bytes:
    with open_store(host, **options) as store:  # type: ignore[arg-type]  # passed through
        return b"".join(store.read_blob(REPOSITORY, digest, len(CONTENT)))


@pytest.mark.parametrize(
    "fault",
    [
        Fault("429", "GET .*blobs", times=2, headers={"Retry-After": "0"}),
        Fault("500", "GET .*blobs", times=2),
        Fault("502", "GET .*blobs", times=2),
        Fault("503", "GET .*blobs", times=2),
        Fault("504", "GET .*blobs", times=2),
        Fault("reset", "GET .*blobs", times=2),
        Fault("cut", "GET .*blobs", times=2, at=MIB // 2),
        Fault("length", "GET .*blobs", times=2, at=-MIB),
    ],
    ids=lambda fault: fault.kind,
)
def test_each_fault_twice_is_survived_and_reads_at_most_five_percent_more(fault: Fault) -> None:
    """AG-20, R-TST-04; F43."""
    registry = FakeRegistry(faults=[fault])
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host:
        content = read(host, registry, digest)

    assert content == CONTENT
    assert registry.read[digest] <= len(CONTENT) * 1.05
    assert fault.times == 0


def test_a_source_without_ranges_sends_that_blob_again() -> None:
    """AG-20."""
    registry = FakeRegistry(ranges=False, faults=[Fault("cut", "GET .*blobs", at=MIB)])
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host:
        content = read(host, registry, digest)

    assert content == CONTENT
    assert registry.read[digest] == len(CONTENT) + MIB


def test_silence_counts_as_a_broken_connection_but_a_slow_blob_may_take_its_time() -> None:
    """AG-25: one stall per megabyte, longer together than the stall time."""
    registry = FakeRegistry(
        faults=[Fault("mid-stall", "GET .*blobs", times=2, at=MIB // 2, seconds=0.6)]
    )
    digest = registry.put(REPOSITORY, CONTENT)
    quick = QUICK.__class__(first=1, lasting=0.5, tries=4, base=0.01, cap=0.05, stall=0.3)

    began = time.monotonic()
    with serve(registry) as host:
        content = read(host, registry, digest, patience=quick)

    assert content == CONTENT
    # Two stalls of 0.3 s each: more than the whole patience, which counts from the last progress.
    assert time.monotonic() - began > 0.5


def test_a_source_that_is_killed_and_comes_back_goes_on_where_it_was() -> None:
    """AG-22."""
    registry = FakeRegistry(faults=[Fault("cut", "GET .*blobs", at=MIB)])
    digest = registry.put(REPOSITORY, CONTENT)
    first = serve(registry)
    host = first.__enter__()
    done = threading.Event()

    def come_back() -> None:
        time.sleep(0.5)
        with serve(registry, port=int(host.rpartition(":")[2])):
            done.wait(10)

    thread = threading.Thread(target=come_back)
    with open_store(host) as store:
        pieces = store.read_blob(REPOSITORY, digest, len(CONTENT))
        content = b""
        while len(content) < MIB:
            content += next(pieces)
        first.__exit__(None, None, None)
        thread.start()
        content += b"".join(pieces)
    done.set()
    thread.join()

    assert content == CONTENT
    assert registry.read[digest] == len(CONTENT)


def test_a_source_that_stays_away_ends_with_its_name() -> None:
    """AG-21, AG-22."""
    registry = FakeRegistry()
    digest = registry.put(REPOSITORY, CONTENT)
    with serve(registry) as host, open_store(host, patience=QUICK) as store:
        assert store.has_blob(REPOSITORY, digest)
    quick = QUICK.__class__(first=0.3, lasting=0.3, base=0.02, cap=0.1)

    with (
        open_store(host, patience=quick) as store,
        pytest.raises(RegistryUnreachableError) as error,
    ):
        list(store.read_blob(REPOSITORY, digest, len(CONTENT)))

    assert host in str(error.value)
    assert "refused" in str(error.value)


def test_a_lasting_error_of_the_registry_ends_after_some_tries() -> None:
    registry = FakeRegistry(faults=[Fault("500", "GET .*blobs", times=1000)])
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host, pytest.raises(RegistryUnreachableError, match="it answered 500"):
        read(host, registry, digest)

    assert registry.count("GET .*blobs") == QUICK.tries


def test_more_bytes_than_the_plan_knows_are_refused_at_once() -> None:
    registry = FakeRegistry(faults=[Fault("length", "GET .*blobs", at=5)])
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host, pytest.raises(RegistryError, match="bytes instead of"):
        read(host, registry, digest)


def test_a_missing_blob_is_named() -> None:
    registry = FakeRegistry()

    with serve(registry) as host, pytest.raises(RegistryMissingError, match="BLOB_UNKNOWN"):
        read(host, registry, "sha256:" + "0" * 64)


def test_a_stopped_run_wakes_from_a_silent_connection() -> None:
    """AG-27."""
    stop = threading.Event()
    registry = FakeRegistry(faults=[Fault("mid-stall", "GET .*blobs", at=MIB, seconds=3)])
    digest = registry.put(REPOSITORY, CONTENT)
    patience = QUICK.__class__(stall=10)
    with serve(registry) as host, open_store(host, patience=patience, stop=stop) as store:

        def end() -> None:
            stop.set()
            store.abort()

        timer = threading.Timer(0.2, end)
        timer.start()
        began = time.monotonic()

        with pytest.raises(TransferStoppedError):
            list(store.read_blob(REPOSITORY, digest, len(CONTENT)))

        timer.join()
        assert time.monotonic() - began < 2


def test_the_login_never_follows_to_another_host_and_an_expired_address_is_asked_for_again() -> (
    None
):
    """AG-24."""
    storage = FakeRegistry()
    registry = FakeRegistry(login=("bob", "pass-canary"), presigned=storage.presigned)
    digest = registry.put(REPOSITORY, CONTENT)
    storage.blobs = registry.blobs
    # The first address is expired when it is used.
    storage.faults = [Fault("403", "GET /elsewhere"), Fault("cut", "GET /elsewhere", at=MIB)]
    with serve(storage) as elsewhere, serve(registry) as host:
        registry.redirect_blobs = f"http://{elsewhere}"

        content = read(host, registry, digest, login=Login("bob", "pass-canary"))

    assert content == CONTENT
    assert registry.count("GET .*blobs") == 3 + 1
    assert storage.headers_seen
    assert all("Authorization" not in headers for _, headers in storage.headers_seen)
