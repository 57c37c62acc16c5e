"""Every call of a deletion under every fault, on the real API server."""

import asyncio
import itertools
from typing import NamedTuple

import pytest

from faults.deployment.stage import FAULTS, PAUSES, Stage, play_each
from odh_nim.deployment import Plan, delete, deploy, plan_delete
from odh_nim.deployment.ownership import owner_reference
from odh_nim.domain.errors import OdhNimError, UnknownModelError
from odh_nim.domain.manifest import describe
from support.faults import Fault
from support.faults import Plan as FaultPlan
from support.witness import Snapshot, half_states

pytestmark = pytest.mark.anyio
# What is read before anything is decided, and one call for each of the five objects.
READS, DELETES = 13, 5
# A sample that plays with KServe's controller at work: first and last read, each deletion.
SAMPLE = [
    (0, Fault.RESET_BEFORE),
    (READS - 1, Fault.FORBIDDEN),
    (READS, Fault.RESET_AFTER),
    (READS, Fault.HANG_AFTER),
    (READS + 2, Fault.TRUNCATED),
    (READS + 4, Fault.SERVER_ERROR),
]
WAIT = 30


async def delete_under(stage: Stage, name: str, *faults: FaultPlan) -> OdhNimError | None:
    cluster = stage.cluster_for(*faults)
    stage.proxy.play(*faults)
    try:
        plan = await plan_delete(cluster, name, stage.namespace, with_claim=True)
        await delete(cluster, plan, pauses=PAUSES, wait=WAIT)
    except OdhNimError as error:
        return error
    finally:
        stage.proxy.plans = []
    return None


class Played(NamedTuple):
    """What came of a scenario: whether a call got the fault, and whether all is deleted."""

    hit: bool
    deleted: bool


async def play(stage: Stage, plan: Plan, fault: FaultPlan) -> Played:
    """Delete under a fault and, where that failed, once more."""
    before = await stage.look()
    error = await delete_under(stage, plan.spec.name, fault)
    hit = bool(stage.proxy.played)
    if error is not None and not any(call.method == "DELETE" for call in stage.proxy.calls):
        # A read failed: nothing may be deleted, and the same deployment serves once more.
        assert (await stage.look()).of_request(plan.request_id) == whole(plan), f"{fault}: {error}"
        return Played(hit, deleted=False)
    if error is not None:
        # The fault is over: the same command again does the rest.
        again = await delete_under(stage, plan.spec.name)
        # Unknown: everything was gone already. What is there all the same is found below.
        assert again is None or isinstance(again, UnknownModelError), f"{fault}: {again}"
    after = await gone(stage, plan)
    assert after.of_request(plan.request_id) == set(), f"{fault}: {error}"
    wrong = half_states(before, after, request_id=plan.request_id, whole=set(), listed=set())
    assert wrong == [], f"{fault}: {error}"
    return Played(hit, deleted=True)


def whole(plan: Plan) -> set[str]:
    return {describe(item) for item in plan.manifests}


async def place(stage: Stage, name: str) -> Plan:
    """Put a whole deployment into the project, as it is after `deploy`."""
    plan = stage.plan(name)
    *others, service = plan.manifests
    owner = owner_reference(await stage.admin.create(service))
    for item in others:
        if plan.owns(item):
            item["metadata"]["ownerReferences"] = [owner]
    await asyncio.gather(*(stage.admin.create(item) for item in others))
    return plan


async def gone(stage: Stage, plan: Plan) -> Snapshot:
    """Wait until nothing of the request is left; own Secrets go by garbage collection."""
    for _ in range(100):
        after = await stage.look()
        if not after.all_of_request(plan.request_id):
            break
        await asyncio.sleep(0.05)
    return after


@pytest.mark.parametrize("fault", FAULTS)
async def test_deletion_under_one_fault_can_be_finished(stages: list[Stage], fault: Fault) -> None:
    """R-DEP-26, R-TST-04: one fault at each call in turn; running it again finishes."""
    placed: dict[str, Plan | None] = {}
    played: list[int] = []

    async def scenario(stage: Stage, call: int) -> bool:
        plan = placed.get(stage.namespace) or await place(stage, f"gone-{fault.lower()}-{call:02}")
        hit, deleted = await play(stage, plan, FaultPlan(call, fault))
        placed[stage.namespace] = None if deleted else plan
        played.extend([call] if hit else [])
        return hit

    # To the last call: how often it looks whether a claim is gone differs.
    await play_each(stages, itertools.count(), scenario)

    assert len(played) >= READS + DELETES


@pytest.mark.parametrize(("call", "fault"), SAMPLE)
async def test_deletion_under_one_fault_with_kserve_at_work(
    whole_stage: Stage, call: int, fault: Fault
) -> None:
    """R-DEP-26, R-TST-04: the controller has finalizers and objects of its own."""
    plan = whole_stage.plan("gone")
    await deploy(whole_stage.cluster, plan, pauses=PAUSES)

    assert (await play(whole_stage, plan, FaultPlan(call, fault))).hit


async def test_calls_of_a_deletion_are_what_the_scenarios_cover(stage: Stage) -> None:
    await deploy(stage.cluster, stage.plan("gone"), pauses=PAUSES)

    assert await delete_under(stage, "gone") is None

    methods = [call.method for call in stage.proxy.numbered]
    assert methods[:READS] == ["GET"] * READS
    assert methods[READS] == "DELETE"
    assert methods.count("DELETE") == DELETES
