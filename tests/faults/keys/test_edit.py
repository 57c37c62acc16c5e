"""Every call of an edit under every fault, on the real API server."""

import asyncio

import pytest

from faults.deployment.stage import FAULTS, Stage, play_each
from odh_nim.deployment import (
    EditChange,
    EditPlan,
    apply_edit,
    deploy,
    plan_edit,
    read_objects,
)
from odh_nim.deployment.edit_apply import json_patch
from odh_nim.domain.errors import EditFailedError, OdhNimError
from odh_nim.domain.protocol import Protocol
from odh_nim.domain.resources import INFERENCE_SERVICES, SERVING_RUNTIMES
from odh_nim.manifests.templates import packaged_template
from support.deployments import plan as make_plan
from support.faults import Fault, Plan

pytestmark = pytest.mark.anyio
TEMPLATES = {protocol: packaged_template(protocol) for protocol in Protocol}
# Two dry runs; the runtime held back, the service, the runtime let go.
CALLS = 5
PAUSES = (0.02, 0.05)
THERE = EditChange(tag="latest", memory="16Gi")
BACK = EditChange(tag="1.8.5", memory="8Gi")


async def planned(stage: Stage, change: EditChange) -> EditPlan:
    objects = await read_objects(stage.admin, "llama", stage.namespace)
    return plan_edit(objects, change, templates=TEMPLATES)


async def state(stage: Stage) -> tuple[str, str, bool]:
    """The tag, the memory, and whether the runtime is held back."""
    runtime, service = await asyncio.gather(
        stage.admin.get(SERVING_RUNTIMES, "llama", stage.namespace),
        stage.admin.get(INFERENCE_SERVICES, "llama", stage.namespace),
    )
    image: str = runtime["spec"]["containers"][0]["image"]
    limits = service["spec"]["predictor"]["model"]["resources"]["limits"]
    return image.rsplit(":", 1)[1], limits["memory"], bool(runtime["spec"].get("disabled"))


OLD, NEW = ("1.8.5", "8Gi", False), ("latest", "16Gi", False)


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_at_any_call_leaves_the_old_or_the_new_deployment(
    stages: list[Stage], fault: Fault
) -> None:
    """R-DEP-24, R-PROTO-05, R-TST-04: nothing half-changed without a word."""
    for stage in stages:
        stage.proxy.play()
        await deploy(stage.admin, make_plan(name="llama", namespace=stage.namespace))

    async def scenario(stage: Stage, call: int) -> bool:
        plan = await planned(stage, THERE)
        stage.proxy.play(Plan(call, fault))
        error: OdhNimError | None = None
        try:
            await apply_edit(stage.cluster_for(Plan(call, fault)), plan, pauses=PAUSES, hold=0)
        except OdhNimError as raised:
            error = raised
        assert stage.proxy.played, "the fault never happened: the scenario proves nothing"
        stage.proxy.play()
        now = await state(stage)
        left = error.leftovers if isinstance(error, EditFailedError) else ()
        what = f"{fault} at {call}: {error}"
        assert now == (NEW if error is None else OLD) or left, what
        if now != OLD:
            await apply_edit(stage.admin, await planned(stage, BACK), hold=0)
        assert await state(stage) == OLD, what
        return True

    await play_each(stages, range(CALLS), scenario)


async def test_number_of_calls_is_what_the_scenarios_cover(stage: Stage) -> None:
    stage.proxy.play()
    await deploy(stage.admin, make_plan(name="llama", namespace=stage.namespace))

    await apply_edit(stage.cluster, await planned(stage, THERE), hold=0)

    assert len(stage.proxy.numbered) == CALLS
    assert await state(stage) == NEW


async def test_killed_edit_is_finished_by_the_same_one(stage: Stage) -> None:
    """R-DEP-24: what a kill leaves between the writes."""
    stage.proxy.play()
    await deploy(stage.admin, make_plan(name="llama", namespace=stage.namespace))
    plan = await planned(stage, THERE)
    runtime = next(one for one in plan.patches if one.reference.resource is SERVING_RUNTIMES)
    held = {**runtime.after, "spec": {**runtime.after["spec"], "disabled": True}}
    # The first write is stored, and nobody is left to go on or to take it back.
    await stage.admin.patch(
        SERVING_RUNTIMES, "llama", stage.namespace, json_patch=json_patch(runtime.before, held)
    )
    assert await state(stage) == ("latest", "8Gi", True)

    await apply_edit(stage.cluster, await planned(stage, THERE), hold=0)

    assert await state(stage) == NEW


async def test_of_two_equal_edits_the_slower_one_takes_nothing_back(stage: Stage) -> None:
    """R-DEP-24: a conflict is no overwrite, and no undoing either."""
    stage.proxy.play()
    await deploy(stage.admin, make_plan(name="llama", namespace=stage.namespace))
    slow, fast = await planned(stage, THERE), await planned(stage, THERE)

    answers = await asyncio.gather(
        apply_edit(stage.cluster, slow, pauses=PAUSES, hold=0),
        apply_edit(stage.admin, fast, pauses=PAUSES, hold=0),
        return_exceptions=True,
    )

    assert await state(stage) == NEW
    assert sum(isinstance(one, BaseException) for one in answers) <= 1
