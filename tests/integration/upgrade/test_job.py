"""The shipped Job on a real API server: taken as it is, restricted, and its rights are enough."""

import asyncio
import json

import pytest

from odh_nim.cluster import Client, load_kubeconfig
from odh_nim.domain import resources as kinds
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.upgrade import Options, apply_upgrade
from odh_nim.upgrade.events import announce
from support.old_cluster_server import OldClusterServer, cluster_definition
from support.old_clusters import differences, expected, manifests
from support.rights import job_manifests

pytestmark = pytest.mark.anyio

DSC = "DataScienceCluster/default-dsc"
JOB_STATES = {
    "gen1": "v2.20.0",
    "gen2b": "v3.0.0",
    "mixed/several-generations": "v3.5.0",
    "mixed/airgapped-admin-configmap": "v3.5.0",
}
SAVED = {"ConfigMap/redhat-ods-applications/odh-nim-account-cm": "delete"}
JOB_HOLDS = {
    "mixed/several-generations": {DSC: "keep"},
    "mixed/airgapped-admin-configmap": SAVED,
}


@pytest.mark.parametrize("state", JOB_STATES)
async def test_job_is_taken_and_its_rights_are_enough(
    old_plane: ControlPlane, server: OldClusterServer, state: str
) -> None:
    """R-CLN-15: as the Job's ServiceAccount, through impersonation; a second run writes nothing."""
    main = "redhat-ods-applications"
    await server.define(cluster_definition(JOB_STATES[state]))
    await server.load(manifests(state))
    before = await server.settled()
    async with Client(old_plane.admin) as admin:
        for item in job_manifests(main):
            if item["kind"] != "Job":
                await admin.apply(item, force=True)
            assert await admin.apply(item, dry_run=True)
    account = f"system:serviceaccount:{main}:odh-nim-upgrade"
    config = load_kubeconfig(path=str(old_plane.kubeconfig("admin")), environ={}, as_user=account)
    options = Options(main, wait=10, poll=0.05, look_again=0.2, reports=True)
    async with Client(config) as client, server.old_controller():
        report = await apply_upgrade(client, options)
        await announce(client, report)
        second = await apply_upgrade(client, options)
        assert not await client.can_i("create", kinds.SECRETS, main)
        assert not await client.can_i("delete", kinds.SECRETS, "support-bot", name="mine")

    assert [str(one) for one in report.outcomes if not one.is_fine] == []
    wanted = {one.object: one.cleanup for one in expected(state)} | JOB_HOLDS.get(state, {})
    assert differences(state, before, await server.settled(), wanted) == []
    assert not second.changed


async def test_job_fits_the_restricted_pod_security_standard(
    old_plane: ControlPlane, server: OldClusterServer
) -> None:
    """R-CLN-15."""
    (job,) = [one for one in job_manifests("redhat-ods-applications") if one["kind"] == "Job"]
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "strict",
            "labels": {"pod-security.kubernetes.io/enforce": "restricted"},
        },
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "upgrade", "namespace": "strict"},
        "spec": job["spec"]["template"]["spec"] | {"serviceAccountName": "default"},
    }
    async with Client(old_plane.admin) as client:
        await client.apply(space)
        for _ in range(400):
            if await client.list(kinds.SERVICE_ACCOUNTS, "strict"):
                break
            await asyncio.sleep(0.05)
        assert await client.create(pod, dry_run=True)
        loose = json.loads(json.dumps(pod))
        loose["spec"]["securityContext"] = {}
        with pytest.raises(Exception, match="restricted"):
            await client.create(loose, dry_run=True)
