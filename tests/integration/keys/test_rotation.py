"""A key is replaced and every pod starts anew, on the real KServe."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator

import pytest

from odh_nim.cluster import Client
from odh_nim.deployment import RestartOptions, RestartWord, deploy, stop
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.deployment_spec import KeyChoice, Strategy
from odh_nim.domain.errors import KeyRefusedError, PreflightError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import INFERENCE_SERVICES, SERVING_RUNTIMES
from odh_nim.journeys.rotate import (
    NOT_ASKED,
    Listener,
    check_new_key,
    plan_rotation,
    resume,
    rotate,
    take_back,
)
from odh_nim.ngc import NgcClient
from odh_nim.registry import RegistryClient
from odh_nim.sandbox.nvidia import change
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from odh_nim.sandbox.testing import ControlPlane
from support.gpus import free_gpus
from support.key_witness import watching
from support.leaks import leaks
from support.rotations import (
    REVISION,
    bring_up,
    clean,
    command,
    key_revisions,
    make_plan,
    pods_of,
    ready,
    replica_sets,
    versions,
)
from support.witness import key_places

pytestmark = pytest.mark.anyio
SECOND = dummy_key("second").value
PROJECT_SECRETS = {"Secret/nvidia-nim-secrets", "Secret/nvidia-nim-image-pull"}
QUICK = RestartOptions(within=60)


@contextlib.asynccontextmanager
async def connected(plane: ControlPlane, user: str = "alice") -> AsyncIterator[Client]:
    async with Client(plane.config_for(user)) as client:
        yield client


async def test_one_command_rotates_twenty_deployments(
    control_plane: ControlPlane, namespace: str, nvidia: str
) -> None:
    """R-ROT-01, R-ROT-03, R-ROT-05, R-ROT-06, R-ROT-09, R-KEY-01, R-KEY-15; UI-11."""
    names = [f"m{number:02}" for number in range(20)]
    words = ("--debug", "keys", "rotate", "-n", namespace, "-o", "json")
    async with (
        connected(control_plane) as client,
        connected(control_plane, "admin") as admin,
        watching(admin, namespace) as witness,
    ):
        await bring_up(client, control_plane, namespace, names)
        await stop(client, "m19", namespace)
        before = {pod["metadata"]["uid"] for pod in await pods_of(client, namespace)}

        ran = await asyncio.to_thread(
            command, control_plane, "alice", *words, key_file=control_plane.key_file("second")
        )

        assert ran.code == 0, ran.err
        results = {one["name"]: one["result"] for one in json.loads(ran.out)["deployments"]}
        assert results == {**dict.fromkeys(names, "restarted"), "m19": "stopped"}
        pods = await pods_of(client, namespace)
        revisions = await key_revisions(client, namespace)
        assert len(set(revisions.values())) == 1
        assert {pod["metadata"]["uid"] for pod in pods} & before == set()
        assert len(pods) == 19
        for pod in pods:
            assert {pod["metadata"]["annotations"][REVISION]} == set(revisions.values())
        await witness.until(*pods)
        # What each pod found when it started, from its creation to its first container.
        assert [witness.keys_at_start(pod["metadata"]["uid"]) for pod in pods] == [{SECOND}] * 19
        assert witness.torn() == []
        # etcd counts all writes of a cluster: both Secrets came before every restart.
        written = await versions(client, namespace)
        secrets = [int(written[name]) for name in PROJECT_SECRETS]
        services = [int(written[f"InferenceService/{name}"]) for name in names[:19]]
        assert max(secrets) < min(services)

        assert leaks(ran.out + ran.err + " ".join(ran.arguments), SECOND) == []
        assert "PATCH" in ran.err
        assert await key_places(admin, namespace, SECOND) == PROJECT_SECRETS

        again = await asyncio.to_thread(
            command, control_plane, "alice", *words, key_file=control_plane.key_file("second")
        )

        assert again.code == 0, again.err
        after = await versions(client, namespace)
        assert {name: after[name] for name in PROJECT_SECRETS} == {
            name: written[name] for name in PROJECT_SECRETS
        }
        assert json.loads(again.out)["deployments"] == []
        assert " PATCH " not in again.err
        assert " PUT " not in again.err
        shown = await asyncio.to_thread(
            command, control_plane, "alice", "keys", "show", "-n", namespace
        )
        assert (shown.code, "both Secrets agree" in shown.out) == (0, True)
        await clean(client, namespace)


async def test_refused_key_and_key_without_the_image_change_nothing(
    control_plane: ControlPlane, namespace: str, nvidia: str
) -> None:
    """R-ROT-01, R-ROT-02: grammar, NVIDIA, then the registry for the images in use."""
    async with connected(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"])
        before = await versions(client, namespace)
        plan = await plan_rotation(client, namespace)
        async with NgcClient(nvidia) as ngc, RegistryClient(nvidia) as registry:
            with pytest.raises(KeyRefusedError):
                await check_new_key(ngc, registry, plan, ApiKey(dummy_key("refused").value))
            with pytest.raises(PreflightError, match="llama"):
                await check_new_key(ngc, registry, plan, ApiKey(dummy_key("no-terms").value))
            asked = await check_new_key(ngc, registry, plan, ApiKey(SECOND))

        assert asked.pulls == ()
        assert await versions(client, namespace) == before


async def test_key_revoked_between_check_and_start_leads_back(
    control_plane: ControlPlane, namespace: str, nvidia: str
) -> None:
    """R-ROT-08, R-ROT-06; F21: the old pod serves, the others are left alone."""
    async with connected(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["a", "b"])
        plan = await plan_rotation(client, namespace)
        first = {pod["metadata"]["uid"] for pod in await pods_of(client, namespace, "b")}

        def revoke(text: str) -> None:
            if text.startswith("Replacing"):
                change(nvidia, revoked=["second"])

        async with NgcClient(nvidia) as ngc, RegistryClient(nvidia) as registry:
            checked = await check_new_key(ngc, registry, plan, ApiKey(SECOND))
            report = await rotate(
                client, plan, ApiKey(SECOND), checked, options=QUICK, listener=Listener(revoke)
            )

            failed, skipped = report.outcomes
            assert (failed.word, failed.old_serves) == (RestartWord.FAILED, True)
            assert [one.code for one in failed.explanations] == ["pull-401"]
            assert skipped.word is RestartWord.SKIPPED
            service = await client.get(INFERENCE_SERVICES, "a", namespace)
            ready_says = {c["type"]: c["status"] for c in service["status"]["conditions"]}
            # What the product must not believe.
            assert ready_says["Ready"] == "True"

            back = await take_back(client, ngc, plan, report, options=QUICK)

        assert [(one.name, one.word) for one in back.outcomes] == [("a", RestartWord.RESTARTED)]
        now = await plan_rotation(client, namespace)
        assert now.rotation.holds(ApiKey(dummy_key("good").value))
        assert now.nothing_to_resume
        assert {pod["metadata"]["uid"] for pod in await pods_of(client, namespace, "b")} == first


async def test_restart_rolls_once_and_stays(control_plane: ControlPlane, namespace: str) -> None:
    """R-ROT-05, R-ROT-04, R-ROT-07: no-restart shows as pending, resume finishes it."""
    async with connected(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"])
        runtime = await client.get(SERVING_RUNTIMES, "llama", namespace)
        sets = await replica_sets(client, namespace, "llama")
        plan = await plan_rotation(client, namespace)

        stored = await rotate(client, plan, ApiKey(SECOND), NOT_ASKED, options=None)

        assert stored.pending == ("llama",)
        assert await replica_sets(client, namespace, "llama") == sets
        pending = await plan_rotation(client, namespace)
        assert [user.name for user in pending.rotation.pending] == ["llama"]

        report = await resume(client, pending, options=QUICK)

        assert [one.word for one in report.outcomes] == [RestartWord.RESTARTED]
        await asyncio.sleep(1)
        assert len(await replica_sets(client, namespace, "llama")) == len(sets) + 1
        [pod] = await pods_of(client, namespace, "llama")
        policies = {one.get("imagePullPolicy") for one in pod["spec"]["containers"]}
        assert "Always" not in policies
        after = await client.get(SERVING_RUNTIMES, "llama", namespace)
        assert after["metadata"]["resourceVersion"] == runtime["metadata"]["resourceVersion"]
        assert (await plan_rotation(client, namespace)).nothing_to_resume


async def test_pull_can_be_forced_once(control_plane: ControlPlane, namespace: str) -> None:
    """R-ROT-07."""
    async with connected(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["llama"])
        forced = RestartOptions(within=60, pull_always=True)

        async def policy() -> str | None:
            [pod] = await pods_of(client, namespace, "llama")
            serving = next(
                one for one in pod["spec"]["containers"] if one["name"] == "kserve-container"
            )
            found: str | None = serving.get("imagePullPolicy")
            return found

        usual = await policy()
        plan = await plan_rotation(client, namespace)
        await rotate(client, plan, ApiKey(SECOND), NOT_ASKED, options=forced)
        once = await policy()
        plan = await plan_rotation(client, namespace)
        good = ApiKey(dummy_key("good").value)
        await rotate(client, plan, good, NOT_ASKED, options=QUICK)

        assert (usual, once, await policy()) == (usual, "Always", usual)
        assert usual != "Always"


async def test_own_keys_and_the_projects_key_rotate_apart(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-ROT-01, R-ROT-10: a mixed project; what uses other Secrets is named."""
    async with connected(control_plane) as client:
        await bring_up(client, control_plane, namespace, ["shared"])
        own = await make_plan(
            client, control_plane, namespace, "own", key_name="good", key=KeyChoice.OWN
        )
        await deploy(client, own)
        await ready(client, "own", namespace)
        before = await key_revisions(client, namespace)

        plan = await plan_rotation(client, namespace, "own")
        report = await rotate(client, plan, ApiKey(SECOND), NOT_ASKED, options=QUICK)

        assert [one.name for one in report.outcomes] == ["own"]
        assert [user.name for user in report.not_rotated] == ["shared"]
        after = await key_revisions(client, namespace)
        changed = {name for name, revision in after.items() if before[name] != revision}
        assert changed == {"nvidia-nim-secrets-own", "nvidia-nim-image-pull-own"}


