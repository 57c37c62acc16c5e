"""A real container runtime follows our hosts.toml."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from odh_nim.airgap.oci import Blob, ManifestRef
from odh_nim.airgap.plan import ModelFacts, Plan, PlannedImage
from odh_nim.airgap.resources.mirrors import Mirror, hosts_files
from odh_nim.domain.image import ImageReference
from support.registry_images import MadeImage, image, layer
from support.registry_program import RegistryProgram, running
from support.registry_world import fill

IMAGE = "nvcr.io/nim/team/m0:1.0.0"


@contextmanager
def containerd(folder: Path) -> Iterator[Path]:
    """Run containerd without its kubelet side; gives its socket."""
    folder.mkdir()
    config, socket = folder / "config.toml", folder / "socket"
    config.write_text('version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    words = ["containerd", "--root", folder / "root", "--state", folder / "state"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*map(str, words), "--address", str(socket), "-c", str(config)], stdout=log, stderr=log
        )
    try:
        until = time.monotonic() + 30
        while ctr(socket, "version").returncode:
            assert time.monotonic() < until, (folder / "log").read_text()
            time.sleep(0.1)
        yield socket
    finally:
        process.terminate()
        process.wait(20)


def ctr(socket: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["ctr", "--address", str(socket), "--connect-timeout", "2s", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def plan_of(made: MadeImage) -> Plan:
    manifest = ManifestRef(made.digest, len(made.body), made.media_type, "linux/amd64")
    blobs = tuple(Blob(digest, len(blob)) for digest, blob in made.blobs.items())
    reference = ImageReference.parse(IMAGE)
    facts = ModelFacts("m0")
    return Plan((PlannedImage(reference, manifest, blobs, made.digest, model=facts),))


def write_hosts(folder: Path, plan: Plan, registry: RegistryProgram, prefix: str) -> Path:
    mirror = Mirror(registry.host, prefix, plain=True, never_contact_source=True)
    for name, text in hosts_files(plan, mirror).items():
        path = folder / name.removeprefix("certs.d/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("containerd") is None,
    reason="containerd runs as root only; tools/install-test-tools installs it there",
)
@pytest.mark.parametrize("prefix", ["", "site/nv"])
def test_containerd_pulls_from_the_mirror(tmp_path: Path, prefix: str) -> None:
    """AG-43: nvcr.io is never asked, with a prefix and without."""
    made = image([layer(5000, "containerd")])
    with running(tmp_path / "mirror") as registry, containerd(tmp_path / "containerd") as socket:
        fill(registry, "/".join(filter(None, (prefix, "nim/team/m0"))), "1.0.0", made)
        hosts = write_hosts(tmp_path / "hosts", plan_of(made), registry, prefix)

        fetched = ctr(socket, "content", "fetch", "--hosts-dir", str(hosts), IMAGE)
        listed = ctr(socket, "images", "ls")

    assert fetched.returncode == 0, fetched.stderr
    assert made.digest in listed.stdout
