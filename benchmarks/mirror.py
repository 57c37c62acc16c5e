"""P6: the air gap's engine against the floor, skopeo and crane; bytes, wall and processor time.

Shows AG-10, AG-11 and AG-12: eight images of SIZE MB, three quarters of each shared, between two
real registries on loopback. The floor sends the unique files with PUT and sendfile. Trust bytes,
processor time and order.

Usage: benchmarks/mirror.py [SIZE_MB] [ROUNDS]
"""

import contextlib
import gzip
import hashlib
import http.client
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.registry_clients import open_store
from support.registry_images import OCI, OCI_CONFIG, OCI_LAYER, digest_of
from support.registry_program import RegistryProgram, running

IMAGES = 8
MB = 1_000_000


@dataclass(frozen=True)
class Made:
    """An image as files."""

    tag: str
    manifest: bytes
    blobs: dict[str, Path]


@dataclass(frozen=True)
class Run:
    """One measured run."""

    wall: float
    cpu: float
    peak: int


def main(arguments: list[str]) -> None:
    size = int(arguments[0]) if arguments else 400
    rounds = int(arguments[1]) if len(arguments) > 1 else 1
    with tempfile.TemporaryDirectory(prefix="odh-nim-mirror-") as name:
        folder = Path(name)
        images = make_images(folder / "blobs", size)
        unique = sum(path.stat().st_size for path in all_blobs(images).values())
        naive = sum(path.stat().st_size for made in images for path in made.blobs.values())
        print(
            f"{IMAGES} images of {size} MB, unique {unique / MB:.0f} MB, naive {naive / MB:.0f} MB"
        )
        with running(folder / "source") as source:
            fill(source, images)
            plan = make_plan(folder, source)
            for number in range(rounds):
                print(f"round {number + 1}")
                measure(folder, source, plan, images, unique)


def make_images(folder: Path, size: int) -> list[Made]:
    folder.mkdir(parents=True)
    shared = write_layer(folder, size * 3 // 4, "shared")
    made = []
    for number in range(IMAGES):
        own = write_layer(folder, size // 4, f"own-{number}")
        layers = [shared, own]
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": {"Labels": {"number": str(number)}},
                "rootfs": {"type": "layers", "diff_ids": [each[1] for each in layers]},
            }
        ).encode()
        path = folder / digest_of(config).removeprefix("sha256:")
        path.write_bytes(config)
        described = [
            {"mediaType": OCI_LAYER, "digest": digest, "size": file.stat().st_size}
            for digest, _, file in layers
        ]
        manifest = {
            "schemaVersion": 2,
            "mediaType": OCI,
            "config": {
                "mediaType": OCI_CONFIG,
                "digest": digest_of(config),
                "size": len(config),
            },
            "layers": described,
        }
        blobs = {digest: file for digest, _, file in layers} | {digest_of(config): path}
        made.append(Made(f"1.0.{number}", json.dumps(manifest).encode(), blobs))
    return made


