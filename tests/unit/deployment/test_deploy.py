"""Order, ownership, request ids, and what a run leaves behind."""

import asyncio
import itertools
from collections.abc import Callable

import pytest

from odh_nim.deployment import Action, Deployed, Plan, Step, deploy
from odh_nim.domain.deployment_spec import KeyChoice
from odh_nim.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    DeployFailedError,
    ForbiddenError,
    NamespaceTerminatingError,
    OdhNimError,
    PreflightError,
    RejectedError,
    UnauthorizedError,
)
from odh_nim.domain.manifest import Manifest
from support.cluster import FakeCluster
from support.cluster_faults import Fault
from support.deployments import KEY, owners, plan

pytestmark = pytest.mark.anyio
NO_PAUSE = (0.0, 0.0, 0.0)


async def run(
    cluster: FakeCluster, wanted: Plan, report: Callable[[Step], None] | None = None
) -> Deployed:
    return await deploy(cluster, wanted, report=report, pauses=NO_PAUSE)


def foreign(kind: str, name: str, api_version: str = "v1", **metadata: object) -> Manifest:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "team-a", **metadata},
    }


FOREIGN_RUNTIME = foreign("ServingRuntime", "llama", "serving.kserve.io/v1alpha1")


async def test_everything_is_checked_then_created_in_order_then_owned() -> None:
    """R-DEP-04, R-DEP-05; UI-23."""
    cluster = FakeCluster()

    await run(cluster, plan(key=KEY, choice=KeyChoice.OWN, auth=True, tokens=("ci",)))

    created = [call for call in cluster.calls if not call.startswith("dry-run")]
    assert cluster.calls[:9] == [f"dry-run {call}" for call in created if "create" in call]
    assert created == [
        "create Secret/nvidia-nim-secrets-llama",
        "create Secret/nvidia-nim-image-pull-llama",
        "create PersistentVolumeClaim/nim-pvc-llama",
        "create ServingRuntime/llama",
        "create InferenceService/llama",
        "patch Secret/nvidia-nim-secrets-llama",
        "patch Secret/nvidia-nim-image-pull-llama",
        "patch ServingRuntime/llama",
        "create ServiceAccount/llama-sa",
        "create Role/llama-view-role",
        "create RoleBinding/llama-view",
        "create Secret/ci-llama-sa",
    ]


async def test_plain_deployment_keeps_the_budget_of_calls_and_rounds() -> None:
    """R-EXT-08."""
    cluster = FakeCluster()

    await run(cluster, plan())

    assert len(cluster.calls) == 7
    assert cluster.rounds == 5


async def test_deleting_the_inference_service_leaves_the_claim_and_the_projects_secrets() -> None:
    """R-DEP-05."""
    cluster = FakeCluster(gc=True)
    await run(cluster, plan(key=KEY, auth=True, tokens=("ci",)))

    cluster.remove("InferenceService", "llama")

    assert cluster.names() == {
        "Secret/nvidia-nim-secrets",
        "Secret/nvidia-nim-image-pull",
        "PersistentVolumeClaim/nim-pvc-llama",
    }


async def test_inference_service_is_never_written_again() -> None:
    """R-DEP-05: KServe copies its metadata into the pods, which would restart."""
    cluster = FakeCluster()

    await run(cluster, plan(auth=True))

    assert [call for call in cluster.writes() if "InferenceService" in call] == [
        "create InferenceService/llama"
    ]


async def test_plan_with_errors_makes_no_call() -> None:
    """R-DEP-01."""
    cluster = FakeCluster()

    with pytest.raises(PreflightError, match="cannot be the name"):
        await run(cluster, plan(name="Llama"))

    assert cluster.calls == []


async def test_refused_dry_run_writes_nothing() -> None:
    """R-DEP-04."""
    cluster = FakeCluster().fail(Fault.REJECTED, call="dry-run create InferenceService")

    with pytest.raises(RejectedError, match="denied by a webhook"):
        await run(cluster, plan())

    assert cluster.writes() == []