@pytest.mark.parametrize("user", ["admin", "alice"])
async def test_without_a_second_gpu_the_old_pod_makes_room(
    control_plane: ControlPlane, namespace: str, user: str
) -> None:
    """R-ROT-06; F23: known beforehand by who may see nodes, else when the new pod waits."""
    async with connected(control_plane, "admin") as admin, connected(control_plane, user) as client:
        node, count = await free_gpus(admin)
        selector = {"kubernetes.io/hostname": node}
        await bring_up(
            admin, control_plane, namespace, ["llama"], gpus=count, node_selector=selector
        )
        told: list[str] = []
        plan = await plan_rotation(client, namespace)
        expected = [{"type": "Recreate"}] if user == "admin" else [None]
        assert [step.strategy for step in plan.steps] == expected

        report = await rotate(
            client,
            plan,
            ApiKey(SECOND),
            NOT_ASKED,
            options=QUICK,
            listener=Listener(news=lambda _name, text: told.append(text)),
        )

        assert [one.word for one in report.outcomes] == [RestartWord.RESTARTED], report.outcomes
        assert any("the old pod" in text for text in told)
        service = await admin.get(INFERENCE_SERVICES, "llama", namespace)
        strategy = service["spec"]["predictor"]["deploymentStrategy"]
        assert strategy == {"type": str(Strategy.ROLLING_UPDATE)}
        await admin.delete(INFERENCE_SERVICES, "llama", namespace)


