"""A real clean-up, killed at any of its writes: the next one ends where a whole one ends."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from faults.deployment.stage import proxy_of
from odh_nim.domain.manifest import Manifest
from odh_nim.manifests.yaml import dump_yaml, load_yaml
from odh_nim.sandbox.layout import write_private
from odh_nim.sandbox.testing import ControlPlane
from support.faults import Fault, Plan
from support.old_cluster_server import OldClusterServer, cluster_definition
from support.old_clusters import content, keys_of, manifests

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]

# With every step but the last: validators, a catalogue to save, Accounts, keys, the switch.
STATES = {"gen1": "v2.20.0", "gen2b": "v3.0.0", "mixed/airgapped-admin-configmap": "v3.5.0"}
MAIN = "redhat-ods-applications"
REPORT = f"ConfigMap/{MAIN}/odh-nim-upgrade"


def without_controller(state: str) -> list[Manifest]:
    return [one for one in manifests(state) if one["metadata"]["name"] != "odh-model-controller"]


async def apply(
    plane: ControlPlane, folder: Path, plan: Plan | None = None
) -> tuple[int | None, str, int]:
    """Run the command through a proxy that may kill it; give its end, its words, its writes."""
    async with proxy_of(plane, counts=lambda call: call.is_write) as proxy:
        data = load_yaml(plane.kubeconfig("admin").read_text(encoding="utf-8"))
        data["clusters"][0]["cluster"] = {"server": proxy.url}
        kubeconfig = folder / "kubeconfig"
        write_private(kubeconfig, dump_yaml(data))
        if plan is not None:
            proxy.play(plan)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "odh_nim", "--debug", "upgrade", "apply", "--yes"),
            env=os.environ | {"KUBECONFIG": str(kubeconfig)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        proxy.on_kill = process.kill
        printed, _ = await asyncio.wait_for(process.communicate(), 120)
        writes = [call for call in proxy.calls if call.is_write]
        return process.returncode, printed.decode(), len(writes)


async def end_state(server: OldClusterServer) -> dict[str, Any]:
    """Give what is there, without what differs between two clusters of the same content."""
    found: dict[str, Any] = {name: content(one) for name, one in (await server.settled()).items()}
    for one in await server.list(f"/api/v1/namespaces/{MAIN}/configmaps"):
        found[f"ConfigMap/{MAIN}/{one['metadata']['name']}"] = content(one)
    for item in found.values():
        for mark in ("uid", "ownerReferences", "deletionTimestamp"):
            item["metadata"].pop(mark, None)
        if item.get("type") == "kubernetes.io/service-account-token":
            # The control plane writes a new token into it each time.
            item["data"], item["metadata"]["annotations"] = {}, {}
    # Models' pods live and die by controllers that are none of ours.
    found = {name: one for name, one in found.items() if "-predictor-" not in name}
    report = json.loads(found[REPORT]["data"]["report.json"])
    found[REPORT] = [report["state"], report["left"], report["advice"]]
    return found


@pytest.mark.parametrize("state", STATES)
async def test_killed_at_any_write_the_next_run_ends_in_the_same_state(
    old_plane: ControlPlane, server: OldClusterServer, tmp_path: Path, state: str
) -> None:
    """R-CLN-05, R-CLN-16; F49."""
    await server.define(cluster_definition(STATES[state]))
    await server.load(without_controller(state))
    code, told, writes = await apply(old_plane, tmp_path)
    assert code == 0, told
    whole = await end_state(server)
    code, _, again = await apply(old_plane, tmp_path)
    assert (code, again) == (0, 0)
    kills = [(0, Fault.KILL_BEFORE)] + [(number, Fault.KILL_AFTER) for number in range(writes)]
    for number, fault in kills:
        await server.clear()
        await server.load(without_controller(state))
        code, printed, _ = await apply(old_plane, tmp_path, Plan(number, fault))
        assert code == -9, printed
        told += printed

        code, printed, _ = await apply(old_plane, tmp_path)

        assert code == 0, printed
        told += printed
        assert await end_state(server) == whole, (number, fault)
    assert not [key for key in keys_of(state) if key in told]
