"""The commands of the air gap, as programs, between two real registries."""

import json
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
import yaml

from support.registry_clients import open_store
from support.registry_server import FakeRegistry, serve
from support.registry_world import MODELS, Served, World
from support.registry_zygote import zygote


def skopeo(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["skopeo", *words], capture_output=True, text=True, check=False)


def digest_in(world: World, model: str, tag: str = "1.0.0") -> str | None:
    with open_store(world.mirror.host) as store:
        return store.digest_of(f"nim/{model}", tag)


def test_a_list_goes_over_the_gap_and_serves_a_catalogue(world: World) -> None:
    """AG-02, AG-03, AG-13, AG-30, AG-34, AG-40, AG-44.

    R-AIR-02, R-AIR-03, R-AIR-06, R-AIR-07, R-TST-06.
    """
    plan, bundle = world.plan(), world.folder / "bundle"

    pulled = world.run("pull", plan, bundle)
    world.run("push", bundle, world.mirror.url + "/nv")
    record = world.folder / "found.json"
    world.run("verify", bundle)
    world.run(
        "verify", bundle, "--registry", world.mirror.url + "/nv", "--deep", "--record", record
    )
    world.run("resources", bundle, "--verified", record, "--out", world.folder / "resources")

    assert "disk needed" in pulled.stderr
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=bundle, check=True)
    for entry in json.loads((bundle / "oci/index.json").read_text())["manifests"]:
        if not entry["mediaType"].startswith("application/vnd.oci."):
            # skopeo finds only OCI's types in a layout; the test of its engine covers the others.
            continue
        name = entry["annotations"]["org.opencontainers.image.ref.name"]
        copied = skopeo("copy", f"oci:{bundle}/oci:{name}", f"dir:{world.folder}/by-skopeo")
        assert copied.returncode == 0, copied.stderr
    with open_store(world.mirror.host) as store:
        for model in MODELS:
            raw = store.manifest(f"nv/nim/{model}", "1.0.0")
            assert raw.body == world_images(world)[model]
    catalog = yaml.safe_load((world.folder / "resources/nvidia-nim-models-mirror.yaml").read_text())
    assert sorted(catalog["data"]) == ["m0", "m1", "m2"]
    assert json.loads(catalog["data"]["m0"])["tags"] == ["1.0.0"]


def world_images(world: World) -> dict[str, bytes]:
    with open_store(world.nvidia.host) as store:
        return {model: store.manifest(f"nim/{model}", "1.0.0").body for model in MODELS}


def test_registry_to_registry_twice_moves_nothing_the_second_time(world: World) -> None:
    """AG-16."""
    plan = world.plan()
    world.run("copy", plan, world.mirror.url)
    began = time.monotonic()
    again = world.run("copy", plan, world.mirror.url, "-o", "json")

    events = [json.loads(line) for line in again.stdout.splitlines()]
    assert [event["status"] for event in events if event["event"] == "image"] == ["there"] * 7
    assert time.monotonic() - began < 10
    assert "would copy" not in world.run("copy", plan, world.mirror.url, "--dry-run").stderr


def test_every_problem_of_a_list_ends_the_plan_with_2(world: World) -> None:
    """AG-01, AG-62."""
    wrong = world.folder / "wrong.yaml"
    wrong.write_text("models: ['team/m0:9.9.9', 'team/none:1.0.0', 'team/m1:1.0.0']\n")
    catalog = world.write_catalog()

    answer = world.run("plan", wrong, "--catalog", catalog, "--out", "x.yaml", code=2)

    assert "team/m0:9.9.9: The registry has no such tag" in answer.stderr
    assert "team/none" in answer.stderr
    assert "m1:1.0.0:" not in answer.stderr
    assert not Path("x.yaml").exists()


