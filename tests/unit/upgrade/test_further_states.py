"""States that nobody recorded: what is done, what survives, and what is said."""

from dataclasses import replace

import pytest

from odh_nim.upgrade import REVOKE, Consents, Options, apply_upgrade, plan_upgrade
from support.further_states import ACCESS, DSC, IMAGES, STATES
from support.old_cluster_edits import MAIN, account, every, namespace, with_also, without
from support.old_clusters import differences, expected
from support.upgrade_cluster import UpgradeCluster, old_cluster

pytestmark = pytest.mark.anyio

HOLDS = {"gen3": {DSC: "keep"}}
QUICK = Options(wait=0.2, poll=0.01, look_again=0)


@pytest.mark.parametrize("name", STATES)
async def test_state_that_nobody_recorded(name: str) -> None:
    """R-CLN-02, R-CLN-04, R-CLN-05, R-CLN-06, R-CLN-07, R-CLN-12, R-CLN-14; S25, F11, F48."""
    state = STATES[name]
    cluster = old_cluster(state.base)
    state.edit(cluster)
    before = cluster.snapshot_by_name()
    wanted = {one.object: one.cleanup for one in expected(state.base)}
    wanted |= HOLDS.get(state.base, {}) | dict(state.fates)
    assert (await plan_upgrade(cluster)).complete
    assert not cluster.writes()

    first = await apply_upgrade(cluster, QUICK)

    after = cluster.snapshot_by_name()
    assert differences(name, before, after, wanted) == []
    assert state.left in "\n".join(first.left)
    assert len([one for one in after if "nvidia-nim-models-saved-" in one]) == state.saved
    written = len(cluster.writes())
    second = await apply_upgrade(cluster, QUICK)
    assert cluster.writes()[written:] == []
    assert second.left == first.left


async def test_key_of_an_account_has_any_name_and_is_to_be_revoked() -> None:
    """R-CLN-16."""
    cluster = old_cluster("gen2b")
    STATES["key Secret of an Account with a name that an admin chose"].edit(cluster)
    without(ACCESS)(cluster)

    report = await apply_upgrade(cluster, QUICK)

    assert report.advice == (REVOKE,)


async def test_product_in_a_namespace_that_nobody_names_is_pointed_at() -> None:
    """R-CLN-02."""
    cluster = old_cluster("gen2b")
    every(with_also(namespace("my-apps")), account("my-apps", "odh-nim-account"))(cluster)

    plan = await plan_upgrade(cluster)

    (found,) = [one for one in plan.findings if one.code == "other-applications-namespace"]
    assert found.subject == "Secret/my-apps/nvidia-nim-access"
    assert "--applications-namespace my-apps" in found.remedy


async def test_old_kinds_alone_on_plain_kubernetes() -> None:
    """R-CLN-01, R-CLN-07: Templates are not served, so the old controller never ends."""
    cluster = UpgradeCluster(groups=("serving.kserve.io", "nim.opendatahub.io"))
    every(with_also(namespace("opendatahub")), account("opendatahub", "odh-nim-account"))(cluster)
    cluster.not_served.add("Template")
    cluster.controller = False
    with_also(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "odh-model-controller", "namespace": "opendatahub"},
            "spec": {
                "template": {
                    "spec": {"containers": [{"env": [{"name": "NIM_STATE", "value": ""}]}]}
                }
            },
        }
    )(cluster)

    waits = await apply_upgrade(cluster, QUICK)
    consents = Consents(controller_is_gone=True)
    done = await apply_upgrade(cluster, replace(QUICK, consents=consents))

    assert "--controller-is-gone" in "\n".join(waits.left)
    assert done.left == ()
    assert not cluster.find("Account", "odh-nim-account", "opendatahub")


async def test_what_a_repository_applies_again_is_told_in_the_same_run() -> None:
    """R-CLN-05, R-CLN-10; F49."""
    cluster = old_cluster("gen1")
    found = cluster.find("ConfigMap", "nvidia-nim-images-data", MAIN)
    assert found is not None

    def apply_again(call: str) -> None:
        if call.startswith("delete Template"):
            cluster.put(found)

    cluster.on_call = apply_again

    first = await apply_upgrade(cluster, QUICK)
    written = len(cluster.writes())
    await apply_upgrade(cluster, QUICK)

    assert any("came back" in line and IMAGES in line for line in first.left)
    assert not [call for call in cluster.writes()[written:] if call.startswith("delete")]
