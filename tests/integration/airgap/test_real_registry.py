"""Our client against the registry that most others are built on."""

import hashlib
import json
import subprocess
import time
from collections.abc import Iterator

import pytest

from odh_nim.domain.errors import RegistryError
from odh_nim.registry.patience import Patience
from support.registry_clients import open_store
from support.registry_images import DOCKER, image, index, layer, noise
from support.registry_world import World, fill

MIB = 1024 * 1024
CONTENT = noise(6 * MIB, "real")
DIGEST = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"


def test_a_restarted_registry_goes_on_at_the_end_of_the_last_part(world: World) -> None:
    """AG-21, AG-26: killed in the second part; only what that part had is sent again."""
    asked: list[int] = []

    def read(offset: int) -> Iterator[bytes]:
        asked.append(offset)
        for start in range(offset, len(CONTENT), 65536):
            if start == 3 * MIB and len(asked) == 1:
                world.mirror.kill()
                world.mirror.start()
            yield CONTENT[start : start + 65536]

    patience = Patience(first=5, lasting=20, base=0.05, cap=0.2, stall=5)
    with open_store(world.mirror.host, whole=MIB, part=2 * MIB, patience=patience) as store:
        store.upload_blob("nim/a", DIGEST, len(CONTENT), read)
        assert b"".join(store.read_blob("nim/a", DIGEST, len(CONTENT))) == CONTENT

    # The registry answers where the last whole part ended, or knows the upload no more.
    assert asked[0] == 0
    assert asked[1] in (0, 2 * MIB)
    assert len(asked) == 2


def test_a_mount_needs_the_repository_it_comes_from(world: World) -> None:
    """AG-15."""
    with open_store(world.mirror.host) as store:
        store.upload_blob("nim/a", DIGEST, len(CONTENT), lambda offset: iter([CONTENT[offset:]]))
        assert not store.has_blob("nim/b", DIGEST)
        assert store.mount_blob("nim/b", DIGEST, "nim/a")
        assert store.has_blob("nim/b", DIGEST)
        assert not store.mount_blob("nim/c", DIGEST, "nim/unknown")

    # The registry itself leaves an empty folder of a deleted upload; its data is gone.
    assert list(world.mirror.folder.rglob("_uploads/*/data")) == []


@pytest.mark.parametrize("kind", ["oci", "docker", "indented"])
def test_manifests_keep_their_bytes(world: World, kind: str) -> None:
    """AG-13."""
    made = image(
        [layer(2000, kind)], docker=kind == "docker", indent=4 if kind == "indented" else None
    )
    fill(world.mirror, "nim/a", "1.0.0", made)

    with open_store(world.mirror.host) as store:
        raw = store.manifest("nim/a", "1.0.0")
        tags = store.tags("nim/a")

    assert (raw.body, raw.digest) == (made.body, made.digest)
    assert raw.media_type == made.media_type
    assert (raw.media_type == DOCKER) == (kind == "docker")
    assert tags == ["1.0.0"]
    inspected = subprocess.run(
        [
            "skopeo",
            "inspect",
            "--raw",
            "--tls-verify=false",
            f"docker://{world.mirror.host}/nim/a:1.0.0",
        ],
        capture_output=True,
        check=True,
    )
    assert inspected.stdout == made.body


def test_an_index_with_a_missing_child_is_refused_by_the_registry(world: World) -> None:
    """AG-04: why one platform is the child under the tag, and never a sparse index."""
    there, gone = image([layer(1000, "x")]), image([layer(1000, "y")], architecture="arm64")
    fill(world.mirror, "nim/a", there.digest, there)
    both = index((there, "amd64"), (gone, "arm64"))

    with open_store(world.mirror.host) as store, pytest.raises(RegistryError) as error:
        store.put_manifest("nim/a", "1.0.0", both.body, both.media_type)

    assert error.value.code == "MANIFEST_BLOB_UNKNOWN"


def test_a_second_look_at_a_whole_mirror_is_quick(world: World) -> None:
    """AG-16: 7 tags on a loopback registry."""
    plan = world.plan()
    world.run("copy", plan, world.mirror.url)
    with open_store(world.mirror.host) as store:
        began = time.monotonic()
        for model in ("team/m0", "team/m1", "team/m2"):
            assert store.digest_of(f"nim/{model}", "1.0.0")
        assert time.monotonic() - began < 0.5

    again = world.run("copy", plan, world.mirror.url, "-o", "json")
    assert '"moved"' not in again.stdout
    assert json.loads(again.stdout.splitlines()[-1])["event"] == "end"
