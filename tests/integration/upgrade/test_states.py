"""Every recorded state on a real API server with the garbage collector."""

import pytest

from odh_nim.cluster import Client
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.upgrade import Options, apply_upgrade, plan_upgrade
from support.old_cluster_server import OldClusterServer, cluster_definition
from support.old_clusters import (
    FOLDER,
    VARIANTS,
    differences,
    expected,
    manifests,
    read_all,
    states,
    variants,
)

pytestmark = pytest.mark.anyio

SCHEMAS = {"gen1": "v2.20.0", "gen2a": "v2.20.0", "gen2b": "v3.0.0"}
HELD_BACK = {
    "gen3": {"DataScienceCluster/default-dsc": "keep"},
    "mixed/several-generations": {"DataScienceCluster/default-dsc": "keep"},
    "mixed/foreign-finalizer": {
        "DataScienceCluster/default-dsc": "keep",
        "Account/redhat-ods-applications/odh-nim-account": "patch",
        "Secret/redhat-ods-applications/nvidia-nim-access": "keep",
    },
    "mixed/airgapped-admin-configmap": {
        "ConfigMap/redhat-ods-applications/odh-nim-account-cm": "delete"
    },
}
QUICK = Options(wait=10, poll=0.05, look_again=0.2)


@pytest.mark.parametrize("state", states())
async def test_plan_writes_nothing_and_apply_leaves_what_is_expected(
    old_plane: ControlPlane, server: OldClusterServer, state: str
) -> None:
    """R-CLN-02, R-CLN-04, R-CLN-05, R-CLN-07, R-CLN-08, R-CLN-13; R-TST-03."""
    await server.define(cluster_definition(SCHEMAS.get(state, "v3.5.0")))
    await server.load(manifests(state))
    before = await server.settled()
    wanted = {one.object: one.cleanup for one in expected(state)} | HELD_BACK.get(state, {})
    async with Client(old_plane.admin) as client, server.old_controller():
        assert (await plan_upgrade(client)).complete
        assert await server.snapshot() == before

        first = await apply_upgrade(client, QUICK)
        after = await server.settled()
        second = await apply_upgrade(client, QUICK)

    assert differences(state, before, after, wanted) == []
    assert await server.snapshot() == after
    assert not second.changed
    assert second.left == first.left


@pytest.mark.parametrize("variant", variants(), ids=lambda variant: variant["file"])
async def test_switch_of_the_old_controller(
    old_plane: ControlPlane, server: OldClusterServer, variant: dict[str, str]
) -> None:
    """R-CLN-08."""
    await server.define(cluster_definition(variant["schema"]))
    await server.load(read_all(FOLDER / VARIANTS / variant["file"]))
    before = await server.snapshot()
    async with Client(old_plane.admin) as client:
        await apply_upgrade(client, QUICK)

    after = await server.snapshot()

    changes = variant["action"].startswith("patch")
    want = {name: "patch" if changes else "keep" for name in before if "DataScience" in name}
    assert differences(variant["file"], before, after, want) == []
    for name, item in after.items():
        if want.get(name) == "patch":
            was = (before[name]["spec"]["components"]["kserve"].get("nim") or {}).copy()
            now = item["spec"]["components"]["kserve"].pop("nim")
            before[name]["spec"]["components"]["kserve"].pop("nim", None)
            assert now == was | {"managementState": "Removed"}
            assert item["spec"] == before[name]["spec"]
