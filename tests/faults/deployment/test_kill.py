"""`odh-nim deploy` killed at each write: afterwards there is all, nothing, or what is listed."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from faults.deployment.stage import foreign_objects, proxy_of
from odh_nim.cli import deploy_flow, deployments_flow
from odh_nim.cli.common import Target
from odh_nim.cli.deploy_options import DeployOptions
from odh_nim.cli.deployments_delete import DeleteChoice
from odh_nim.cli.deployments_delete import run as delete_deployment
from odh_nim.cluster import Client
from odh_nim.deployment import find_remainders
from odh_nim.domain.names import KEY_SECRET, PULL_SECRET
from odh_nim.manifests.yaml import dump_yaml, load_yaml
from odh_nim.sandbox.layout import write_private
from odh_nim.sandbox.testing import ControlPlane
from support.control_plane import make_project
from support.fault_proxy import FaultProxy
from support.faults import Fault, Plan
from support.leaks import leaks
from support.witness import Snapshot, half_states, key_places, look

pytestmark = pytest.mark.anyio
MODEL = "meta/llama-3.1-8b-instruct"
OWN = {"nvidia-nim-secrets-killed", "nvidia-nim-image-pull-killed"}
OBJECTS = {
    "PersistentVolumeClaim/nim-pvc-killed",
    "ServingRuntime/killed",
    "InferenceService/killed",
}
# Five objects, and three owners that are set together.
WRITES_WITH_OWN_KEY = 8
# The project's two Secrets and the claim; from there on it is as above.
WRITES_WITH_NEW_KEY = 3
AT_ONCE = 3


@dataclass(frozen=True)
class Scene:
    """A project on the whole control plane, in which one command is killed."""

    plane: ControlPlane
    namespace: str
    kubeconfig: Path
    proxy: FaultProxy
    admin: Client
    cluster: Client
    own_key: bool
    request_id: str

    @property
    def key_file(self) -> Path:
        return self.plane.key_file("good")

    @property
    def key(self) -> str:
        return self.key_file.read_text(encoding="ascii").strip()

    @property
    def whole(self) -> set[str]:
        secrets = OWN if self.own_key else {KEY_SECRET, PULL_SECRET}
        return OBJECTS | {f"Secret/{name}" for name in secrets}

    @property
    def target(self) -> Target:
        return Target(self.namespace, kubeconfig=str(self.plane.kubeconfig("alice")))


@asynccontextmanager
async def scene_of(plane: ControlPlane, folder: Path, *, own_key: bool) -> AsyncIterator[Scene]:
    namespace = await asyncio.to_thread(make_project, plane)
    kubeconfig = folder / namespace
    alice = plane.config_for("alice")
    async with Client(plane.admin) as admin, Client(alice) as cluster:
        for manifest in foreign_objects(namespace):
            await admin.create(manifest)
        async with proxy_of(plane, counts=lambda call: call.is_write) as proxy:
            data = load_yaml(plane.kubeconfig("alice").read_text(encoding="utf-8"))
            data["clusters"][0]["cluster"] = {"server": proxy.url}
            write_private(kubeconfig, dump_yaml(data))
            yield Scene(
                plane, namespace, kubeconfig, proxy, admin, cluster, own_key, f"r-{namespace}"
            )


async def run_killed(scene: Scene, plan: Plan) -> str:
    """Run the command until the proxy kills it; give what it printed."""
    options = ["--own-key"] if scene.own_key else []
    scene.proxy.play(plan)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "odh_nim", "--debug", "deploy", MODEL, "--name", "killed"),
        *("-n", scene.namespace, "--request-id", scene.request_id, "--no-wait", *options),
        *("--key-file", str(scene.key_file)),
        env=os.environ | scene.plane.environment("alice") | {"KUBECONFIG": str(scene.kubeconfig)},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    scene.proxy.on_kill = process.kill
    printed, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == -9, printed.decode()
    return printed.decode()


async def what_is_left(scene: Scene, before: Snapshot) -> set[str]:
    """Hold what is there against what is listed; give what the request made."""
    after = await look(scene.admin, scene.namespace)
    found = await find_remainders(scene.cluster, scene.namespace)
    listed = {str(one) for remainder in found.incomplete for one in remainder.objects}
    listed |= {str(claim) for claim in found.orphan_claims}
    # The project's key is no part of a deployment: `keys check` tells what is wrong with it.
    listed |= after.of_request(scene.request_id) & {
        f"Secret/{KEY_SECRET}",
        f"Secret/{PULL_SECRET}",
    }
    wrong = half_states(
        before, after, request_id=scene.request_id, whole=scene.whole, listed=listed
    )
    assert wrong == []
    names = {one.request_id for one in found.incomplete}
    assert names <= {scene.request_id}
    return after.of_request(scene.request_id)


async def finish(scene: Scene) -> None:
    """Type the same command again, with the id that the list names."""
    options = DeployOptions(
        MODEL,
        name="killed",
        key_file=str(scene.key_file),
        own_key=scene.own_key,
        request_id=scene.request_id,
        wait=False,
    )
    await deploy_flow.run(scene.target, options, None, "name")
    after = await look(scene.admin, scene.namespace)
    assert after.of_request(scene.request_id) == scene.whole
    found = await find_remainders(scene.cluster, scene.namespace)
    assert found.incomplete == ()
    assert found.orphan_claims == ()
    for name in OWN if scene.own_key else ():
        owners = after.objects[f"Secret/{name}"]["metadata"]["ownerReferences"]
        assert [one["name"] for one in owners] == ["killed"]


async def remove(scene: Scene) -> None:
    choice = DeleteChoice(with_claim=True, yes=True, dry_run=False, within=60, output="table")
    await delete_deployment(scene.target, "killed", choice)


async def nothing_but_the_projects_key(scene: Scene, before: Snapshot) -> None:
    for _ in range(100):
        after = await look(scene.admin, scene.namespace)
        left = after.all_of_request(scene.request_id)
        left -= {f"Secret/{KEY_SECRET}", f"Secret/{PULL_SECRET}"}
        if not left:
            break
        await asyncio.sleep(0.1)
    assert left == set()
    assert half_states(before, after, request_id="", whole=set(), listed=set()) == []


@pytest.fixture
def shell(control_plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> ControlPlane:
    for name, value in control_plane.environment("alice").items():
        monkeypatch.setenv(name, value)
    return control_plane


@pytest.mark.parametrize("own_key", [True, False], ids=["own-key", "new-project-key"])
@pytest.mark.parametrize("fault", [Fault.KILL_BEFORE, Fault.KILL_AFTER])
async def test_killed_deployment_is_whole_or_listed_and_can_be_finished_or_deleted(
    shell: ControlPlane,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    fault: Fault,
    *,
    own_key: bool,
) -> None:
    """R-DEP-08, R-TST-04, F40, F41: what is left after n writes is the same either way."""
    finishes = fault is Fault.KILL_AFTER
    writes = WRITES_WITH_OWN_KEY if own_key else WRITES_WITH_NEW_KEY
    turn = asyncio.Semaphore(AT_ONCE)

    async def scenario(write: int) -> str:
        async with turn, scene_of(shell, tmp_path, own_key=own_key) as scene:
            before = await look(scene.admin, scene.namespace)
            printed = await run_killed(scene, Plan(write, fault))
            made = await what_is_left(scene, before)
            if finishes:
                await finish(scene)
            if finishes or made & OBJECTS or (own_key and made):
                await remove(scene)
            await nothing_but_the_projects_key(scene, before)
            places = await key_places(scene.admin, scene.namespace, scene.key)
            assert places <= {f"Secret/{KEY_SECRET}", f"Secret/{PULL_SECRET}"}
            return printed

    printed = await asyncio.gather(*(scenario(write) for write in range(writes)))

    shown = capsys.readouterr()
    key = shell.key_file("good").read_text(encoding="ascii").strip()
    assert leaks("".join((*printed, shown.out, shown.err)), key) == []


async def test_list_names_what_a_kill_left_and_how_to_go_on(
    shell: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R-DEP-08, I7."""
    async with scene_of(shell, tmp_path, own_key=True) as scene:
        before = await look(scene.admin, scene.namespace)
        await run_killed(scene, Plan(4, Fault.KILL_BEFORE))
        made = await what_is_left(scene, before)

        await deployments_flow.print_list(
            scene.target, everywhere=False, watch=False, output="table"
        )

    told = capsys.readouterr().err
    assert len(made) == 4
    assert all(name in told for name in made)
    assert f"--name killed -n {scene.namespace} --request-id {scene.request_id}" in told
    assert f"odh-nim deployments delete killed -n {scene.namespace}" in told
