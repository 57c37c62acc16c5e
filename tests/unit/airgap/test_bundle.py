import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.airgap.bundle.document import Document
from odh_nim.airgap.bundle.files import Item, safe_path, write_file
from odh_nim.airgap.bundle.payload import FolderPayload
from odh_nim.airgap.bundle.reader import Bundle, carried_weights, open_bundle
from odh_nim.airgap.bundle.volume_layout import SMALLEST, lay_out
from odh_nim.airgap.bundle.volume_reader import VolumeReader
from odh_nim.airgap.carry import check_space, totals_of
from odh_nim.airgap.events import Journal, as_line
from odh_nim.airgap.plan import ModelFacts, Plan
from odh_nim.airgap.plan_file import plan_hash, render_plan
from odh_nim.airgap.verified import read_verified, render_verified
from odh_nim.airgap.verify import verify_bundle, verify_registry
from odh_nim.domain.errors import (
    BundleError,
    DiskError,
    DiskSpaceError,
    InputError,
    OdhNimError,
    TransferError,
)
from odh_nim.domain.image import ImageReference
from odh_nim.registry.logins import Login
from support.registry_bundles import pull_bundle, push_bundle, request
from support.registry_clients import open_store
from support.registry_images import image, layer
from support.registry_plans import Mirror, mirror, nim_source, publish, references
from support.registry_server import FakeRegistry, Fault, serve
from support.registry_weights import make_cache, with_weights


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def disk(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def test_a_bundle_passes_sha256sum_and_holds_every_image(tmp_path: Path) -> None:
    """AG-30, AG-31: coreutils alone can check it, and it is as large as the unique bytes."""
    source = nim_source()
    bundle = tmp_path / "bundle"
    with serve(source) as one, mirror(one) as made:
        plan = made.plan(*references(one))
        outcome = pull_bundle(made, request(plan, bundle))

    assert outcome.exit_code == 0
    subprocess.run(["sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS"], cwd=bundle, check=True)
    index = json.loads((bundle / "oci/index.json").read_text())
    names = [
        each["annotations"]["org.opencontainers.image.ref.name"] for each in index["manifests"]
    ]
    assert names == [each.name for each in plan.images]
    payload = sum(len(content) for name, content in tree(bundle).items() if "blobs" in name)
    assert payload == plan.unique_bytes
    assert not list(bundle.rglob("*.part"))
    assert verify_bundle(open_bundle(bundle)) == []


def test_the_same_plan_makes_the_same_bundle(tmp_path: Path) -> None:
    """AG-36."""
    source = nim_source()
    with serve(source) as one, mirror(one) as made:
        plan = made.plan(*references(one))
        pull_bundle(made, request(plan, tmp_path / "a"), workers=1)
        pull_bundle(made, request(plan, tmp_path / "b"), workers=8)

    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_bundle_is_pushed_with_the_same_manifests_and_each_byte_once(tmp_path: Path) -> None:
    """AG-10, AG-13, R-AIR-03."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        pull_bundle(made, request(plan, tmp_path))
        outcome = push_bundle(made, tmp_path, two, prefix="nv")

    assert outcome.exit_code == 0
    assert target.received == sum(blob.size for blob in plan.blobs.values())
    for number in range(3):
        repository = f"nim/team/m{number}"
        copied = target.manifests[f"nv/{repository}", "1.0.0"]
        assert copied == source.manifests[repository, "1.0.0"]


def test_a_cut_pull_goes_on_by_range_and_finished_blobs_are_not_fetched_again(
    tmp_path: Path,
) -> None:
    """AG-28."""
    source = nim_source(1, shared=8_000_000, own=300_000)
    with serve(source) as one, mirror(one) as made:
        plan = made.plan(*references(one, 1))
        big = max(plan.blobs.values(), key=lambda blob: blob.size)
        source.faults = [
            Fault("cut", f"GET .*{big.digest}", at=4 * 1024 * 1024),
            Fault("403", f"GET .*{big.digest}"),
        ]
        assert pull_bundle(made, request(plan, tmp_path)).exit_code == 4
        parts = list(tmp_path.rglob("*.part"))
        assert [path.stat().st_size > 500_000 for path in parts] == [True]
        asked = len(source.requests)

        assert pull_bundle(made, request(plan, tmp_path)).exit_code == 0

    again = [line for line in source.requests[asked:] if "/blobs/" in line]
    assert again == [f"GET /v2/nim/team/m0/blobs/{big.digest}"]
    assert source.read[big.digest] < big.size * 1.05
    assert verify_bundle(open_bundle(tmp_path)) == []


def test_a_damaged_part_is_thrown_away(tmp_path: Path) -> None:
    """AG-28."""
    source = nim_source(1)
    with serve(source) as one, mirror(one) as made:
        plan = made.plan(*references(one, 1))
        blob = plan.images[0].blobs[-1]
        part = tmp_path / "oci/blobs/sha256" / (blob.digest.removeprefix("sha256:") + ".part")
        part.parent.mkdir(parents=True)
        part.write_bytes(b"x" * 1000)

        assert pull_bundle(made, request(plan, tmp_path)).exit_code == 0

    assert verify_bundle(open_bundle(tmp_path)) == []


@pytest.mark.parametrize(
    "name", ["oci/blobs/sha256/*", "bundle.json", "plan.yaml", "oci/index.json", "oci/oci-layout"]
)
def test_a_flipped_byte_anywhere_is_found_and_the_file_named(tmp_path: Path, name: str) -> None:
    """AG-34."""
    with serve(nim_source(1)) as one, mirror(one) as made:
        pull_bundle(made, request(made.plan(*references(one, 1)), tmp_path))
    path = max(tmp_path.glob(name), key=lambda each: each.stat().st_size)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)

    try:
        problems = verify_bundle(open_bundle(tmp_path))
    except OdhNimError as error:
        problems = [str(error)]

    assert any(path.name in problem for problem in problems)


def test_missing_and_foreign_files_are_named(tmp_path: Path) -> None:
    """AG-34."""
    with serve(nim_source(1)) as one, mirror(one) as made:
        pull_bundle(made, request(made.plan(*references(one, 1)), tmp_path))
    (tmp_path / "stranger").write_text("x")
    gone = max((tmp_path / "oci/blobs/sha256").iterdir(), key=lambda each: each.stat().st_size)
    gone.unlink()

    problems = verify_bundle(open_bundle(tmp_path))

    assert "stranger is not listed in SHA256SUMS." in problems
    assert any(gone.name in problem and "missing" in problem for problem in problems)


def test_a_full_disk_is_refused_before_anything_moves(tmp_path: Path) -> None:
    """AG-03, F42."""
    with serve(nim_source(1)) as one, mirror(one) as made:
        totals = totals_of(request(made.plan(*references(one, 1)), tmp_path / "b"))

    assert totals.disk_bytes > totals.unique_bytes
    with pytest.raises(DiskSpaceError, match="nothing was downloaded"):
        check_space(tmp_path / "b", shutil.disk_usage(tmp_path).free * 2)


# ── Increments ──────────────────────────────────────────────────────────────────────────────────
def test_a_disk_that_gets_full_ends_the_run_with_8_and_the_next_goes_on(tmp_path: Path) -> None:
    """AG-03, AG-62, R-TST-04: no image after it is tried in vain."""
    source = nim_source()
    with serve(source) as one, mirror(one) as made:
        plan = made.plan(*references(one))
        full = plan.images[0].blobs[-1]
        part = tmp_path / f"b/oci/blobs/sha256/{full.digest.removeprefix('sha256:')}.part"
        part.parent.mkdir(parents=True)
        part.symlink_to("/dev/full")

        stopped = pull_bundle(made, request(plan, tmp_path / "b"), workers=1)
        part.unlink(missing_ok=True)
        made.stop.clear()
        again = pull_bundle(made, request(plan, tmp_path / "b"))

    assert stopped.exit_code & 8
    assert not stopped.stopped
    assert any("cannot be written" in failure.message for failure in stopped.failures)
    assert again.exit_code == 0
    assert verify_bundle(open_bundle(tmp_path / "b")) == []


def test_a_place_that_takes_no_files_is_one_sentence(tmp_path: Path) -> None:
    """AG-62: a file where a folder should be, as on a disk that is read only."""
    (tmp_path / "file").touch()
    inside = tmp_path / "file" / "x"
    with serve(nim_source(1)) as one, mirror(one) as made:
        plan = made.plan(*references(one, 1))
        for volume_size in (0, LIMIT):
            with pytest.raises(DiskError, match="cannot be written"):
                pull_bundle(made, request(plan, tmp_path / "file", volume_size=volume_size))
    with pytest.raises(DiskError, match=r"file.* cannot be written"):
        write_file(inside, b"")
    with pytest.raises(DiskError, match="cannot be written"):
        Journal(inside / "journal")
    (tmp_path / "odd/y").mkdir(parents=True)
    # Not the name of the draft that would replace it.
    with pytest.raises(DiskError, match=r"odd cannot be written"):
        write_file(tmp_path / "odd", b"")


def test_a_medium_that_cannot_be_read_is_named_with_its_images(tmp_path: Path) -> None:
    """AG-32, AG-34: a folder in the place of a blob, as with a failing medium."""
    with serve(nim_source(2)) as one, serve(FakeRegistry()) as two, mirror(one, two) as made:
        plan = made.plan(*references(one, 2))
        pull_bundle(made, request(plan, tmp_path))
        blob = tmp_path / "oci/blobs/sha256" / plan.images[1].blobs[-1].digest[7:]
        blob.unlink()
        blob.mkdir()

        outcome = push_bundle(made, tmp_path, two)

    assert outcome.exit_code == 16 + 32
    assert [failure.image for failure in outcome.failures] == [plan.images[1].name]
    assert any(blob.name in problem for problem in verify_bundle(open_bundle(tmp_path)))


def test_an_increment_holds_only_what_is_new_and_needs_the_first_bundle(tmp_path: Path) -> None:
    """AG-33, R-AIR-10."""
    source, full, empty = nim_source(3), FakeRegistry(), FakeRegistry()
    with (
        serve(source) as one,
        serve(full) as two,
        serve(empty) as three,
        mirror(one, two, three) as made,
    ):
        first, second = made.plan(*references(one, 2)), made.plan(*references(one, 3))
        pull_bundle(made, request(first, tmp_path / "a"))
        push_bundle(made, tmp_path / "a", two)
        since = open_bundle(tmp_path / "a")
        pull_bundle(made, request(second, tmp_path / "b", since=(since,)))

        with pytest.raises(TransferError, match="does not have") as error:
            push_bundle(made, tmp_path / "b", three)
        assert push_bundle(made, tmp_path / "b", two).exit_code == 0

    shared = first.images[0].blobs[1].digest.removeprefix("sha256:")
    assert not (tmp_path / "b/oci/blobs/sha256" / shared).exists()
    assert len(list((tmp_path / "b/oci/blobs/sha256").iterdir())) == 2 + 3
    assert since.id in str(error.value)
    assert error.value.exit_code == 8
    assert empty.count("POST") == 0
    assert ("nim/team/m2", "1.0.0") in full.manifests


def test_an_increment_after_what_verify_saw_in_the_mirror(tmp_path: Path) -> None:
    """AG-33, AG-34."""
    source, target = nim_source(3), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        first, second = made.plan(*references(one, 2)), made.plan(*references(one, 3))
        made.copy(first, two, prefix="nv")
        seen = verify_registry(
            first, plan_hash(render_plan(first)), made.stores[two], name=two, prefix="nv"
        )
        (tmp_path / "seen.json").write_bytes(render_verified(seen))
        baseline = read_verified(tmp_path / "seen.json")
        wanted = request(second, tmp_path / "b", baseline=baseline)
        assert pull_bundle(made, wanted).exit_code == 0
        assert push_bundle(made, tmp_path / "b", two, prefix="nv").exit_code == 0

    assert seen.problems == ()
    assert baseline == seen
    assert totals_of(wanted).left_out_bytes > 500_000
    assert len(list((tmp_path / "b/oci/blobs/sha256").iterdir())) == 2 + 3


def verified(made: Mirror, plan: Plan, host: str, *, deep: bool = False) -> tuple[str, ...]:
    return verify_registry(plan, "x", made.stores[host], name=host, deep=deep).problems


def test_verify_names_what_a_mirror_lacks_and_deep_hashes_every_byte() -> None:
    """AG-34, S20."""
    source, target = nim_source(3), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one))
        made.copy(plan, two)
        assert verified(made, plan, two, deep=True) == ()
        lost, damaged = plan.images[0].blobs[-1].digest, plan.images[1].blobs[-1].digest
        target.links.discard(("nim/team/m0", lost))
        target.blobs[damaged] = b"y" * len(target.blobs[damaged])
        other = image([layer(10, "other")])
        target.put_manifest("nim/team/m2", "1.0.0", other.body, other.media_type)

        shallow = verified(made, plan, two)
        deep = verified(made, plan, two, deep=True)

    assert len(shallow) == 2
    assert lost in shallow[0]
    assert "its tag names" in shallow[1]
    assert any(damaged in problem for problem in deep)


# ── Volumes ─────────────────────────────────────────────────────────────────────────────────────
LIMIT = 200_000


def volume_bundle(made: Mirror, host: str, folder: Path) -> Plan:
    plan = made.plan(*references(host))
    assert pull_bundle(made, request(plan, folder, volume_size=LIMIT)).exit_code == 0
    return plan


def test_a_blob_that_the_mirror_has_cut_is_missing_and_is_sent_again() -> None:
    """AG-34: its registry tells another size, as after a full disk."""
    source, target = nim_source(1), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = made.plan(*references(one, 1))
        made.copy(plan, two)
        digest = plan.images[0].blobs[-1].digest
        whole = target.blobs[digest]
        target.blobs[digest] = whole[:-1]

        found = verify_registry(plan, "p", made.stores[two], name=two)
        made.copy(plan, two, recheck=True)

    assert found.images == ()
    assert "1 blobs are missing" in found.problems[0]
    assert target.blobs[digest] == whole


def test_volumes_keep_to_their_size_and_need_no_second_copy(tmp_path: Path) -> None:
    """AG-31, AG-32, AG-36: the shared layer is larger than a volume."""
    with serve(nim_source()) as one, mirror(one) as made:
        plan = volume_bundle(made, one, tmp_path / "a")
        volume_bundle(made, one, tmp_path / "b")

    volumes = sorted((tmp_path / "a/volumes").glob("*.tar"))
    assert len(volumes) > 5
    assert all(path.stat().st_size <= LIMIT for path in volumes)
    assert disk(tmp_path / "a") < plan.unique_bytes * 1.05 + 200_000
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert verify_bundle(open_bundle(tmp_path / "a")) == []
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "a", check=True)
    listed = subprocess.run(["tar", "-tf", volumes[0]], capture_output=True, text=True, check=True)
    assert listed.stdout.splitlines()[0] == "volume.json"


def test_volumes_are_pushed_in_place(tmp_path: Path) -> None:
    """AG-31, AG-32."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        volume_bundle(made, one, tmp_path)
        before = disk(tmp_path)
        assert push_bundle(made, tmp_path, two).exit_code == 0

    assert disk(tmp_path) == before
    assert ("nim/team/m2", "1.0.0") in target.manifests


def test_volumes_load_one_at_a_time_in_any_order(tmp_path: Path) -> None:
    """AG-32."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = volume_bundle(made, one, tmp_path / "a")
        media = sorted((tmp_path / "a/volumes").glob("*.tar"), reverse=True)
        (tmp_path / "away").mkdir()
        for volume in media:
            volume.rename(tmp_path / "away" / volume.name)
        codes = []
        for volume in media:
            inserted = tmp_path / "a/volumes" / volume.name
            (tmp_path / "away" / volume.name).rename(inserted)
            codes.append(push_bundle(made, tmp_path / "a", two, spool=tmp_path / "spool").exit_code)
            inserted.rename(tmp_path / "away" / volume.name)

    assert set(codes[:-1]) <= {16, 48}
    assert codes[-1] == 0
    assert target.received == sum(blob.size for blob in plan.blobs.values())


@pytest.mark.parametrize("harm", ["missing", "swapped", "flipped", "cut", "foreign"])
def test_a_bad_volume_is_named_and_the_good_images_go_through(tmp_path: Path, harm: str) -> None:
    """AG-32, AG-34, S15."""
    source, target = nim_source(), FakeRegistry()
    with serve(source) as one, serve(target) as two, mirror(one, two) as made:
        plan = volume_bundle(made, one, tmp_path)
        volumes = sorted((tmp_path / "volumes").glob("*.tar"))
        last = volumes[-1]
        if harm == "missing":
            last.unlink()
        elif harm == "swapped":
            shutil.copy(volumes[0], last)
        elif harm == "foreign":
            last.write_bytes(os.urandom(100_000))
        elif harm == "cut":
            os.truncate(last, last.stat().st_size // 2)
        else:
            content = bytearray(last.read_bytes())
            content[len(content) // 2] ^= 1
            last.write_bytes(content)

        problems = verify_bundle(open_bundle(tmp_path))
        outcome = push_bundle(made, tmp_path, two)

    assert any(last.name in problem for problem in problems)
    assert outcome.exit_code == 16 + 32
    bad = {failure.image for failure in outcome.failures}
    assert bad == {plan.images[2].name}
    assert any(plan.images[2].name in problem for problem in problems)


def test_a_cut_pull_into_volumes_keeps_the_whole_blobs(tmp_path: Path) -> None:
    """AG-28."""
    source = nim_source(2)
    with serve(source) as one, mirror(one) as made:
        plan = made.plan(*references(one, 2))
        last = plan.images[1].blobs[-1]
        source.faults = [Fault("403", f"GET .*{last.digest}")]
        wanted = request(plan, tmp_path, volume_size=LIMIT)
        assert pull_bundle(made, wanted).exit_code == 4 + 32
        asked = len(source.requests)

        assert pull_bundle(made, request(plan, tmp_path, volume_size=LIMIT)).exit_code == 0
        with pytest.raises(BundleError, match="volumes"):
            pull_bundle(made, request(plan, tmp_path, volume_size=2 * LIMIT))

    again = [line for line in source.requests[asked:] if "/blobs/" in line]
    assert again == [f"GET /v2/nim/team/m1/blobs/{last.digest}"]
    assert verify_bundle(open_bundle(tmp_path)) == []


@given(
    st.lists(st.integers(0, 400_000), max_size=40),
    st.integers(SMALLEST, 300_000),
)
def test_no_volume_is_over_its_size_and_every_byte_has_one_place(
    sizes: list[int], limit: int
) -> None:
    """AG-32."""
    items = [Item(f"oci/blobs/sha256/{number:064}", size) for number, size in enumerate(sizes)]

    volumes = lay_out(items, limit, "0" * 16)

    assert all(volume.size <= limit for volume in volumes)
    placed: dict[str, int] = {}
    for volume in volumes:
        end = 0
        for part in volume.parts:
            assert part.offset >= end
            assert part.start == placed.get(part.item.name, 0)
            placed[part.item.name] = part.start + part.length
            end = part.offset + part.length
        assert end <= volume.size
    assert placed == {item.name: item.size for item in items}


# ── Weights ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("volume_size", [0, LIMIT])
def test_weights_travel_with_their_symlinks_modes_and_sums(
    tmp_path: Path, volume_size: int
) -> None:
    """AG-30, AG-32, AG-50."""
    make_cache(tmp_path / "cache")
    with serve(nim_source(1)) as one, mirror(one) as made:
        plan = with_weights(made.plan(*references(one, 1)), "cache")
        wanted = request(plan, tmp_path / "b", volume_size=volume_size, list_folder=tmp_path)
        assert pull_bundle(made, wanted).exit_code == 0

    bundle = open_bundle(tmp_path / "b")
    weights = carried_weights(bundle)["nim.team.m0_1.0.0"]
    assert [(file.path.rpartition("/")[2], file.mode) for file in weights.files] == [
        ("aa", "0640"),
        ("bb", "0644"),
    ]
    assert {link.target for link in weights.links} == {"../../blobs/aa", "../../blobs/bb"}
    assert weights.profiles == ("tp1",)
    assert verify_bundle(bundle) == []
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=tmp_path / "b", check=True)
    if not volume_size:
        link = next((tmp_path / "b/models").rglob("model.safetensors"))
        assert link.is_symlink()
        assert link.read_bytes().startswith(b"weights")


def two_tags(made: Mirror, one: str, registry: FakeRegistry) -> Plan:
    """Plan a model whose two tags share one cache."""
    (body, media_type) = registry.manifests["nim/team/m0", "1.0.0"]
    registry.put_manifest("nim/team/m0", "1.0", body, media_type)
    tags = (ImageReference("nim/team/m0", tag, registry=one) for tag in ("1.0", "1.0.0"))
    plan = made.plan(*tags)
    facts = ModelFacts("m0", profiles=("tp1",), weights="cache")
    return Plan(tuple(replace(image, model=facts) for image in plan.images))


@pytest.mark.parametrize("volume_size", [0, LIMIT])
def test_weights_of_two_tags_are_carried_once_and_are_for_both(
    tmp_path: Path, volume_size: int
) -> None:
    """AG-31."""
    make_cache(tmp_path / "cache")
    registry = nim_source(1)
    with serve(registry) as one, mirror(one) as made:
        plan = two_tags(made, one, registry)
        wanted = request(plan, tmp_path / "b", volume_size=volume_size, list_folder=tmp_path)
        assert pull_bundle(made, wanted).exit_code == 0

    bundle = open_bundle(tmp_path / "b")
    [weights] = carried_weights(bundle).values()
    assert totals_of(wanted).weight_bytes == 140_002
    assert [each.image.rpartition(":")[2] for each in weights.every()] == ["1.0", "1.0.0"]
    assert {each.manifest_digest for each in weights.every()} == {plan.images[0].manifest.digest}
    assert verify_bundle(bundle) == []


def test_every_folder_of_weights_that_cannot_be_used_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with serve(nim_source(2)) as one, mirror(one) as made:
        first, second = made.plan(*references(one, 2)).images
    images = [
        replace(first, model=ModelFacts("m0", weights="none")),
        replace(second, model=ModelFacts("m1", weights="empty")),
    ]

    with pytest.raises(InputError, match=r"no such folder.*is empty"):
        request(Plan(tuple(images)), tmp_path / "b", list_folder=tmp_path)


def test_an_increment_leaves_out_weights_that_an_earlier_bundle_carried(tmp_path: Path) -> None:
    """AG-33, R-AIR-10: and carries them where a file is another one."""
    make_cache(tmp_path / "cache")
    with serve(nim_source(1)) as one, mirror(one) as made:
        plan = with_weights(made.plan(*references(one, 1)), "cache")
        pull_bundle(made, request(plan, tmp_path / "a", list_folder=tmp_path))
        first = (open_bundle(tmp_path / "a"),)
        same = request(plan, tmp_path / "b", since=first, list_folder=tmp_path)
        assert pull_bundle(made, same).exit_code == 0
        next((tmp_path / "cache").rglob("bb")).write_bytes(b"{ }")
        changed = request(plan, tmp_path / "c", since=first, list_folder=tmp_path)
        assert pull_bundle(made, changed).exit_code == 0

    assert totals_of(same).weight_bytes == 0
    assert carried_weights(open_bundle(tmp_path / "b")) == {}
    assert verify_bundle(open_bundle(tmp_path / "b")) == []
    assert carried_weights(open_bundle(tmp_path / "c")).keys() == {"nim.team.m0_1.0.0"}


def test_a_pull_of_a_plan_without_weights_drops_those_of_the_last(tmp_path: Path) -> None:
    """AG-36."""
    make_cache(tmp_path / "cache")
    with serve(nim_source(1)) as one, mirror(one) as made:
        bare = made.plan(*references(one, 1))
        full = with_weights(bare, "cache")
        pull_bundle(made, request(full, tmp_path / "a", list_folder=tmp_path))
        pull_bundle(made, request(bare, tmp_path / "a"))
        pull_bundle(made, request(bare, tmp_path / "b"))

    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_a_symlink_that_leads_out_of_the_cache_is_refused(tmp_path: Path) -> None:
    """S15."""
    make_cache(tmp_path / "cache")
    (tmp_path / "cache/out").symlink_to("../../etc/passwd")
    with serve(nim_source(1)) as one, mirror(one) as made:
        plan = with_weights(made.plan(*references(one, 1)), "cache")
        with pytest.raises(OdhNimError, match="leads out"):
            request(plan, tmp_path / "b", list_folder=tmp_path)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "a//b", "", "a\nb", "a\\b"])
def test_paths_that_lead_out_of_a_bundle_are_refused(path: str) -> None:
    """S15."""
    with pytest.raises(BundleError):
        safe_path(path)


@pytest.mark.parametrize("place", ["../../v2/x", "a/../b", "a?mount=x", "", "A/b", "a//b", "/a"])
def test_repositories_that_are_none_are_refused_in_what_came_over_the_gap(
    tmp_path: Path, place: str
) -> None:
    """S15: they would become paths at the mirror."""
    digest = "sha256:" + "a" * 64
    left_out = {digest: {"size": 1, "repositories": [place]}}
    document = {"version": 1, "id": "x", "planSha256": "y", "leftOut": left_out}
    (tmp_path / "bundle.json").write_text(json.dumps(document))
    record = {"version": 1, "registry": "m", "plan": "y", "images": [], "problems": []}
    (tmp_path / "found.json").write_text(json.dumps({**record, "blobs": {digest: [place]}}))

    with pytest.raises(BundleError, match="is no image repository"):
        open_bundle(tmp_path)
    with pytest.raises(BundleError, match="is no image repository"):
        read_verified(tmp_path / "found.json")


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_as_bundle_json_weights_or_a_record_are_one_error(content: bytes) -> None:
    """S15."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        for name in ("bundle.json", "found.json", "models/m/files.json"):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        with pytest.raises(BundleError):
            open_bundle(path)
        with pytest.raises(BundleError):
            read_verified(path / "found.json")
        bare = Document(version=1, id="x", plan_sha256="y")
        with pytest.raises(BundleError):
            carried_weights(Bundle(path, bare, Plan(()), "", FolderPayload(path)))


@given(st.binary(max_size=1200))
def test_any_bytes_as_a_volume_are_one_problem(content: bytes) -> None:
    """S15: nothing is unpacked, nothing written."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "vol-0001.tar").write_bytes(content)
        reader = VolumeReader([Path(folder)], "x", 1)

        assert reader.missing == ["vol-0001.tar"]
        assert len(reader.problems) == 1


def test_no_login_is_in_a_bundle_or_its_events(tmp_path: Path) -> None:
    """AG-35, R-AIR-09."""
    source = nim_source(1)
    source.login = ("bob", "pass-canary")
    bob = Login("bob", "pass-canary")
    with serve(source) as one, mirror(one) as made, open_store(one, login=bob) as store:
        made.stores[one] = store
        pull_bundle(made, request(made.plan(*references(one, 1)), tmp_path))

    everything = b"".join(tree(tmp_path).values()) + "".join(map(as_line, made.events)).encode()
    assert b"canary" not in everything
    assert all(token.encode() not in everything for token in source.tokens)


def test_a_folder_that_is_no_bundle_says_so(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is no bundle"):
        open_bundle(tmp_path)
    (tmp_path / "bundle.json").write_text('{"version": 9, "id": "x", "planSha256": "y"}')
    (tmp_path / "plan.yaml").write_text("")
    with pytest.raises(BundleError, match="version 9"):
        open_bundle(tmp_path)


def test_the_last_pull_of_a_smaller_plan_drops_what_it_does_not_name(tmp_path: Path) -> None:
    """AG-36."""
    registry = nim_source(2)
    publish(registry, "nim/team/m9", "1.0.0", image([layer(100, "nine")]))
    with serve(registry) as one, mirror(one) as made:
        pull_bundle(made, request(made.plan(*references(one, 2)), tmp_path / "a"))
        small = made.plan(*references(one, 1))
        pull_bundle(made, request(small, tmp_path / "a"))
        pull_bundle(made, request(small, tmp_path / "b"))

    assert tree(tmp_path / "a") == tree(tmp_path / "b")
