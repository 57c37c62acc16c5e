"""`odh-nim keys rotate` killed at each of its writes while real pods run, and what finishes it."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from faults.keys.killing import killed_rotation
from odh_nim.cluster import Client
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.names import STRATEGY_BEFORE
from odh_nim.domain.resources import INFERENCE_SERVICES, SECRETS, SERVING_RUNTIMES
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.faults import Fault, Plan
from support.gpus import free_gpus
from support.key_witness import KeyWitness, watching
from support.leaks import leaks
from support.rotations import bring_up, clean, command, pods_of

pytestmark = pytest.mark.anyio
KEYS = {name: dummy_key(name).value for name in ("good", "second")}
NAMES = ("a", "b")
# Both Secrets, both deployments: killed before the first write, and after each of them.
MOMENTS = [(0, Fault.KILL_BEFORE), *((write, Fault.KILL_AFTER) for write in range(4))]
# Both Secrets, the note, the deployment; its strategy brought back, the note dropped.
MOMENTS_OF_MAKING_ROOM = [(write, Fault.KILL_AFTER) for write in range(2, 6)]


class Scene:
    """A project with running models, and who watches it."""

    def __init__(
        self, plane: ControlPlane, admin: Client, namespace: str, user: str, witness: KeyWitness
    ) -> None:
        self.plane = plane
        self.admin = admin
        self.namespace = namespace
        self.user = user
        self.witness = witness

    async def run(self, *words: str) -> dict[str, Any]:
        """Run a command that must succeed; give its JSON."""
        ran = await asyncio.to_thread(
            command, self.plane, self.user, "--debug", *words, "-n", self.namespace, "-o", "json"
        )
        assert ran.code == 0, ran.err
        for key in KEYS.values():
            assert leaks(ran.out + ran.err, key) == []
        found: dict[str, Any] = json.loads(ran.out)
        return found

    async def resumed(self, what: str) -> dict[str, Any]:
        """Finish what the killed run began; a second time nothing is left to do."""
        report = await self.run("keys", "rotate", "--resume")
        before = await self._written()
        again = await self.run("keys", "rotate", "--resume")
        assert (again["change"], again["deployments"]) == ("unchanged", []), what
        assert await self._written() == before, what
        shown = await self.run("keys", "show")
        assert (shown["state"], shown["agree"]) == ("ours", True), what
        assert [one["restartPending"] for one in shown["users"]] == [False] * len(shown["users"])
        return report

    async def _written(self) -> dict[str, Any]:
        """What tells a write of ours: KServe writes the status of a service at any time."""
        secrets, services = await asyncio.gather(
            self.admin.list(SECRETS, self.namespace),
            self.admin.list(INFERENCE_SERVICES, self.namespace),
        )
        found = {one["metadata"]["name"]: one["metadata"]["resourceVersion"] for one in secrets}
        return found | {
            one["metadata"]["name"]: (one["metadata"]["generation"], one["metadata"]["annotations"])
            for one in services
        }

    async def runs_with(self, key: str, count: int, what: str) -> None:
        """Make sure that every pod that is there started with this key, and none with two."""
        pods = await pods_of(self.admin, self.namespace)
        secrets = await self.admin.list(SECRETS, self.namespace)
        await self.witness.until(*pods, *secrets)
        assert len(pods) == count, what
        for pod in pods:
            assert self.witness.keys_at_start(pod["metadata"]["uid"]) == {key}, what
        assert self.witness.torn() == [], what


async def test_killed_at_any_write_the_models_run_with_one_key_and_resume_finishes(
    control_plane: ControlPlane, namespace: str, nvidia: str, tmp_path: Path
) -> None:
    """R-ROT-09, R-ROT-03, R-TST-04: kill -9 while pods really run."""
    async with (
        Client(control_plane.admin) as admin,
        watching(admin, namespace) as witness,
    ):
        scene = Scene(control_plane, admin, namespace, "alice", witness)
        await bring_up(admin, control_plane, namespace, NAMES)
        now, other = "good", "second"
        for write, fault in MOMENTS:
            what = f"{fault} at write {write}"

            printed = await killed_rotation(
                control_plane, namespace, tmp_path, Plan(write, fault), key=KEYS[other]
            )

            assert leaks(printed, KEYS[other]) + leaks(printed, KEYS[now]) == [], what
            report = await scene.resumed(what)
            if fault is Fault.KILL_AFTER:
                now, other = other, now
                assert {one["name"] for one in report["deployments"]} <= set(NAMES), what
            else:
                assert report["deployments"] == [], what
            await scene.runs_with(KEYS[now], len(NAMES), what)
        await clean(admin, namespace)


async def test_killed_while_an_old_pod_makes_room_the_strategy_comes_back(
    control_plane: ControlPlane, namespace: str, nvidia: str, tmp_path: Path
) -> None:
    """R-ROT-06, R-ROT-09: no deployment keeps a way of replacing pods that nobody chose."""
    async with (
        Client(control_plane.admin) as admin,
        watching(admin, namespace) as witness,
    ):
        node, count = await free_gpus(admin)
        selector = {"kubernetes.io/hostname": node}
        scene = Scene(control_plane, admin, namespace, "admin", witness)
        await bring_up(
            admin, control_plane, namespace, ["llama"], gpus=count, node_selector=selector
        )
        strategy = _strategy(await admin.get(INFERENCE_SERVICES, "llama", namespace))
        now, other = "good", "second"
        for write, fault in MOMENTS_OF_MAKING_ROOM:
            what = f"{fault} at write {write}"

            await killed_rotation(
                control_plane,
                namespace,
                tmp_path,
                Plan(write, fault),
                key=KEYS[other],
                user="admin",
            )

            now, other = other, now
            await scene.resumed(what)
            await scene.runs_with(KEYS[now], 1, what)
            service, runtime = await asyncio.gather(
                admin.get(INFERENCE_SERVICES, "llama", namespace),
                admin.get(SERVING_RUNTIMES, "llama", namespace),
            )
            assert _strategy(service) == strategy, what
            assert STRATEGY_BEFORE not in runtime["metadata"]["annotations"], what
        await clean(admin, namespace)


def _strategy(service: Manifest) -> Any:
    return service["spec"]["predictor"].get("deploymentStrategy")