def test_kill_9_at_any_moment_never_leaves_a_tag_that_cannot_be_pulled(world: World) -> None:
    """AG-14, AG-28: 20 kills; a blob that was finished is never read again."""
    chance = random.Random(7)  # noqa: S311 - no secret
    slow = FakeRegistry(delay=0.01)
    with serve(slow) as host:
        world = World(Served(host), world.mirror, world.folder)
        world.publish(shared=1_200_000, own=1_200_000)
        plan = world.plan()
        moved: Counter[str] = Counter()
        with zygote(world.folder / "runs", world.environ()) as forks:
            for _ in range(20):
                run = forks.start(
                    *("airgap", "copy", plan, world.mirror.url, "--workers", "2", "-o", "json")
                )
                run.wait_for('"start"')
                time.sleep(chance.random() * 0.15)
                run.kill()
                moved.update(moved_blobs(run.out.read_text()))
                check_what_is_tagged(world)
        last = world.run("copy", plan, world.mirror.url, "-o", "json")
    moved.update(moved_blobs(last.stdout))

    assert moved
    assert set(moved.values()) == {1}
    world.run("verify", plan, "--registry", world.mirror.url, "--deep")


def moved_blobs(lines: str) -> list[str]:
    return re.findall(r'"blob".*"name":"(sha256:\w+)","status":"moved"', lines)