async def test_several_refusals_are_told_at_once() -> None:
    """R-DEP-03."""
    cluster = FakeCluster()
    cluster.fail(Fault.REJECTED, call="dry-run create InferenceService")
    cluster.fail(Fault.QUOTA, call="dry-run create PersistentVolumeClaim")

    with pytest.raises(PreflightError) as failure:
        await run(cluster, plan())

    assert [finding.subject for finding in failure.value.findings] == [
        "PersistentVolumeClaim/nim-pvc-llama",
        "InferenceService/llama",
    ]


async def test_role_binding_may_be_refused_in_the_dry_run_for_want_of_its_role() -> None:
    """R-DEP-04."""
    cluster = FakeCluster()
    cluster.not_found_in_dry_run = {"RoleBinding"}

    await run(cluster, plan(auth=True))

    assert "RoleBinding/llama-view" in cluster.names()


async def test_foreign_object_stops_everything_and_is_named_with_its_owner() -> None:
    """R-DEP-12, R-DEP-09; F1."""
    owner = {"kind": "InferenceService", "name": "other", "uid": "x"}
    cluster = FakeCluster(
        foreign("ServingRuntime", "llama", "serving.kserve.io/v1alpha1", ownerReferences=[owner])
    )
    before = cluster.snapshot()

    with pytest.raises(AlreadyExistsError) as failure:
        await run(cluster, plan())

    assert "ServingRuntime/llama is there already, it belongs to InferenceService/other" in str(
        failure.value
    )
    assert "--name llama-2" in failure.value.remedy
    assert cluster.snapshot() == before


async def test_failed_create_deletes_what_was_created_newest_first() -> None:
    """R-DEP-07."""
    cluster = FakeCluster().fail(Fault.QUOTA, call="create InferenceService")

    with pytest.raises(DeployFailedError, match="exceeded quota") as failure:
        await run(cluster, plan(key=KEY))

    assert failure.value.leftovers == ()
    assert failure.value.exit_code == 8
    assert cluster.calls[-4:] == [
        "delete ServingRuntime/llama",
        "delete PersistentVolumeClaim/nim-pvc-llama",
        "delete Secret/nvidia-nim-image-pull",
        "delete Secret/nvidia-nim-secrets",
    ]
    assert cluster.names() == set()


async def test_rollback_goes_on_past_an_object_it_cannot_delete() -> None:
    """R-DEP-08."""
    cluster = FakeCluster().fail(Fault.REJECTED, call="create InferenceService")
    cluster.forbidden = {"delete ServingRuntime"}

    with pytest.raises(DeployFailedError) as failure:
        await run(cluster, plan())

    [stays] = failure.value.leftovers
    assert stays.subject == "ServingRuntime/llama"
    assert stays.remedy == (
        "Remove it: kubectl delete servingruntimes.serving.kserve.io llama -n team-a"
    )
    assert failure.value.exit_code == 9
    assert cluster.names() == {"ServingRuntime/llama"}


async def test_rollback_spares_an_object_that_somebody_put_in_our_place() -> None:
    """R-DEP-07."""
    cluster = FakeCluster()

    def replaced(call: str) -> None:
        if call == "create InferenceService/llama":
            cluster.remove("ServingRuntime", "llama")
            cluster.put(FOREIGN_RUNTIME)

    cluster.on_call = replaced
    cluster.fail(Fault.REJECTED, call="create InferenceService")

    with pytest.raises(DeployFailedError) as failure:
        await run(cluster, plan())

    assert failure.value.leftovers == ()
    assert cluster.names() == {"ServingRuntime/llama"}


