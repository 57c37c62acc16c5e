"""Every call of a rotation under every fault, on the real API server."""

import asyncio
import logging
from base64 import b64decode
from pathlib import Path

import pytest

from faults.deployment.stage import FAULTS, Stage, play_each
from faults.keys.killing import killed_rotation
from odh_nim.cluster import Client
from odh_nim.deployment import RestartOptions, RestartWord, deploy
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import KeyNotStoredError, OdhNimError, SecretConflictError
from odh_nim.domain.resources import SECRETS
from odh_nim.journeys.rotate import NOT_ASKED, RotationReport, plan_rotation, resume, rotate
from odh_nim.keys import PairKind, begin_rotation, store_project_key, store_rotation
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.deployments import plan as make_plan
from support.faults import Fault
from support.faults import Plan as FaultPlan
from support.leaks import leaks
from support.witness import key_places

pytestmark = pytest.mark.anyio
OLD = dummy_key("good").value
NEW = dummy_key("second").value
PLACES = {"Secret/nvidia-nim-secrets", "Secret/nvidia-nim-image-pull"}
REQUESTED = RestartOptions(wait=False)
# One review of rights, two Secrets, three lists to find users, four to plan, two dry runs, two
# writes, one restart.
CALLS = 15
SECOND_WRITE = CALLS - 2


async def set_up(stage: Stage) -> None:
    """Store the old key, and make a deployment that uses it; nothing here is disturbed."""
    stage.proxy.play()
    await store_project_key(stage.admin, ApiKey(OLD), namespace=stage.namespace, replace=True)
    await deploy(stage.admin, make_plan(name="llama", namespace=stage.namespace))


async def rotated(cluster: Client, namespace: str) -> RotationReport:
    plan = await plan_rotation(cluster, namespace)
    return await rotate(cluster, plan, ApiKey(NEW), NOT_ASKED, options=REQUESTED)


async def stored(stage: Stage) -> tuple[str, str]:
    """Which key each Secret holds: `old` or `new`."""
    found = {}
    for name in ("nvidia-nim-secrets", "nvidia-nim-image-pull"):
        secret = await stage.admin.get(SECRETS, name, stage.namespace)
        text = "".join(b64decode(value).decode() for value in secret["data"].values())
        assert (OLD in text) != (NEW in text)
        found[name] = "old" if OLD in text else "new"
    return found["nvidia-nim-secrets"], found["nvidia-nim-image-pull"]


async def finished(stage: Stage) -> bool:
    """Finish what is half-way, and say whether the new key is everywhere."""
    stage.proxy.play()
    plan = await plan_rotation(stage.cluster, stage.namespace)
    await resume(stage.cluster, plan, options=REQUESTED)
    return await stored(stage) == ("new", "new")


