"""Every call of a deployment under every fault, on the real API server."""

import asyncio
import logging

import pytest

from faults.deployment.stage import FAULTS, KEY, PAUSES, Stage, play_each
from odh_nim.deployment import Plan, deploy
from odh_nim.domain.errors import NamespaceTerminatingError, OdhNimError
from odh_nim.domain.manifest import describe
from support.faults import Fault
from support.faults import Plan as FaultPlan
from support.leaks import leaks
from support.witness import Snapshot, clear, half_states, key_places

pytestmark = pytest.mark.anyio
# Two own Secrets, claim, runtime, service: a dry run and a write each; then three owners.
CALLS = 13
# A sample that plays with KServe's webhooks and controller at work.
SAMPLE = [
    (7, Fault.HANG_AFTER),
    (8, Fault.RESET_AFTER),
    (9, Fault.INVALID),
    (9, Fault.RESET_AFTER),
    (9, Fault.TRUNCATED),
    (10, Fault.FORBIDDEN),
    (11, Fault.RESET_AFTER),
    (12, Fault.UNAVAILABLE),
]


async def play(stage: Stage, plan: Plan, *faults: FaultPlan) -> OdhNimError | None:
    """Deploy under faults, and hold the project against what the answer says of it."""
    before = await stage.look()
    stage.proxy.play(*faults)
    error: OdhNimError | None = None
    try:
        await deploy(stage.cluster_for(*faults), plan, pauses=PAUSES, deadline=60)
    except OdhNimError as raised:
        error = raised
    assert stage.proxy.played, "the fault never happened: the scenario proves nothing"
    stage.proxy.play()

    after, wrong = await judge(stage, plan, before, error, faults)
    assert wrong == [], f"{faults}: {error}"
    if error is None:
        assert after.of_request(plan.request_id) == {describe(item) for item in plan.manifests}
    else:
        assert leaks(f"{error!r} {error} {error.remedy}", KEY) == []
        assert plan.spec.name in str(error) or stage.namespace in str(error)
    await clear(stage.admin, after, plan.request_id)
    return error


async def judge(
    stage: Stage,
    plan: Plan,
    before: Snapshot,
    error: OdhNimError | None,
    faults: tuple[FaultPlan, ...],
) -> tuple[Snapshot, list[str]]:
    """Say what is half-made; a claim goes a moment after it was told to."""
    listed = {item.subject for item in getattr(error, "leftovers", ())}
    whole = {describe(manifest) for manifest in plan.manifests}
    if isinstance(error, NamespaceTerminatingError):
        # The cluster is believed: whatever was made goes with the project.
        listed = (await stage.look()).of_request(plan.request_id)
    in_doubt = any(fault.times is None for fault in faults)
    after, wrong = before, ["nobody looked"]
    for _ in range(60):
        after = await stage.look()
        wrong = half_states(
            before,
            after,
            request_id=plan.request_id,
            whole=whole,
            listed=listed,
            in_doubt=in_doubt,
        )
        if not wrong:
            break
        await asyncio.sleep(0.05)
    return after, wrong


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_at_any_call_leaves_all_or_nothing(
    stages: list[Stage], fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """UI-24, R-TST-04, R-DEP-06, R-DEP-07: F1 to F12, one fault at each call in turn."""
    caplog.set_level(logging.DEBUG, logger="odh_nim")

    async def scenario(stage: Stage, call: int) -> bool:
        await play(stage, stage.plan(f"m-{fault.lower()}-{call:02}"), FaultPlan(call, fault))
        return True

    await play_each(stages, range(CALLS), scenario)

    assert leaks(caplog.text, KEY) == []
    for stage in stages:
        places = await key_places(stage.admin, stage.namespace, KEY)
        assert all(place.startswith("Secret/nvidia-nim-") for place in places)


async def test_number_of_calls_is_what_the_scenarios_cover(stage: Stage) -> None:
    await deploy(stage.cluster, stage.plan("counted"), pauses=PAUSES)

    assert len(stage.proxy.numbered) == CALLS


@pytest.mark.parametrize(("call", "fault"), SAMPLE)
async def test_one_fault_with_kserve_at_work(whole_stage: Stage, call: int, fault: Fault) -> None:
    """R-TST-04, R-DEP-07: admission and the controller change what was made."""
    await play(whole_stage, whole_stage.plan("whole"), FaultPlan(call, fault))


@pytest.mark.parametrize("second", [Fault.SERVER_ERROR, Fault.RESET_AFTER, Fault.BUSY])
async def test_second_fault_in_the_rollback_leaves_nothing_unlisted(
    stages: list[Stage], second: Fault
) -> None:
    """R-DEP-08: what a rollback cannot remove is named."""

    async def scenario(stage: Stage, write: int) -> bool:
        faults = FaultPlan(write, Fault.INVALID), FaultPlan(write + 1, second)
        await play(stage, stage.plan(f"twice-{second.lower()}-{write}"), *faults)
        return True

    await play_each(stages, range(6, 10), scenario)


async def test_server_that_stays_away_leaves_everything_listed(stage: Stage) -> None:
    """R-DEP-08: no call of the rollback gets through."""
    plan = stage.plan("away")

    error = await play(stage, plan, FaultPlan(8, Fault.RESET_BEFORE, times=None))

    assert error is not None
    leftovers = getattr(error, "leftovers", ())
    assert {item.subject for item in leftovers} >= {"PersistentVolumeClaim/nim-pvc-away"}
    assert all(f"-n {stage.namespace}" in item.remedy for item in leftovers)
