"""The Job's rights: every state is content with them, and no right is idle."""

from typing import Any

import pytest

from odh_nim.domain.errors import ForbiddenError
from odh_nim.domain.resources import ALL, ApiResource
from odh_nim.upgrade import Options, Result, apply_upgrade
from odh_nim.upgrade.events import announce
from support.further_states import STATES
from support.old_cluster_edits import MAIN, account, every, no_controller
from support.old_clusters import states
from support.rights import Right, granted, job_manifests, used_right
from support.upgrade_cluster import UpgradeCluster, old_cluster

pytestmark = pytest.mark.anyio

GRANTED = list(granted(job_manifests(MAIN)))
OPTIONS = Options(MAIN, wait=0.2, poll=0.01, look_again=0, reports=True)


def guard(cluster: UpgradeCluster) -> list[Right]:
    """Refuse what the Job may not do; give what it did."""
    used: list[Right] = []
    call = cluster._call

    async def guarded(
        verb: str, resource: ApiResource, name: str, namespace: str | None, *rest: Any, **more: Any
    ) -> Any:
        right = used_right(verb, resource, name, namespace)
        used.append(right)
        if not any(one.allows(right) for one in GRANTED):
            raise ForbiddenError(f"{verb} {resource.kind}/{name}", "forbidden", status=403)
        return await call(verb, resource, name, namespace, *rest, **more)

    cluster._call = guarded  # type: ignore[method-assign]  # where every call goes through
    return used


def test_no_right_is_a_wildcard() -> None:
    """R-CLN-15."""
    assert not [one for one in GRANTED if "*" in (one.verb, one.group, one.plural)]


async def walk(cluster: UpgradeCluster) -> list[Right]:
    """Run the clean-up as the Job does, twice."""
    used = guard(cluster)
    for _ in range(2):
        report = await apply_upgrade(cluster, OPTIONS)
        failed = [str(one) for one in report.outcomes if one.result is Result.FAILED]
        assert failed == []
        if report.changed:
            await announce(cluster, report)
    return used


async def test_rights_are_enough_for_every_state_and_none_is_idle() -> None:
    """R-CLN-15."""
    used: set[Right] = set()
    clusters = [old_cluster(state) for state in states()]
    for state in STATES.values():
        clusters.append(old_cluster(state.base))
        state.edit(clusters[-1])
    # One that serves everything that could name a Secret.
    clusters[0].groups = tuple({one.group for one in ALL})
    for cluster in clusters:
        used.update(await walk(cluster))

    idle = [one for one in GRANTED if not any(one.allows(right) for right in used)]

    assert [" ".join(filter(None, vars(one).values())) for one in idle] == []


async def test_children_of_an_account_with_another_name_are_left_to_the_garbage_collector() -> None:
    """R-CLN-07, R-CLN-15."""
    cluster = old_cluster("gen2b")
    every(no_controller, account(MAIN, "my-nim"))(cluster)

    await walk(cluster)

    left = cluster.snapshot_by_name()
    assert not [name for name in left if name.endswith(("/my-nim", "/my-nim-pull", "/my-nim-cm"))]
