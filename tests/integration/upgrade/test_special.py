"""What goes wrong on real clusters: no controller, a dead webhook, lists that fail, kills."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from odh_nim.cluster import Client
from odh_nim.domain import resources as kinds
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.upgrade import Consents, Options, apply_upgrade, plan_upgrade
from support.cluster_patch import apply_json_patch
from support.old_cluster_server import OldClusterServer, cluster_definition
from support.old_clusters import content, differences, expected, keys_of, manifests

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[3]
QUICK = Options(wait=3, poll=0.05, look_again=0.2)
ACCOUNT = "Account/redhat-ods-applications/odh-nim-account"
DSC = "DataScienceCluster/default-dsc"


def without_controller(state: str, *, webhook: bool = False) -> list[Manifest]:
    """A state whose old controller is switched off: nobody serves its finalizer."""
    found = manifests(state, webhook=webhook)
    for item in found:
        if item["kind"] == "Deployment" and item["metadata"]["name"] == "odh-model-controller":
            for variable in item["spec"]["template"]["spec"]["containers"][0]["env"]:
                if variable["name"] == "NIM_STATE":
                    variable["value"] = "removed"
    return found


async def test_finalizer_of_a_controller_that_is_gone_is_removed(
    old_plane: ControlPlane, server: OldClusterServer
) -> None:
    """R-CLN-07."""
    await server.define(cluster_definition("v3.0.0"))
    await server.load(without_controller("gen2b"))
    before = await server.settled()

    async with Client(old_plane.admin) as client:
        report = await apply_upgrade(client, QUICK)

    assert report.left == ()
    wanted = {one.object: one.cleanup for one in expected("gen2b")}
    assert differences("gen2b", before, await server.settled(), wanted) == []


async def test_catalogue_of_an_admin_survives_where_no_controller_deletes_it(
    old_plane: ControlPlane, server: OldClusterServer
) -> None:
    """R-CLN-06."""
    state = "mixed/airgapped-admin-configmap"
    await server.define(cluster_definition("v3.5.0"))
    await server.load(without_controller(state))
    before = await server.settled()

    async with Client(old_plane.admin) as client:
        report = await apply_upgrade(client, QUICK)
        config = await client.get(kinds.CONFIG_MAPS, "odh-nim-config", "redhat-ods-applications")
        nim_config = yaml.safe_load(config["data"]["nimConfig"])
        saved = await client.get(
            kinds.CONFIG_MAPS, nim_config["customConfigMap"]["name"], "redhat-ods-applications"
        )

    after = await server.settled()
    assert report.left == ()
    assert (
        differences(state, before, after, {one.object: one.cleanup for one in expected(state)})
        == []
    )
    original = before["ConfigMap/redhat-ods-applications/odh-nim-account-cm"]
    assert saved["data"] == original["data"]
    assert "ownerReferences" not in saved["metadata"]
    assert nim_config["disconnected"] == {"disableKeyCollection": True}


async def test_dead_webhook_is_named_and_with_consent_its_one_entry_goes(
    old_plane: ControlPlane, server: OldClusterServer
) -> None:
    """R-CLN-07, R-CLN-11."""
    await server.define(cluster_definition("v3.0.0"))
    await server.load(without_controller("gen2b", webhook=True))
    async with Client(old_plane.admin) as client:
        refused = await apply_upgrade(client, QUICK)

        assert any("--remove-webhook-entry" in line for line in refused.left), refused.left
        hooks = await client.list(kinds.VALIDATING_WEBHOOKS)
        allowed = await apply_upgrade(
            client,
            Options(
                wait=5, poll=0.05, look_again=0.2, consents=Consents(remove_webhook_entry=True)
            ),
        )
        (left,) = await client.list(kinds.VALIDATING_WEBHOOKS)

    assert allowed.left == ()
    entries = [one["name"] for one in left["webhooks"]]
    assert entries == [one["name"] for one in hooks[0]["webhooks"][1:]]


async def test_the_kind_goes_last_on_request_and_only_without_accounts(
    old_plane: ControlPlane, server: OldClusterServer
) -> None:
    """R-CLN-10."""
    await server.define(cluster_definition("v3.5.0"))
    crd = "accounts.nim.opendatahub.io"
    wanted = Options(wait=3, poll=0.05, look_again=0.2, consents=Consents(delete_kind=True))
    async with Client(old_plane.admin) as client:
        definition = await client.get(kinds.CUSTOM_RESOURCE_DEFINITIONS, crd)
        await server.load(without_controller("gen3"))
        held = await apply_upgrade(client, wanted)
        assert any(crd in line for line in held.left)
        assert await client.get(kinds.CUSTOM_RESOURCE_DEFINITIONS, crd)
        await server.clear()

        await server.load(without_controller("gen2b"))
        done = await apply_upgrade(client, wanted)
        assert done.left == ()
        assert crd not in [
            one["metadata"]["name"] for one in await client.list(kinds.CUSTOM_RESOURCE_DEFINITIONS)
        ]

        plain = {"apiVersion": definition["apiVersion"], "kind": definition["kind"]}
        await server.define(plain | {"metadata": {"name": crd}, "spec": definition["spec"]})
        again = await apply_upgrade(client, wanted)
        reported = {str(item.subject): item.reason for item in again.plan.items}
        assert "came back" in reported[f"CustomResourceDefinition/{crd}"]


async def test_stored_objects_survive_a_schema_without_the_field(
    old_plane: ControlPlane, server: OldClusterServer
) -> None:
    """R-CLN-09."""
    old = cluster_definition("v3.5.0")
    await server.define(old)
    await server.load([one for one in manifests("gen2b") if one["kind"] == "DataScienceCluster"])
    before = (await server.snapshot())[DSC]
    patch = yaml.safe_load((ROOT / "config/components/without-dsc-nim/drop-nim.yaml").read_text())

    await server.define(apply_json_patch(old, patch))
    async with Client(old_plane.admin) as client:
        for version in ("v1", "v2"):
            kind = kinds.ApiResource(
                kinds.DATA_SCIENCE_CLUSTERS.group,
                version,
                kinds.DATA_SCIENCE_CLUSTERS.plural,
                kinds.DATA_SCIENCE_CLUSTERS.kind,
                namespaced=False,
            )
            found = await client.get(kind, "default-dsc")
            assert found["metadata"]["uid"] == before["metadata"]["uid"]
        plan = await plan_upgrade(client)

    after = (await server.snapshot())[DSC]
    nim = before["spec"]["components"]["kserve"].pop("nim")
    assert nim["managementState"] == "Managed"
    assert content(after)["spec"] == content(before)["spec"]
    reasons = {str(item.subject): item.reason for item in plan.items}
    assert "no nim field" in reasons[DSC]


@pytest.mark.parametrize("after", [1, 4])
async def test_process_killed_in_the_middle_is_finished_by_the_next(
    old_plane: ControlPlane, server: OldClusterServer, after: int
) -> None:
    """R-CLN-05, R-CLN-16."""
    await server.define(cluster_definition("v3.0.0"))
    await server.load(without_controller("gen2b"))
    before = await server.settled()
    environment = os.environ | {"KUBECONFIG": str(old_plane.kubeconfig("admin"))}
    command = [sys.executable, "-m", "odh_nim", "upgrade", "apply", "--yes"]
    output = await asyncio.to_thread(run_and_kill, command, environment, after)
    await asyncio.to_thread(
        subprocess.run, command, env=environment, check=True, capture_output=True
    )

    wanted = {one.object: one.cleanup for one in expected("gen2b")}
    assert differences("gen2b", before, await server.settled(), wanted) == []
    assert not [key for key in keys_of("gen2b") if key in output]


def run_and_kill(command: list[str], environment: dict[str, str], after: int) -> str:
    """Run it until it has told of so many steps, then end it as the kernel would."""
    seen: list[str] = []
    with subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            seen.append(line)
            if len(seen) >= after:
                process.kill()
                break
    return "".join(seen)
