"""Closed tabs, double clicks, killed servers, a slow or broken API server: F4, F5, F8, F39, F40."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from odh_nim.cluster import Client
from odh_nim.domain.resources import (
    INFERENCE_SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    SERVING_RUNTIMES,
)
from odh_nim.sandbox.testing import ControlPlane
from support.fault_proxy import FaultProxy
from support.faults import Call, Fault, Plan
from support.web_server import RunningServer, connection, events, last, trust

pytestmark = pytest.mark.anyio
WANTED: dict[str, Any] = {
    "model": "llama-3.1-8b-instruct", "tag": "1.8.5", "name": "llama", "gpus": 1,
    "requestId": "the-request",
}  # fmt: skip
KINDS = (INFERENCE_SERVICES, SERVING_RUNTIMES, PERSISTENT_VOLUME_CLAIMS)


def is_write(call: Call) -> bool:
    return call.is_write


async def kinds(plane: ControlPlane, project: str) -> list[str]:
    async with Client(plane.admin) as admin:
        lists = await asyncio.gather(*(admin.list(kind, project) for kind in KINDS))
    return [item["kind"] for items in lists for item in items]


async def settled(plane: ControlPlane, project: str, wanted: list[str]) -> list[str]:
    """Look until what is there is what is wanted, or time is up."""
    found: list[str] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(20):
            while (found := await kinds(plane, project)) != wanted:  # noqa: ASYNC110 - a cluster has no event for nothing
                await asyncio.sleep(0.1)
    return found


async def close_the_tab(client: httpx2.AsyncClient, path: str, wanted: dict[str, Any]) -> None:
    """Begin a deployment, and leave at its first step."""
    async with client.stream("POST", path, json=wanted) as answer:
        async for _ in answer.aiter_lines():
            return


async def test_a_closed_tab_does_not_stop_a_deployment(
    server: RunningServer, project_with_key: str
) -> None:
    """R-DEP-10, F39."""
    path = f"/api/v1/projects/{project_with_key}/deployments"
    async with server.client("alice") as client:
        await close_the_tab(client, path, WANTED)

        assert await settled(server.plane, project_with_key, [kind.kind for kind in KINDS]) == [
            kind.kind for kind in KINDS
        ]
        # Whoever comes back with the same request hears how it ended.
        assert (await last(client, "POST", path, json=WANTED))["type"] == "done"


async def test_a_closed_tab_does_not_stop_the_rollback_either(
    server: RunningServer, project_with_key: str
) -> None:
    """R-DEP-07, R-DEP-10, F39."""
    path = f"/api/v1/projects/{project_with_key}/deployments"
    server.proxy.counts = is_write
    server.proxy.play(Plan(2, Fault.QUOTA, None))
    async with server.client("alice") as client:
        await close_the_tab(client, path, WANTED)
        server.proxy.plans = [Plan(2, Fault.QUOTA)]

        assert await settled(server.plane, project_with_key, []) == []
        [call] = server.proxy.played
        assert call.path.endswith("/inferenceservices")
    assert server.callers() == {"alice"}


async def test_a_double_click_makes_one_deployment(
    server: RunningServer, project_with_key: str
) -> None:
    """R-DEP-09, UI-27, T11."""
    path = f"/api/v1/projects/{project_with_key}/deployments"
    async with server.client("alice") as client:
        both = await asyncio.gather(*(last(client, "POST", path, json=WANTED) for _ in range(5)))

    assert [one["type"] for one in both] == ["done"] * 5
    created = [call for call in server.proxy.calls if call.is_write and call.method == "POST"]
    assert len([call for call in created if call.path.endswith("/inferenceservices")]) == 1


async def test_of_ten_wizards_with_one_name_one_wins_and_nobody_leaves_anything(
    server: RunningServer, project_with_key: str
) -> None:
    """R-DEP-09, F38, T11."""
    path = f"/api/v1/projects/{project_with_key}/deployments"

    async def wizard(number: int) -> dict[str, Any]:
        async with server.client("alice") as client:
            return await last(client, "POST", path, json=WANTED | {"requestId": f"w{number}"})

    ends = await asyncio.gather(*(wizard(number) for number in range(8)))

    assert sorted(one["type"] for one in ends) == ["done", *["failed"] * 7]
    assert {one["problem"]["status"] for one in ends if "problem" in one} <= {409, 422}
    assert await kinds(server.plane, project_with_key) == [kind.kind for kind in KINDS]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.BUSY, 503),
        (Fault.SERVER_ERROR, 502),
        (Fault.UNAVAILABLE, 503),
        (Fault.GATEWAY, 502),
        (Fault.GARBAGE, 502),
        (Fault.FORBIDDEN, 403),
        (Fault.UNAUTHORIZED, 401),
    ],
)
async def test_what_is_wrong_with_the_api_server_is_said(
    server: RunningServer, project: str, fault: Fault, status: int
) -> None:
    """F4, F5, F8: a problem with a status of its own, never a 500."""
    server.proxy.play(Plan(0, fault, None))
    async with server.client("alice") as client:
        answer = await client.get(f"/api/v1/projects/{project}/storage")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert server.callers() == {"alice"}


async def test_a_login_that_expires_in_between_is_never_replaced_by_another(
    server: RunningServer, project_with_key: str
) -> None:
    """F8, R-DEP-10, S1: what was begun is listed, and resumed after the next login."""
    path = f"/api/v1/projects/{project_with_key}/deployments"
    server.proxy.counts = is_write
    server.proxy.play(Plan(2, Fault.UNAUTHORIZED, None))
    async with server.client("alice") as client:
        failed = await last(client, "POST", path, json=WANTED)
        assert (failed["type"], failed["problem"]["status"]) == ("failed", 401)
        assert {one["subject"] for one in failed["problem"]["leftovers"]} >= {
            "ServingRuntime/llama"
        }
        server.proxy.play()
        [left] = (await client.get(f"/api/v1/deployments?project={project_with_key}")).json()[
            "incomplete"
        ]
        assert (left["requestId"], left["name"]) == ("the-request", "llama")
        assert (left["draft"]["model"], left["draft"]["tag"]) == (WANTED["model"], "1.8.5")
        path = f"/api/v1/projects/{project_with_key}/remainders/the-request/resume"
        assert (await last(client, "POST", path, json=WANTED))["type"] == "done"
    assert server.callers() == {"alice"}


@contextlib.asynccontextmanager
async def program(plane: ControlPlane, proxy: FaultProxy, home: Path) -> AsyncIterator[Any]:
    """The server as a program of its own, which can be killed."""
    kubeconfig = home / "kubeconfig"
    kubeconfig.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\n"
        "users: [{name: a, user: {}}]\n"
        f"clusters: [{{name: a, cluster: {{server: '{connection(plane, proxy).server}'}}}}]\n"
    )
    port = 20000 + os.getpid() % 10000
    environment = os.environ | {
        "KUBECONFIG": str(kubeconfig),
        "ODH_NIM_NGC_URL": plane.ngc_url,
        "ODH_NIM_REGISTRY_URL": plane.registry_url,
        "ODH_NIM_APPLICATIONS_NAMESPACE": plane.applications_namespace,
    }
    log = (home / "log").open("wb")
    child = subprocess.Popen(
        [sys.executable, "-m", "odh_nim", "serve", "--port", str(port)],
        env=environment, stderr=log,
    )  # fmt: skip
    try:
        async with (
            httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
            asyncio.timeout(90),
        ):
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    if (await client.get("/healthz")).status_code == 200:
                        break
                assert child.poll() is None, (home / "log").read_text()
                await asyncio.sleep(0.1)
        yield child, f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait(10)
        log.close()


async def test_a_server_that_is_killed_leaves_what_the_next_one_lists_and_resumes(
    server: RunningServer, project_with_key: str, tmp_path: Path
) -> None:
    """R-DEP-08, F40: SIGKILL between two writes."""
    plane, path = server.plane, f"/api/v1/projects/{project_with_key}/deployments"
    async with (
        FaultProxy(plane.admin.server, verify=trust(plane.admin), counts=is_write) as proxy,
        program(plane, proxy, tmp_path) as (child, url),
    ):
        proxy.on_kill = child.kill
        proxy.play(Plan(1, Fault.KILL_AFTER))
        async with httpx2.AsyncClient(
            base_url=url, headers=dict(server.client("alice").headers), trust_env=False
        ) as client:
            with contextlib.suppress(httpx2.HTTPError, AssertionError):
                await last(client, "POST", path, json=WANTED)
        assert child.wait(10) == -signal.SIGKILL
    assert await kinds(plane, project_with_key) == ["ServingRuntime", "PersistentVolumeClaim"]

    async with server.client("alice") as client:
        listed = f"/api/v1/deployments?project={project_with_key}"
        [left] = (await client.get(listed)).json()["incomplete"]
        resume = f"/api/v1/projects/{project_with_key}/remainders/{left['requestId']}/resume"
        assert (await last(client, "POST", resume, json=WANTED))["type"] == "done"
        assert (await client.get(listed)).json()["incomplete"] == []


async def test_what_a_killed_server_left_can_be_deleted(
    server: RunningServer, project_with_key: str
) -> None:
    """R-DEP-08."""
    path = f"/api/v1/projects/{project_with_key}/deployments"
    server.proxy.counts = is_write
    server.proxy.play(Plan(2, Fault.UNAUTHORIZED, None))
    async with server.client("alice") as client:
        await last(client, "POST", path, json=WANTED)
        server.proxy.play()
        gone = await client.delete(f"/api/v1/projects/{project_with_key}/remainders/the-request")

        assert {one["kind"] for one in gone.json()["deleted"]} == {
            "PersistentVolumeClaim", "ServingRuntime",
        }  # fmt: skip
        assert await settled(server.plane, project_with_key, []) == []


async def test_a_server_that_is_told_to_stop_finishes_first(
    server: RunningServer, project_with_key: str, tmp_path: Path
) -> None:
    """F40: SIGTERM; whoever only listens is let go, a deployment ends."""
    plane, path = server.plane, f"/api/v1/projects/{project_with_key}/deployments"
    async with server.client("alice") as client:
        await last(client, "POST", path, json=WANTED)
    async with (
        FaultProxy(plane.admin.server, verify=trust(plane.admin)) as proxy,
        program(plane, proxy, tmp_path) as (child, url),
        httpx2.AsyncClient(
            base_url=url, headers=dict(server.client("alice").headers), trust_env=False, timeout=60
        ) as client,
    ):

        async def watch() -> int:
            return len([one async for one in events(client, "GET", f"{path}/llama/status")])

        watching = asyncio.create_task(watch())
        await asyncio.sleep(1.5)
        wanted = WANTED | {"name": "second", "requestId": "another"}
        deploying = asyncio.create_task(last(client, "POST", path, json=wanted))
        await asyncio.sleep(0.05)
        child.send_signal(signal.SIGTERM)

        assert await asyncio.wait_for(watching, 20) >= 1
        with contextlib.suppress(httpx2.HTTPError):
            await deploying
        child.wait(20)
    # All of it or nothing: whichever was first.
    assert (await kinds(plane, project_with_key)).count("InferenceService") in (1, 2)
    async with server.client("alice") as client:
        listed = (await client.get(f"/api/v1/deployments?project={project_with_key}")).json()
        assert listed["incomplete"] == []
