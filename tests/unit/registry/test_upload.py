import hashlib
import json
from collections.abc import Iterator

import pytest

from odh_nim.domain.errors import DigestError, RegistryError, RegistryRefusedError
from support.registry_clients import open_store
from support.registry_images import OCI, image, layer, noise
from support.registry_server import FakeRegistry, Fault, serve

MIB = 1024 * 1024
CONTENT = noise(3 * MIB, "upload")
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


class Source:
    def __init__(self, content: bytes = CONTENT) -> None:
        self.content = content
        self.asked: list[int] = []

    def __call__(self, offset: int) -> Iterator[bytes]:
        self.asked.append(offset)
        for start in range(offset, len(self.content), 65536):
            yield self.content[start : start + 65536]


def upload(registry: FakeRegistry, *, part: int = 4 * MIB, whole: int = MIB) -> Source:
    source = Source()
    with serve(registry) as host, open_store(host, whole=whole, part=part) as store:
        store.upload_blob("nim/a", DIGEST, len(CONTENT), source)
    return source


@pytest.mark.parametrize("whole", [MIB, 8 * MIB], ids=["patch", "put"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault("429", "(PATCH|PUT) .*uploads", times=2, headers={"Retry-After": "0"}),
        Fault("500", "(PATCH|PUT) .*uploads", times=2),
        Fault("503", "POST .*uploads", times=2),
        Fault("reset", "(PATCH|PUT) .*uploads", times=2),
        Fault("cut", "(PATCH|PUT) .*uploads", times=2, at=MIB),
        Fault("404", "(PATCH|PUT) .*uploads", times=2),
    ],
    ids=lambda fault: fault.kind,
)
def test_each_fault_twice_is_survived(fault: Fault, whole: int) -> None:
    """AG-20, AG-26, R-TST-04."""
    registry = FakeRegistry(faults=[Fault(**vars(fault))])

    upload(registry, whole=whole)

    assert registry.blobs[DIGEST] == CONTENT
    assert registry.uploads == {}


def test_an_upload_goes_on_where_the_registry_says() -> None:
    """AG-26."""
    registry = FakeRegistry(broken_patch="keeps", faults=[Fault("cut", "PATCH", at=2 * MIB)])

    source = upload(registry)

    assert registry.blobs[DIGEST] == CONTENT
    assert source.asked[0] == 0
    assert 2 * MIB <= source.asked[1] < 3 * MIB
    assert registry.received <= len(CONTENT) + MIB // 2


