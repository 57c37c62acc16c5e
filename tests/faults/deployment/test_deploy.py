"""Every call of a deployment under every fault, on the real API server."""

import asyncio
import logging

import pytest

from faults.deployment.conftest import PAUSES, Stage
from odh_nim.deployment import Plan, deploy
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import NamespaceTerminatingError, OdhNimError
from odh_nim.domain.manifest import describe
from support.deployments import plan as make_plan
from support.fault_proxy import Fault
from support.fault_proxy import Plan as FaultPlan
from support.leaks import leaks
from support.witness import clear, half_states, key_places, look

KEY = "nvapi-FAULTS-CANARY-0123456789"
# Two own Secrets, claim, runtime, service: a dry run and a write each; then three owners.
CALLS = 13
NETWORK = [
    Fault.RESET_BEFORE,
    Fault.RESET_AFTER,
    Fault.TRUNCATED,
    Fault.GARBAGE,
    Fault.HANG_BEFORE,
    Fault.HANG_AFTER,
]
ANSWERS = [
    Fault.CONFLICT,
    Fault.EXISTS,
    Fault.FORBIDDEN,
    Fault.QUOTA,
    Fault.TERMINATING,
    Fault.INVALID,
    Fault.BUSY,
    Fault.SERVER_ERROR,
    Fault.UNAVAILABLE,
    Fault.GATEWAY,
    Fault.UNAUTHORIZED,
]


def plan_of(stage: Stage, name: str) -> Plan:
    return make_plan(
        f"request-{name}", key=KEY, choice=KeyChoice.OWN, name=name, namespace=stage.namespace
    )


async def play(stage: Stage, plan: Plan, *faults: FaultPlan) -> OdhNimError | None:
    """Deploy under faults, and hold the project against what the answer says of it."""
    name = plan.spec.name
    before = await look(stage.admin, stage.namespace)
    stage.proxy.play(*faults)
    error: OdhNimError | None = None
    try:
        await deploy(stage.cluster, plan, pauses=PAUSES, deadline=20)
    except OdhNimError as raised:
        error = raised
    assert stage.proxy.played, "the fault never happened: the scenario proves nothing"
    stage.proxy.play()

    listed = {f"{item.subject}" for item in getattr(error, "leftovers", ())}
    whole = {describe(manifest) for manifest in plan.manifests}
    if isinstance(error, NamespaceTerminatingError):
        # The cluster is believed: whatever was made goes with the project.
        listed = (await look(stage.admin, stage.namespace)).of_request(plan.request_id)
    in_doubt = any(fault.times is None for fault in faults)
    wrong, after = [""], before
    # A claim goes after its protection: the cluster finishes what it was told.
    for _ in range(60):
        after = await look(stage.admin, stage.namespace)
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
    assert wrong == [], f"{faults}: {error}"
    if error is None:
        assert after.of_request(plan.request_id) == whole
    else:
        assert leaks(f"{error!r} {error} {error.remedy}", KEY) == []
        assert name in str(error) or stage.namespace in str(error)
    await clear(stage.admin, after, plan.request_id)
    return error


@pytest.mark.anyio
@pytest.mark.parametrize("fault", [*ANSWERS, *NETWORK])
async def test_one_fault_at_any_call_leaves_all_or_nothing(
    stage: Stage, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """R-TST-04, R-DEP-06, R-DEP-07: F1 to F12, one fault at each call in turn."""
    caplog.set_level(logging.DEBUG)

    for call in range(CALLS):
        await play(stage, plan_of(stage, f"m{call:02}"), FaultPlan(call, fault))

    assert leaks(caplog.text, KEY) == []
    places = await key_places(stage.admin, stage.namespace, KEY)
    assert all(place.startswith("Secret/nvidia-nim-") for place in places)


@pytest.mark.anyio
async def test_number_of_calls_is_what_the_scenarios_cover(stage: Stage) -> None:
    plan = plan_of(stage, "counted")

    await deploy(stage.cluster, plan, pauses=PAUSES)

    assert len(stage.proxy.numbered) == CALLS


@pytest.mark.anyio
@pytest.mark.parametrize("second", [Fault.SERVER_ERROR, Fault.RESET_AFTER, Fault.BUSY])
@pytest.mark.parametrize("write", [6, 7, 8, 9])
async def test_second_fault_in_the_rollback_leaves_nothing_unlisted(
    stage: Stage, second: Fault, write: int
) -> None:
    """R-DEP-08: what a rollback cannot remove is named."""
    plan = plan_of(stage, "twice")

    await play(stage, plan, FaultPlan(write, Fault.INVALID), FaultPlan(write + 1, second))


@pytest.mark.anyio
async def test_server_that_stays_away_leaves_everything_listed(stage: Stage) -> None:
    """R-DEP-08: no call of the rollback gets through."""
    plan = plan_of(stage, "away")

    error = await play(stage, plan, FaultPlan(8, Fault.RESET_BEFORE, times=None))

    assert error is not None
    leftovers = getattr(error, "leftovers", ())
    assert {item.subject for item in leftovers} >= {"PersistentVolumeClaim/nim-pvc-away"}
    assert all(f"-n {stage.namespace}" in item.remedy for item in leftovers)