@pytest.mark.parametrize("fault", [Fault.RESET_AFTER, Fault.SERVER_ERROR_AFTER])
@pytest.mark.parametrize(
    "call",
    [
        "create Secret/nvidia-nim-secrets",
        "create Secret/nvidia-nim-image-pull",
        "create PersistentVolumeClaim",
        "create ServingRuntime",
        "create InferenceService",
        "create Role/",
        "create RoleBinding",
        "patch ServingRuntime",
    ],
)
async def test_lost_reply_makes_no_second_copy(call: str, fault: Fault) -> None:
    """R-DEP-06; F6, F7."""
    cluster = FakeCluster().fail(fault, call=call)

    done = await run(cluster, plan(key=KEY, auth=True))

    assert done.taken_over == ()
    assert len(cluster.names()) == 8
    assert owners(cluster.find("ServingRuntime", "llama")) == ["InferenceService/llama"]


@pytest.mark.parametrize("fault", [Fault.RESET_BEFORE, Fault.SERVER_ERROR, Fault.BUSY])
async def test_fault_that_passes_is_tried_again(fault: Fault) -> None:
    """F4, F5, F12."""
    cluster = FakeCluster().fail(fault, call="create InferenceService", times=2)

    await run(cluster, plan())

    assert cluster.calls.count("create InferenceService/llama") == 3
    assert "InferenceService/llama" in cluster.names()


async def test_tries_are_bounded() -> None:
    cluster = FakeCluster().fail(Fault.SERVER_ERROR, call="create InferenceService", times=99)

    with pytest.raises(DeployFailedError):
        await run(cluster, plan())

    assert cluster.calls.count("create InferenceService/llama") == 4
    assert cluster.names() == set()


async def test_lost_reply_whose_object_cannot_be_looked_at_is_named() -> None:
    """R-DEP-08."""
    cluster = FakeCluster().fail(Fault.RESET_AFTER, call="create ServingRuntime")
    cluster.fail(Fault.UNAUTHORIZED, call="get ServingRuntime")

    with pytest.raises(DeployFailedError) as failure:
        await run(cluster, plan())

    assert [stays.subject for stays in failure.value.leftovers] == [
        "ServingRuntime/llama",
        "PersistentVolumeClaim/nim-pvc-llama",
    ]


async def test_expired_login_lists_what_stays_and_deletes_nothing() -> None:
    """R-DEP-10; F8."""
    cluster = FakeCluster().fail(Fault.UNAUTHORIZED, call="create InferenceService")

    with pytest.raises(DeployFailedError) as failure:
        await run(cluster, plan())

    assert not [call for call in cluster.calls if call.startswith("delete")]
    assert [stays.subject for stays in failure.value.leftovers] == [
        "ServingRuntime/llama",
        "PersistentVolumeClaim/nim-pvc-llama",
    ]
    assert "request-1" in str(failure.value)


async def test_login_that_was_never_good_is_told_as_it_is() -> None:
    cluster = FakeCluster().fail(Fault.UNAUTHORIZED, call="dry-run", times=9)

    with pytest.raises(UnauthorizedError):
        await run(cluster, plan())


async def test_project_that_is_being_deleted_gets_no_rollback_calls() -> None:
    """F11."""
    cluster = FakeCluster().fail(Fault.TERMINATING, call="create ServingRuntime")

    with pytest.raises(NamespaceTerminatingError):
        await run(cluster, plan())

    assert cluster.calls[-1] == "create ServingRuntime/llama"


async def test_missing_right_found_only_at_the_write_names_verb_and_resource() -> None:
    """F9."""
    cluster = FakeCluster().fail(Fault.FORBIDDEN, call="create InferenceService")

    with pytest.raises(DeployFailedError, match="create InferenceService/llama") as failure:
        await run(cluster, plan())

    assert isinstance(failure.value.cause, ForbiddenError)


async def test_same_request_again_finishes_what_a_killed_run_began() -> None:
    """R-DEP-08, R-DEP-09; F2, F40."""
    wanted = plan(key=KEY, auth=True)
    cluster = FakeCluster(*wanted.manifests[:4])

    done = await run(cluster, wanted)

    assert [str(one) for one in done.taken_over] == [str(one) for one in wanted.references[:4]]
    assert cluster.names() == {str(one) for one in wanted.references}
    assert owners(cluster.find("ServingRuntime", "llama")) == ["InferenceService/llama"]