def test_a_lost_upload_begins_anew() -> None:
    """AG-26."""
    registry = FakeRegistry(faults=[Fault("503", "PATCH", times=1)])
    registry.faults.append(Fault("cut", "PATCH", times=1, at=MIB // 2))

    source = upload(registry, part=MIB)

    assert registry.blobs[DIGEST] == CONTENT
    assert source.asked == [0, 0, 0]
    assert registry.received <= len(CONTENT) + 2 * MIB


def test_a_registry_that_takes_one_part_only_gets_one() -> None:
    registry = FakeRegistry(parts=False)

    source = upload(registry, part=MIB)

    assert registry.blobs[DIGEST] == CONTENT
    assert source.asked[-1] == 0
    assert registry.uploads == {}


@pytest.mark.parametrize("whole", [MIB, 8 * MIB], ids=["patch", "put"])
def test_a_lost_answer_to_the_last_request_sends_nothing_again(whole: int) -> None:
    """AG-20: the blob is there, so its bytes do not go out once more."""
    registry = FakeRegistry(faults=[Fault("lost", "PUT .*uploads")])

    upload(registry, whole=whole)

    assert registry.blobs[DIGEST] == CONTENT
    assert registry.received == len(CONTENT)


def test_a_registry_may_take_longer_than_the_stall_time_to_complete_an_upload() -> None:
    """AG-25."""
    registry = FakeRegistry(faults=[Fault("late", "PUT .*uploads", seconds=1.5)])

    upload(registry)

    assert registry.count("PUT .*uploads") == 1


def test_a_source_without_ranges_is_read_once_over_all_parts() -> None:
    """AG-20."""
    source = upload(FakeRegistry(), part=MIB)

    assert source.asked == [0]


def test_an_error_of_the_source_takes_the_upload_back() -> None:
    """AG-23, AG-27: nothing half stays at the destination."""
    registry = FakeRegistry()

    def read(offset: int) -> Iterator[bytes]:
        yield CONTENT[:MIB]
        raise DigestError(DIGEST, "source", "other")

    with (
        serve(registry) as host,
        open_store(host) as store,
        pytest.raises(DigestError),
    ):
        store.upload_blob("nim/a", DIGEST, len(CONTENT), read)

    assert registry.uploads == {}
    assert registry.blobs == {}
    assert registry.count("DELETE .*uploads") == 1


def test_a_refused_upload_says_so_at_once() -> None:
    registry = FakeRegistry(faults=[Fault("403", "POST .*uploads", times=9)])

    with pytest.raises(RegistryRefusedError, match="no right"):
        upload(registry)

    assert registry.count("POST") == 1


def test_a_mount_names_the_repository_it_comes_from() -> None:
    """AG-15."""
    registry = FakeRegistry()
    registry.put("nim/a", CONTENT)

    with serve(registry) as host, open_store(host) as store:
        assert store.mount_blob("nim/b", DIGEST, "nim/a")

    assert registry.count(r"POST .*mount=sha256.*&from=nim%2Fa") == 1
    assert ("nim/b", DIGEST) in registry.links


@pytest.mark.parametrize("answer", ["202", "403", "404", "405"])
def test_a_refused_mount_leaves_no_upload_behind(answer: str) -> None:
    """AG-15."""
    registry = FakeRegistry(mounts="begin" if answer == "202" else answer)
    registry.put("nim/a", CONTENT)

    with serve(registry) as host, open_store(host) as store:
        assert not store.mount_blob("nim/b", DIGEST, "nim/a")

    assert registry.uploads == {}


def test_a_manifest_travels_byte_for_byte() -> None:
    """AG-13."""
    made = image([layer(1000, "a")], indent=4)
    registry = FakeRegistry()
    for blob in made.blobs.values():
        registry.put("nim/a", blob)

    with serve(registry) as host, open_store(host) as store:
        store.put_manifest("nim/a", "1.0.0", made.body, made.media_type)
        raw = store.manifest("nim/a", made.digest)

    assert (raw.body, raw.media_type, raw.digest) == (made.body, OCI, made.digest)


def test_a_manifest_that_the_registry_swaps_is_refused() -> None:
    """S20."""
    made = image([layer(1000, "a")])
    registry = FakeRegistry(faults=[Fault("flip", "GET .*manifests")])
    registry.put_manifest("nim/a", "1.0.0", made.body, made.media_type)

    with serve(registry) as host, open_store(host) as store, pytest.raises(DigestError):
        store.manifest("nim/a", made.digest)


def test_all_tags_are_listed_page_by_page() -> None:
    """AG-60."""
    made = image([layer(1000, "a")])
    registry = FakeRegistry()
    for tag in ("1.0", "1.1", "1.2", "2.0", "latest"):
        registry.put_manifest("nim/a", tag, made.body, made.media_type)

    with serve(registry) as host, open_store(host) as store:
        assert store.tags("nim/a") == ["1.0", "1.1", "1.2", "2.0", "latest"]
        assert store.tags("nim/unknown") == []
        assert store.delete_manifest("nim/a", made.digest)
        assert not store.delete_manifest("nim/a", made.digest)


def test_a_manifest_without_its_blobs_is_told_in_the_registrys_word() -> None:
    made = image([layer(1000, "a")])

    with (
        serve(FakeRegistry()) as host,
        open_store(host) as store,
        pytest.raises(RegistryError) as error,
    ):
        store.put_manifest("nim/a", "1.0.0", made.body, made.media_type)

    assert error.value.code == "MANIFEST_BLOB_UNKNOWN"
    assert json.loads(made.body)["schemaVersion"] == 2
