"""Some of the states that nobody recorded, on a real API server with the garbage collector."""

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.manifest import Manifest
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.upgrade import Options, apply_upgrade
from support.further_states import DSC, STATES
from support.old_cluster_server import OldClusterServer, cluster_definition
from support.old_clusters import differences, expected
from support.upgrade_cluster import old_cluster

pytestmark = pytest.mark.anyio

SCHEMAS = {"gen1": "v2.20.0", "gen2b": "v3.0.0"}
HOLDS = {"gen3": {DSC: "keep"}}
QUICK = Options(wait=25, poll=0.05, look_again=0.2)
CHOSEN = (
    "second Account with a name of its own",
    "Account of a project whose pull Secret a ReplicaSet at zero names",
    "newer controller, and the webhook entry it does not know",
    "catalogue with an entry under another key",
    "admin's key changed everywhere",
    "admin's key with a field more, immutable",
    "two DataScienceClusters",
    "two products side by side",
    "immutable list of tiles",
)


def objects_of(name: str) -> list[Manifest]:
    """Make the state in memory, and give its objects as they can be created."""
    cluster = old_cluster(STATES[name].base)
    STATES[name].edit(cluster)
    found = [
        one for one in cluster.snapshot().values() if one["kind"] != "CustomResourceDefinition"
    ]
    for item in found:
        for mark in ("resourceVersion", "creationTimestamp", "managedFields"):
            item["metadata"].pop(mark, None)
    return sorted(found, key=lambda item: item["kind"] != "Namespace")


@pytest.mark.parametrize("name", CHOSEN)
async def test_state_that_nobody_recorded(
    old_plane: ControlPlane, server: OldClusterServer, name: str
) -> None:
    """R-CLN-02, R-CLN-04, R-CLN-05, R-CLN-07, R-CLN-12."""
    state = STATES[name]
    await server.define(cluster_definition(SCHEMAS.get(state.base, "v3.5.0")))
    await server.load(objects_of(name))
    before = await server.settled()
    wanted = {one.object: one.cleanup for one in expected(state.base)}
    wanted |= HOLDS.get(state.base, {}) | dict(state.fates)
    async with Client(old_plane.admin) as client, server.old_controller():
        first = await apply_upgrade(client, QUICK)
        after = await server.settled()
        second = await apply_upgrade(client, QUICK)

    assert differences(name, before, after, wanted) == []
    assert state.left in "\n".join(first.left)
    assert await server.snapshot() == after
    assert not second.changed