async def test_with_a_second_gpu_the_old_pod_serves_until_the_new_one_does(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-ROT-06."""
    async with connected(control_plane, "admin") as admin:
        node, _ = await free_gpus(admin)
        selector = {"kubernetes.io/hostname": node}
        await bring_up(admin, control_plane, namespace, ["llama"], gpus=1, node_selector=selector)
        [old] = await pods_of(admin, namespace, "llama")
        served: list[bool] = []

        async def look() -> None:
            while True:
                pods = await pods_of(admin, namespace, "llama")
                served.append(any(_is_ready(pod) for pod in pods))
                await asyncio.sleep(0.05)

        plan = await plan_rotation(admin, namespace)
        watching = asyncio.create_task(look())
        report = await rotate(admin, plan, ApiKey(SECOND), NOT_ASKED, options=QUICK)
        watching.cancel()

        assert [one.word for one in report.outcomes] == [RestartWord.RESTARTED]
        assert len(served) > 3
        assert all(served)
        assert old["metadata"]["uid"] not in {
            pod["metadata"]["uid"] for pod in await pods_of(admin, namespace, "llama")
        }
        await admin.delete(INFERENCE_SERVICES, "llama", namespace)


def _is_ready(pod: Manifest) -> bool:
    return any(
        one["name"] == "kserve-container" and one["ready"]
        for one in pod.get("status", {}).get("containerStatuses") or []
    )