def write_layer(folder: Path, size: int, seed: str) -> tuple[str, str, Path]:
    """Write a compressed layer of noise; gives digest, digest unpacked, file."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    draft, inner = folder / f"{seed}.draft", hashlib.sha256()
    with gzip.GzipFile(draft, "wb", compresslevel=0, mtime=0) as file:
        for _ in range(size):
            piece = chance.randbytes(MB)
            inner.update(piece)
            file.write(piece)
    digest = hashlib.file_digest(draft.open("rb"), "sha256").hexdigest()
    path = draft.rename(folder / digest)
    return f"sha256:{digest}", f"sha256:{inner.hexdigest()}", path


def all_blobs(images: list[Made]) -> dict[str, Path]:
    return {digest: path for made in images for digest, path in made.blobs.items()}


def fill(program: RegistryProgram, images: list[Made]) -> None:
    def reader(path: Path) -> Callable[[int], Iterator[bytes]]:
        return lambda offset: pieces(path, offset)

    with open_store(program.host) as store:
        for number, made in enumerate(images):
            repository = f"nim/team/m{number}"
            for digest, path in made.blobs.items():
                if number and store.mount_blob(repository, digest, "nim/team/m0"):
                    continue
                store.upload_blob(repository, digest, path.stat().st_size, reader(path))
            store.put_manifest(repository, made.tag, made.manifest, OCI)


def pieces(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while piece := file.read(MB):
            yield piece


def make_plan(folder: Path, source: RegistryProgram) -> Path:
    wanted = folder / "models.yaml"
    lines = [f"- {source.host}/nim/team/m{number}:1.0.{number}" for number in range(IMAGES)]
    wanted.write_text("images:\n" + "\n".join(lines) + "\n")
    out = folder / "plan.yaml"
    subprocess.run([*command(), "plan", wanted, "--out", out], check=True, capture_output=True)
    return out


def command() -> list[str]:
    return [sys.executable, "-m", "odh_nim", "airgap"]


def measure(
    folder: Path, source: RegistryProgram, plan: Path, images: list[Made], unique: int
) -> None:
    with fresh(folder) as target:
        floor = timed(lambda: put_files(target, all_blobs(images)))
    report("floor: PUT + sendfile", floor, unique, 0, unique, floor)
    for workers in (1, 4):
        with fresh(folder) as target:
            environ = {**os.environ, "ODH_NIM_CACHE_HOME": str(folder / "cache")}
            words = [*command(), "copy", plan, target.url, "--workers", str(workers)]
            ours, read, sent = counted(source, target, [words], environ)
            report(f"odh-nim, {workers} at once", ours, unique, read, sent, floor)
            again, read, sent = counted(source, target, [words], environ)
            report("  again, nothing to do", again, unique, read, sent, floor)
    if shutil.which("skopeo"):
        copies = [
            ["skopeo", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false",
             f"docker://{source.host}/nim/team/m{n}:1.0.{n}",
             f"docker://{{target}}/nim/team/m{n}:1.0.{n}"]
            for n in range(IMAGES)
        ]  # fmt: skip
        with_tool(folder, source, copies, "skopeo, one by one", unique, floor)
    if shutil.which("crane"):
        copies = [
            ["crane", "copy", "--insecure", f"{source.host}/nim/team/m{n}:1.0.{n}",
             f"{{target}}/nim/team/m{n}:1.0.{n}"]
            for n in range(IMAGES)
        ]  # fmt: skip
        with_tool(folder, source, copies, "crane, one by one", unique, floor)


def with_tool(
    folder: Path,
    source: RegistryProgram,
    copies: list[list[str]],
    name: str,
    unique: int,
    floor: Run,
) -> None:
    with fresh(folder) as target:
        commands = [[word.format(target=target.host) for word in words] for words in copies]
        run, read, sent = counted(source, target, commands, dict(os.environ))
        report(name, run, unique, read, sent, floor)


@contextlib.contextmanager
def fresh(folder: Path) -> Iterator[RegistryProgram]:
    place = folder / "target"
    shutil.rmtree(place, ignore_errors=True)
    with running(place) as target:
        yield target


def put_files(target: RegistryProgram, blobs: dict[str, Path]) -> None:
    for digest, path in blobs.items():
        connection = http.client.HTTPConnection("127.0.0.1", target.port)
        connection.request("POST", "/v2/floor/blobs/uploads/")
        answer = connection.getresponse()
        answer.read()
        location = answer.headers["Location"].partition(target.host)[2]
        connection.putrequest("PUT", f"{location}&digest={digest}")
        connection.putheader("Content-Length", str(path.stat().st_size))
        connection.endheaders()
        with path.open("rb") as file:
            connection.sock.sendfile(file)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201, answer.status
        connection.close()


def timed(work: Callable[[], Any]) -> Run:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    work()
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(wall, cpu, after.ru_maxrss)


def counted(
    source: RegistryProgram,
    target: RegistryProgram,
    commands: list[list[Any]],
    environ: dict[str, str],
) -> tuple[Run, int, int]:
    """Run commands; gives what the source read from its disk and the target wrote to its own."""
    assert source.process is not None
    assert target.process is not None
    read = io_of(source.process.pid)
    sent = io_of(target.process.pid)
    wall, cpu, peak = 0.0, 0.0, 0
    for words in commands:
        began = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, words)), env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert process.stderr is not None
        drain = threading.Thread(target=process.stderr.read, daemon=True)
        drain.start()
        _, status, used = os.wait4(process.pid, 0)
        wall += time.perf_counter() - began
        assert os.waitstatus_to_exitcode(status) == 0, words
        cpu += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss)
    return (
        Run(wall, cpu, peak),
        io_of(source.process.pid)[0] - read[0],
        io_of(target.process.pid)[1] - sent[1],
    )


def io_of(pid: int) -> tuple[int, int]:
    """Give what a registry has read from its disk and written to it, as programs count."""
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(fields["rchar"]), int(fields["wchar"])


def report(name: str, run: Run, unique: int, read: int, sent: int, floor: Run) -> None:
    gigabytes = unique / 1e9
    print(
        f"  {name:26} read {read / unique:5.2f} x  written {sent / unique:5.2f} x unique   "
        f"wall {run.wall:6.2f} s = {run.wall / floor.wall:4.2f} x floor   "
        f"CPU {run.cpu / gigabytes:5.2f} s/GB   peak {run.peak / 1024:4.0f} MB"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