async def test_same_request_on_a_whole_deployment_changes_nothing() -> None:
    """R-DEP-09; F39."""
    wanted = plan(key=KEY, auth=True)
    cluster = FakeCluster()
    await run(cluster, wanted)
    before = cluster.snapshot()

    await run(cluster, wanted)

    assert cluster.snapshot() == before


async def test_failed_resume_leaves_what_the_first_run_made_and_names_it() -> None:
    """R-DEP-08."""
    wanted = plan()
    cluster = FakeCluster(wanted.manifests[0]).fail(Fault.REJECTED, call="create InferenceSer")

    with pytest.raises(DeployFailedError) as failure:
        await run(cluster, wanted)

    assert cluster.names() == {"PersistentVolumeClaim/nim-pvc-llama"}
    assert [stays.subject for stays in failure.value.leftovers] == [
        "PersistentVolumeClaim/nim-pvc-llama"
    ]


async def test_same_request_with_another_specification_is_a_conflict() -> None:
    """R-DEP-09; F2."""
    cluster = FakeCluster()
    await run(cluster, plan())
    before = cluster.snapshot()

    with pytest.raises(ConflictError, match="another specification"):
        await run(cluster, plan(tag="latest"))

    assert cluster.snapshot() == before


async def test_what_admission_adds_is_no_other_specification() -> None:
    wanted = plan()
    runtime = dict(wanted.manifests[1])
    runtime["spec"] = {**runtime["spec"], "disabled": False}
    claim = dict(wanted.manifests[0])
    claim["spec"] = {
        **claim["spec"],
        "resources": {"requests": {"storage": "51200Mi"}},
        "volumeMode": "Filesystem",
    }
    cluster = FakeCluster(claim, runtime)

    done = await run(cluster, wanted)

    assert len(done.taken_over) == 2


async def test_of_two_requests_with_one_name_exactly_one_wins() -> None:
    """R-DEP-09; F38."""
    for delay in range(12):
        cluster = FakeCluster()
        plans = plan("request-1", key=KEY, choice=KeyChoice.OWN), plan("request-2")

        async def late(wanted: Plan, turns: int, cluster: FakeCluster = cluster) -> Deployed:
            for _ in range(turns):
                await asyncio.sleep(0)
            return await run(cluster, wanted)

        answers = await asyncio.gather(
            late(plans[0], 0), late(plans[1], delay), return_exceptions=True
        )

        won = [answer for answer in answers if isinstance(answer, Deployed)]
        lost = [answer for answer in answers if isinstance(answer, OdhNimError)]
        assert len(won) == len(lost) == 1
        assert isinstance(lost[0], AlreadyExistsError)
        winner = next(one for one in plans if one.request_id == won[0].request_id)
        assert cluster.names() == {str(one) for one in winner.references}


@pytest.mark.parametrize(
    "at",
    [
        "dry-run create Secret/nvidia-nim-secrets",
        "create Secret/nvidia-nim-secrets",
        "create Secret/nvidia-nim-image-pull",
        "create PersistentVolumeClaim/nim-pvc-llama",
        "create ServingRuntime/llama",
        "create InferenceService/llama",
        "patch ServingRuntime/llama",
        "create ServiceAccount/llama-sa",
        "create Role/llama-view-role",
        "create RoleBinding/llama-view",
    ],
)
async def test_cancelled_run_lets_its_write_finish_and_takes_everything_back(at: str) -> None:
    """R-DEP-10; F41."""
    wanted = plan(key=KEY, auth=True)
    cluster = FakeCluster()
    task = asyncio.ensure_future(run(cluster, wanted))

    def cancel(call: str) -> None:
        if call == at:
            task.cancel()

    cluster.on_call = cancel

    with pytest.raises(asyncio.CancelledError):
        await task

    assert cluster.names() == set()


async def test_second_cancellation_does_not_stop_the_rollback() -> None:
    """R-DEP-10."""
    cluster = FakeCluster()
    task = asyncio.ensure_future(run(cluster, plan(key=KEY)))

    def cancel(call: str) -> None:
        if call.startswith(("create InferenceService", "delete")):
            task.cancel()

    cluster.on_call = cancel

    with pytest.raises(asyncio.CancelledError):
        await task

    assert cluster.names() == set()