@pytest.mark.parametrize("fault", FAULTS)
async def test_one_fault_at_any_call_ends_in_old_new_or_an_exact_report(
    stages: list[Stage], fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    """R-ROT-03, R-TST-04; F3, F8, F19, F20, T15: never two keys without a word."""
    caplog.set_level(logging.DEBUG)
    await asyncio.gather(*map(set_up, stages))

    async def scenario(stage: Stage, call: int) -> bool:
        await store_project_key(stage.admin, ApiKey(OLD), namespace=stage.namespace, replace=True)
        stage.proxy.play(FaultPlan(call, fault))
        error: OdhNimError | None = None
        report: RotationReport | None = None
        try:
            report = await rotated(stage.cluster_for(FaultPlan(call, fault)), stage.namespace)
        except OdhNimError as raised:
            error = raised
        assert stage.proxy.played, f"{fault} at {call}: the fault never happened"
        stage.proxy.play()
        await judge(stage, error, report, f"{fault} at {call}")
        return True

    await play_each(stages, range(CALLS), scenario)

    assert leaks(caplog.text, OLD) + leaks(caplog.text, NEW) == []
    for stage in stages:
        for key in (OLD, NEW):
            assert await key_places(stage.admin, stage.namespace, key) <= PLACES


async def judge(
    stage: Stage, error: OdhNimError | None, report: RotationReport | None, what: str
) -> None:
    """Hold the two Secrets against what was said of them."""
    now = await stored(stage)
    left = error.leftovers if isinstance(error, KeyNotStoredError) else ()
    if report is not None:
        assert now == ("new", "new"), what
        assert [one.name for one in report.outcomes] == ["llama"], what
    elif left:
        assert now != ("old", "old"), f"{what}: {error}"
        assert "--resume" in str(error), what
        assert await finished(stage), what
    else:
        assert now == ("old", "old"), f"{what}: {error}"
    told = f"{error!r}{error}{report!r}"
    assert leaks(told, OLD) + leaks(told, NEW) == []


async def test_number_of_calls_is_what_the_scenarios_cover(stage: Stage) -> None:
    await set_up(stage)
    stage.proxy.play()

    await rotated(stage.cluster, stage.namespace)

    assert len(stage.proxy.numbered) == CALLS


@pytest.mark.parametrize("second", [Fault.RESET_BEFORE, Fault.FORBIDDEN, Fault.SERVER_ERROR])
async def test_first_secret_that_cannot_be_brought_back_is_named_and_resumed(
    stage: Stage, second: Fault
) -> None:
    """R-ROT-03; F20: no restart while they differ."""
    await set_up(stage)
    stage.proxy.play(FaultPlan(SECOND_WRITE, second, times=None))

    with pytest.raises(KeyNotStoredError) as failure:
        await rotated(stage.cluster, stage.namespace)

    assert "Secret/nvidia-nim-secrets" in failure.value.leftovers
    assert await stored(stage) == ("new", "old")
    assert not any("inferenceservices" in call.path for call in stage.proxy.calls if call.is_write)
    stage.proxy.play()
    state = (await begin_rotation(stage.cluster, stage.namespace)).state
    assert state.kind is PairKind.DIFFERING
    assert await finished(stage)


async def test_of_two_rotations_one_wins_and_the_other_is_told(stage: Stage) -> None:
    """R-ROT-09; F24."""
    await set_up(stage)
    keys = [ApiKey(dummy_key(name).value) for name in ("second", "service")]
    begun = [await begin_rotation(stage.cluster, stage.namespace) for _ in keys]

    answers = await asyncio.gather(
        *(store_rotation(stage.cluster, *one) for one in zip(begun, keys, strict=True)),
        return_exceptions=True,
    )

    lost = [one for one in answers if isinstance(one, BaseException)]
    assert [type(one) for one in lost] in ([KeyNotStoredError], [SecretConflictError])
    assert "changed by somebody else" in str(lost[0])
    assert (await begin_rotation(stage.cluster, stage.namespace)).state.usable


OLD_PAIR, HALF, NEW_PAIR = ("old", "old"), ("new", "old"), ("new", "new")


@pytest.mark.parametrize(
    ("write", "fault", "leaves"),
    [
        (0, Fault.KILL_BEFORE, OLD_PAIR),
        (0, Fault.KILL_AFTER, HALF),
        (1, Fault.KILL_BEFORE, HALF),
        (1, Fault.KILL_AFTER, NEW_PAIR),
        (2, Fault.KILL_BEFORE, NEW_PAIR),
        (2, Fault.KILL_AFTER, NEW_PAIR),
    ],
)
async def test_killed_at_any_write_leaves_old_new_or_what_resume_finishes(
    bare_plane: ControlPlane,
    stage: Stage,
    tmp_path: Path,
    write: int,
    fault: Fault,
    leaves: tuple[str, str],
) -> None:
    """R-ROT-09: kill -9 of the command itself."""
    await set_up(stage)

    printed = await killed_rotation(
        *(bare_plane, stage.namespace, tmp_path, FaultPlan(write, fault), "--no-wait"), key=NEW
    )

    assert leaks(printed, NEW) + leaks(printed, OLD) == []
    assert await stored(stage) == leaves
    plan = await plan_rotation(stage.cluster, stage.namespace)
    assert plan.rotation.half_written is (leaves == HALF)
    report = await resume(stage.cluster, plan, options=REQUESTED)
    expected = OLD_PAIR if leaves == OLD_PAIR else NEW_PAIR
    assert await stored(stage) == expected
    # Without KServe there are no pods that could be behind: nothing is asked to restart for them.
    assert [one.word for one in report.outcomes] in ([], [RestartWord.REQUESTED])
    again = await plan_rotation(stage.cluster, stage.namespace)
    assert again.nothing_to_resume