def start(world: World, *words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        world.command(*words),
        env=world.environ(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def check_what_is_tagged(world: World) -> None:
    with open_store(world.mirror.host) as store:
        for model in MODELS:
            repository = f"nim/{model}"
            if store.digest_of(repository, "1.0.0") is None:
                continue
            manifest = json.loads(store.manifest(repository, "1.0.0").body)
            for blob in (manifest["config"], *manifest["layers"]):
                assert store.has_blob(repository, blob["digest"])


def test_kill_9_of_a_pull_fetches_no_finished_blob_again(world: World) -> None:
    """AG-28."""
    slow = FakeRegistry(delay=0.01)
    bundle = world.folder / "bundle"
    blobs = bundle / "oci/blobs/sha256"
    with serve(slow) as host:
        world = World(Served(host), world.mirror, world.folder)
        world.publish(shared=1_200_000, own=1_200_000)
        plan = world.plan()
        with zygote(world.folder / "runs", world.environ()) as forks:
            for wait in (0.05, 0.1, 0.15):
                run = forks.start("airgap", "pull", plan, bundle, "-o", "json")
                run.wait_for('"start"')
                time.sleep(wait)
                run.kill()
        before = {path.name: path.stat().st_mtime_ns for path in blobs.glob("*") if not path.suffix}
        parts = {path.name: path.stat().st_size for path in blobs.glob("*.part")}
        world.run("pull", plan, bundle)

    after = {path.name: path.stat().st_mtime_ns for path in blobs.glob("*")}
    assert parts
    assert before.items() <= after.items()
    world.run("verify", bundle)


def wait_for_line(run: subprocess.Popen[str], words: str) -> str:
    assert run.stdout is not None
    for line in run.stdout:
        if words in line:
            return line
    raise AssertionError(words)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_a_stopped_run_ends_with_130_and_leaves_no_upload(world: World, number: int) -> None:
    """AG-27, AG-61."""
    plan = world.plan()
    world.mirror.kill()
    run = start(world, "copy", plan, world.mirror.url, "-o", "json")
    wait_for_line(run, '"wait"')
    run.send_signal(number)
    _, stderr = run.communicate(timeout=30)
    assert run.returncode == 130, stderr

    world.mirror.start()
    status = json.loads(world.run("status", "-o", "json").stdout)
    assert status["exitCode"] == 130
    world.run("copy", plan, world.mirror.url)
    assert list(world.mirror.folder.rglob("_uploads/*/data")) == []


def test_a_mirror_that_comes_back_is_waited_for(world: World) -> None:
    """AG-21, AG-26."""
    plan = world.plan()
    world.run("copy", plan, world.mirror.url + "/warm")
    world.mirror.kill()
    run = start(world, "copy", plan, world.mirror.url, "-o", "json")
    event = json.loads(wait_for_line(run, '"wait"'))
    world.mirror.start()
    run.communicate(timeout=40)

    assert run.returncode == 0
    assert event["host"] == world.mirror.host


def test_a_mirror_that_stays_away_gives_bit_8(world: World) -> None:
    """AG-21, AG-62."""
    plan = world.plan()
    world.mirror.kill()

    answer = world.run("copy", plan, world.mirror.url, "--wait", "1", code=8)

    assert "refused" in answer.stderr


def test_a_source_that_is_away_gives_bit_4(world: World) -> None:
    """AG-22, AG-62."""
    plan = world.plan()
    nowhere = "http://127.0.0.1:9"

    answer = world.run(
        "copy", plan, world.mirror.url, "--wait", "1", code=(4, 36), ODH_NIM_REGISTRY_URL=nowhere
    )

    assert "refused" in answer.stderr


def test_volumes_and_increments_by_command(world: World) -> None:
    """AG-32, AG-33, R-AIR-10."""
    plan = world.plan()
    first, second = world.folder / "a", world.folder / "b"
    world.run("pull", plan, first, "--volume-size", "500K")
    world.run("push", first, world.mirror.url, "--spool", world.folder / "spool")
    world.run("pull", plan, second, "--since-bundle", first)
    world.run("push", second, world.mirror.url)
    last = max((first / "volumes").glob("*.tar"))
    last.unlink()

    answer = world.run("verify", first, code=16)
    empty = world.run("push", second, world.mirror.url + "/empty", code=8)

    assert f"{last.name} is not there" in answer.stderr
    assert "Nothing was uploaded" in empty.stderr


def test_prune_by_command(world: World) -> None:
    """AG-60."""
    plan = world.plan()
    world.run("copy", plan, world.mirror.url)
    small = world.folder / "small.yaml"
    wanted = world.folder / "wanted.yaml"
    wanted.write_text(f"models: ['{MODELS[0]}:1.0.0']\n")
    world.run("plan", wanted, "--catalog", world.write_catalog(), "--out", small)
    listed = world.folder / "old-tags.yaml"

    world.run("prune", world.mirror.url, "--keep", small, "--old", plan, "--out", listed)
    before = digest_in(world, MODELS[1])
    answer = world.run("prune", world.mirror.url, "--keep", small, "--list", listed, "--yes")

    assert before is not None
    assert digest_in(world, MODELS[1]) is None
    assert digest_in(world, MODELS[0]) is not None
    assert "garbage collection" in answer.stderr


@pytest.mark.parametrize("way", ["copy", "bundle"])
def test_skopeo_moves_the_same_plan(world: World, way: str) -> None:
    """R-AIR-09: --engine skopeo, with digests kept."""
    plan, bundle = world.plan(), world.folder / "bundle"
    if way == "copy":
        moved = world.run("copy", plan, world.mirror.url, "--engine", "skopeo")
    else:
        moved = world.run("pull", plan, bundle, "--engine", "skopeo")
        world.run("verify", bundle)
        world.run("push", bundle, world.mirror.url, "--engine", "skopeo")

    world.run("verify", plan, "--registry", world.mirror.url)
    assert "1.12 or newer" in moved.stderr or "skopeo" not in moved.stderr


def test_no_key_is_in_any_artefact(world: World) -> None:
    """AG-35, R-AIR-09."""
    canary = "nvapi-" + "canary" * 8
    key = world.folder / "key"
    key.write_text(canary)
    key.chmod(0o600)
    plan, bundle = world.folder / "plan.yaml", world.folder / "bundle"
    words: list[str | Path] = ["--catalog", world.write_catalog(), "--out", plan, "--key-file", key]

    outputs = [world.run("plan", world.write_list(), *words)]
    outputs.append(world.run("pull", plan, bundle, "--key-file", key, "-o", "json"))
    outputs.append(world.run("copy", plan, world.mirror.url, "--key-file", key))

    key.unlink()
    said = "".join(answer.stdout + answer.stderr for answer in outputs)
    assert canary not in said
    for folder, _, names in os.walk(world.folder):
        for name in names:
            assert canary.encode() not in (Path(folder) / name).read_bytes(), name
