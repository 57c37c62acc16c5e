"""`odh-nim sandbox` as a person uses it: in a folder of its own, with every part killed in turn."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from odh_nim.cluster import Client, load_kubeconfig
from odh_nim.domain.resources import CONFIG_MAPS, NODES
from odh_nim.settings import Settings
from support.sockets import listening_addresses

PROCESSES = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kserve-manager",
    "page",
)
NOTE = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "note", "namespace": "team-a"},
    "data": {"text": "kept"},
}


class Sandbox:
    """Runs commands against one home, as a shell would."""

    def __init__(self, home: Path) -> None:
        settings = Settings.from_environment(os.environ)
        self.home = home
        self.environment = {
            **os.environ,
            "HOME": str(home / "person"),
            "ODH_NIM_SANDBOX_HOME": str(home / "sandbox"),
            "ODH_NIM_CACHE_HOME": str(settings.cache_home),
        }

    def run(self, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "odh_nim", "sandbox", *arguments]
        answer = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=300, check=False
        )
        assert answer.returncode == code, answer.stdout + answer.stderr
        return answer.stdout

    def status(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.run("status", "-o", "json"))
        return answer

    def pids(self) -> dict[str, int]:
        return {part["name"]: part["pid"] for part in self.status()["parts"]}

    def client(self, user: str = "admin") -> Client:
        path = self.home / "sandbox" / "kubeconfigs" / f"{user}.yaml"
        return Client(load_kubeconfig(path=str(path), environ={}))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox that is up, for the tests of this file in their order."""
    sandbox = Sandbox(tmp_path_factory.mktemp("lifecycle"))
    try:
        sandbox.run("up")
        yield sandbox
    finally:
        sandbox.run("down")


def test_second_up_changes_nothing(sandbox: Sandbox) -> None:
    """R-EXT-07."""
    before = sandbox.status()

    sandbox.run("up")

    after = sandbox.status()
    assert [part["pid"] for part in after["parts"]] == [part["pid"] for part in before["parts"]]
    assert after["state"] == "ready"


def test_everything_listens_on_this_machine_only(sandbox: Sandbox) -> None:
    """R-EXT-07."""
    addresses = {address for pid in sandbox.pids().values() for address in listening_addresses(pid)}

    assert addresses == {"127.0.0.1"}


def test_secrets_of_the_sandbox_are_the_users_alone(sandbox: Sandbox) -> None:
    files = [path for path in (sandbox.home / "sandbox").rglob("*") if path.is_file()]
    secret = [path for path in files if path.suffix in (".key", ".yaml", ".csv")]

    assert stat.S_IMODE((sandbox.home / "sandbox").stat().st_mode) == 0o700
    assert secret
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_own_kubeconfig_is_left_alone(sandbox: Sandbox) -> None:
    assert not (sandbox.home / "person" / ".kube").exists()


def test_own_kubeconfig_is_written_only_when_asked_for(sandbox: Sandbox) -> None:
    sandbox.run("up", "--write-kubeconfig")

    own = load_kubeconfig(
        path=str(sandbox.home / "person" / ".kube" / "config"),
        context="odh-nim-sandbox-bob",
        environ={},
    )
    assert own.namespace == "team-b"


@pytest.mark.anyio
@pytest.mark.parametrize("part", PROCESSES)
async def test_killed_part_comes_back_with_its_data(sandbox: Sandbox, part: str) -> None:
    """R-EXT-07."""
    async with sandbox.client() as client:
        await client.apply(NOTE)
    pids = sandbox.pids()

    os.kill(pids[part], signal.SIGKILL)
    sandbox.run("up")

    assert sandbox.pids()[part] != pids[part]
    async with sandbox.client() as client:
        assert (await client.get(CONFIG_MAPS, "note", "team-a"))["data"] == {"text": "kept"}


@pytest.mark.anyio
async def test_killed_supervisor_leaves_nothing_that_the_next_up_does_not_clear(
    sandbox: Sandbox,
) -> None:
    """R-EXT-07."""
    async with sandbox.client() as client:
        await client.apply(NOTE)
    before = sandbox.pids()

    os.kill(before["kubelet-stand-in"], signal.SIGKILL)
    left = json.loads(sandbox.run("status", "-o", "json", code=10))
    sandbox.run("up")

    assert left["state"] == "left behind"
    assert not any(is_alive(pid) for pid in before.values())
    async with sandbox.client() as client:
        assert (await client.get(CONFIG_MAPS, "note", "team-a"))["data"] == {"text": "kept"}


@pytest.mark.anyio
async def test_everything_killed_at_once_comes_back_at_the_same_address(sandbox: Sandbox) -> None:
    """R-EXT-07."""
    async with sandbox.client() as client:
        await client.apply(NOTE)
        server = client.config.server

    for pid in set(sandbox.pids().values()):
        os.kill(pid, signal.SIGKILL)
    sandbox.run("up")

    async with sandbox.client() as client:
        assert client.config.server == server
        assert (await client.get(CONFIG_MAPS, "note", "team-a"))["data"] == {"text": "kept"}


def test_page_is_opened_once_with_the_address_that_is_shown_last(sandbox: Sandbox) -> None:
    """R-EXT-07, S3."""
    shown = sandbox.run("up").splitlines()[-1].strip()

    with urllib.request.urlopen(shown, timeout=10) as page:  # noqa: S310 - of this test's sandbox
        assert "<title>" in page.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(shown, timeout=10)  # noqa: S310 - as above

    following = sandbox.status()["page_address"]
    assert following.startswith("http://127.0.0.1:")
    assert following.partition("=")[0] == shown.partition("=")[0]
    assert following != shown
    assert following in sandbox.run("status")
    log = (sandbox.home / "sandbox" / "logs" / "page.log").read_text()
    assert "ticket" not in log
    address = sandbox.home / "sandbox" / "run" / "page.address"
    assert stat.S_IMODE(address.stat().st_mode) == 0o600


def test_environment_of_alice_points_at_her_project(sandbox: Sandbox) -> None:
    lines = sandbox.run("env", "--shell", "sh").splitlines()

    variables = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    assert load_kubeconfig(path=None, environ=variables).namespace == "team-a"
    assert variables["ODH_NIM_APPLICATIONS_NAMESPACE"] == "opendatahub"


def test_another_variant_is_refused_with_the_way_out(sandbox: Sandbox) -> None:
    command = [sys.executable, "-m", "odh_nim", "sandbox", "up", "--kubernetes-only"]

    answer = subprocess.run(
        command, env=sandbox.environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert answer.returncode == 10
    assert "odh-nim sandbox reset --variant kubernetes-only" in answer.stderr


def test_down_stops_everything_and_up_finds_the_data(sandbox: Sandbox) -> None:
    """R-EXT-07."""
    pids = sandbox.pids()

    sandbox.run("down")

    assert not any(is_alive(pid) for pid in pids.values())
    assert json.loads(sandbox.run("status", "-o", "json", code=10))["state"] == "down"
    sandbox.run("down")


@pytest.mark.anyio
async def test_reset_makes_a_fresh_sandbox_of_another_variant(sandbox: Sandbox) -> None:
    """R-EXT-03, R-EXT-07."""
    sandbox.run("reset", "--kubernetes-only")

    assert sandbox.status()["applications_namespace"] == "odh-nim"
    async with sandbox.client() as client:
        assert len(await client.list(NODES)) == 2
        names = [item["metadata"]["name"] for item in await client.list(CONFIG_MAPS, "team-a")]
    assert "note" not in names


def is_alive(pid: int) -> bool:
    """Ask a little later too: a killed child may still have to be reaped."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True