async def test_elapsed_deadline_rolls_back() -> None:
    cluster = FakeCluster()
    slow = asyncio.Event()
    original = cluster.create

    async def hangs(manifest: Manifest, **options: object) -> Manifest:
        if manifest["kind"] == "ServingRuntime" and not options.get("dry_run"):
            await slow.wait()
        return await original(manifest, **options)  # type: ignore[arg-type]  # passed through

    cluster.create = hangs  # type: ignore[method-assign]  # a server that does not answer

    with pytest.raises(DeployFailedError, match="was not done within"):
        await deploy(cluster, plan(), deadline=0.05, pauses=(), grace=0.05)

    assert cluster.names() == set()


async def test_steps_are_reported_as_they_happen() -> None:
    """R-UI-08."""
    steps: list[Step] = []
    cluster = FakeCluster().fail(Fault.REJECTED, call="create InferenceService")

    with pytest.raises(DeployFailedError):
        await run(cluster, plan(), steps.append)

    assert [(step.action, str(step.subject)) for step in steps] == [
        (Action.CHECK, "PersistentVolumeClaim/nim-pvc-llama"),
        (Action.CHECK, "ServingRuntime/llama"),
        (Action.CHECK, "InferenceService/llama"),
        (Action.CREATE, "PersistentVolumeClaim/nim-pvc-llama"),
        (Action.CREATE, "ServingRuntime/llama"),
        (Action.TAKE_BACK, "ServingRuntime/llama"),
        (Action.TAKE_BACK, "PersistentVolumeClaim/nim-pvc-llama"),
    ]


@pytest.mark.parametrize("fault", list(Fault))
async def test_any_fault_at_any_call_ends_in_all_or_nothing(fault: Fault) -> None:
    """R-TST-04, R-DEP-06, R-DEP-07; I1, I2, I3."""
    wanted = plan(key=KEY, choice=KeyChoice.OWN, auth=True, tokens=("ci",))
    clean = FakeCluster()
    await run(clean, wanted)

    for times in (1, 2, 99):
        for index in range(len(clean.calls)):
            cluster = FakeCluster(foreign("Secret", "theirs")).fail(fault, at=index, times=times)
            try:
                await run(cluster, wanted)
            except OdhNimError as error:
                _assert_nothing_hidden(cluster, error)
            else:
                assert cluster.names() == {"Secret/theirs", *map(str, wanted.references)}


@pytest.mark.parametrize("second", list(Fault))
async def test_second_fault_during_the_rollback_hides_nothing(second: Fault) -> None:
    """R-TST-04, R-DEP-08; I1, I2."""
    wanted = plan(key=KEY, choice=KeyChoice.OWN, auth=True, tokens=("ci",))
    clean = FakeCluster()
    await run(clean, wanted)

    for index in range(len(wanted.manifests), len(clean.calls)):
        for call, times in itertools.product(("delete", "get"), (1, 2, 99)):
            cluster = FakeCluster(foreign("Secret", "theirs"))
            cluster.fail(Fault.REJECTED, at=index).fail(second, call=call, times=times)
            try:
                await run(cluster, wanted)
            except OdhNimError as error:
                _assert_nothing_hidden(cluster, error)
            else:
                # A rejected patch is read again and tried again.
                assert cluster.names() == {"Secret/theirs", *map(str, wanted.references)}


def _assert_nothing_hidden(cluster: FakeCluster, error: OdhNimError) -> None:
    stays = {stays.subject for stays in getattr(error, "leftovers", ())}
    there = cluster.names() - {"Secret/theirs"}
    if not isinstance(error, NamespaceTerminatingError):
        # Named may be more than there is: what cannot be looked at is named too.
        assert there <= stays
    assert "Secret/theirs" in cluster.names()
    assert KEY not in str(error)
    assert str(error).strip()
