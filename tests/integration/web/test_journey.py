"""The whole journey over the API, on a real control plane: R-TST-02, R-DEP-01, R-KEY-16."""

from typing import Any

import pytest

from odh_nim.cluster import Client
from odh_nim.domain.errors import NotFoundError
from odh_nim.domain.resources import INFERENCE_SERVICES, SECRETS
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from support.leaks import leaks
from support.web_server import RunningServer, events, last

pytestmark = pytest.mark.anyio
KEY = dummy_key("good").value
LLAMA = "llama-3.1-8b-instruct"
WANTED: dict[str, Any] = {"model": LLAMA, "tag": "1.8.5", "name": "llama", "gpus": 1}


async def until_ready(client: Any, path: str) -> dict[str, Any]:
    async for event in events(client, "GET", f"{path}/status"):
        if event["type"] == "details" and event["details"]["status"] in ("Ready", "Stopped"):
            found: dict[str, Any] = event["details"]
            return found
    raise AssertionError("the stream ended")


async def test_from_the_key_to_the_deletion(server: RunningServer, project: str) -> None:
    """R-DEP-01, R-DEP-10, R-DEP-25, R-DEP-26, R-UI-08, R-UI-09, R-CFG-09, UI-34, UI-37."""
    base, one = f"/api/v1/projects/{project}", f"/api/v1/projects/{project}/deployments/llama"
    texts: list[str] = []
    async with server.client("alice") as client:

        async def say(method: str, path: str, status: int = 200, **more: Any) -> Any:
            answer = await client.request(method, path, **more)
            texts.append(answer.text)
            assert answer.status_code == status, answer.text
            return answer.json()

        refused = await say("POST", "/api/v1/key-checks", json={"key": dummy_key("refused").value})
        assert refused["state"] == "refused"
        before = len([call for call in server.proxy.calls if call.is_write])
        plan = await say("POST", f"{base}/plans", json=WANTED)
        assert [one["code"] for one in plan["findings"] if one["severity"] == "error"] == [
            "key-missing"
        ]
        stored = await say("PUT", f"{base}/key", json={"key": f" {KEY}\n"})
        assert (stored["change"], stored["key"]["kind"]) == ("created", "ours")
        plan = await say("POST", f"{base}/plans", json=WANTED)
        assert plan["checked"]
        assert [one["kind"] for one in plan["objects"]] == [
            "PersistentVolumeClaim", "ServingRuntime", "InferenceService",
        ]  # fmt: skip
        # The two Secrets, and nothing by any plan.
        assert len([call for call in server.proxy.calls if call.is_write]) == before + 2

        told = [event async for event in events(client, "POST", f"{base}/deployments", json=WANTED)]
        assert told[-1]["type"] == "done"
        assert [event["kind"] for event in told if event.get("action") == "create"] == [
            "PersistentVolumeClaim", "ServingRuntime", "InferenceService",
        ]  # fmt: skip
        details = await until_ready(client, one)
        assert [step["state"] for step in details["phases"]] == ["done"] * 5
        assert details["endpoints"][0]["url"] == f"http://llama-predictor.{project}.svc:8000"
        assert details["key"]["kind"] == "project"

        listed = await say("GET", f"/api/v1/deployments?project={project}")
        assert [(row["name"], row["status"]) for row in listed["items"]] == [("llama", "Ready")]
        assert (await say("GET", f"{one}/events"))["items"]
        containers = await say("GET", f"{one}/containers")
        assert containers["items"][0]["container"] == "kserve-container"
        log = await client.get(f"{one}/logs?download=true")
        assert "attachment" in log.headers["content-disposition"]
        assert "model loaded" in log.text

        await say("POST", f"{one}/stop")
        assert (await until_ready(client, one))["status"] == "Stopped"
        await say("POST", f"{one}/start")
        await until_ready(client, one)

        used = await say("DELETE", f"{base}/key", 422)
        assert [finding["subject"] for finding in used["findings"]] == ["llama"]
        deletion = await say("GET", f"{one}/deletion")
        assert deletion["claim"] == "nim-pvc-llama"
        gone = await say("DELETE", f"{one}?withClaim=true")
        assert {one["kind"] for one in gone["deleted"]} == {
            "InferenceService", "ServingRuntime", "PersistentVolumeClaim",
        }  # fmt: skip
        await say("DELETE", f"{base}/key")

    assert server.callers() == {"alice"}
    assert not leaks("\n".join(texts), KEY)


async def test_an_edit_shows_its_difference_and_loses_to_whoever_was_first(
    server: RunningServer, project_with_key: str
) -> None:
    """R-DEP-24, UI-36."""
    base = f"/api/v1/projects/{project_with_key}/deployments"
    async with server.client("alice") as client:
        assert (await last(client, "POST", base, json=WANTED))["type"] == "done"
        one = f"{base}/llama"
        secret = {"name": "MY_TOKEN", "value": "hush-hush"}
        change = {"replicas": 2, "tag": "1.8.6", "env": [secret]}

        plan = (await client.post(f"{one}/changes/plan", json=change)).json()
        assert plan["restarts"]
        assert "+    image: nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.6" in plan["diff"]
        assert "hush-hush" not in plan["diff"]
        changed = await client.patch(one, json=change | {"base": plan["base"]})
        assert changed.json()["replicas"] == 2
        late = await client.patch(one, json={"replicas": 1, "base": plan["base"]})
        assert late.status_code == 409
        assert late.json()["diff"]

        now = (await client.get(f"{one}/specification")).json()
        assert (now["tag"], now["replicas"]) == ("1.8.6", 2)
        assert now["env"] == [
            {"name": "MY_TOKEN", "value": None, "valueFrom": None, "hidden": True}
        ]
        same = (await client.post(f"{one}/changes/plan", json={"replicas": 2})).json()
        assert (same["diff"], same["objects"]) == ("", [])


async def test_a_rotation_replaces_the_key_and_restarts_what_uses_it(
    server: RunningServer, project_with_key: str
) -> None:
    """R-ROT-01, R-UI-10, UI-11."""
    base = f"/api/v1/projects/{project_with_key}"
    new = dummy_key("second").value
    async with server.client("alice") as client:
        await last(client, "POST", f"{base}/deployments", json=WANTED)
        await until_ready(client, f"{base}/deployments/llama")

        users = (await client.get(f"{base}/key/rotation")).json()["users"]
        assert [one["name"] for one in users] == ["llama"]
        told = [
            event
            async for event in events(client, "POST", f"{base}/key/rotations", json={"key": new})
        ]

        assert told[-1]["type"] == "done"
        assert [one["word"] for one in told if one["type"] == "deployment"] == ["restarted"]
        assert not leaks(str(told), new)
    async with Client(server.plane.admin) as admin:
        secret = await admin.get(SECRETS, "nvidia-nim-secrets", project_with_key)
        assert secret["data"]["api_key"] == secret["data"]["NGC_API_KEY"]


async def test_an_own_key_comes_with_the_deployment_and_goes_with_it(
    server: RunningServer, project: str
) -> None:
    """R-KEY-13, R-DEP-05."""
    base = f"/api/v1/projects/{project}/deployments"
    wanted = WANTED | {"key": "own", "ownKey": KEY}
    async with server.client("alice") as client:
        refused = await last(
            client, "POST", base, json=wanted | {"ownKey": dummy_key("refused").value}
        )
        assert refused["problem"]["type"] == "urn:odh-nim:problem:key-refused"

        done = await last(client, "POST", base, json=wanted)
        assert done["type"] == "done", done
        assert (await client.get(f"{base}/llama")).json()["key"]["kind"] == "own"
        await client.delete(f"{base}/llama?withClaim=true")
    async with Client(server.plane.admin) as admin:
        left = [one["metadata"]["name"] for one in await admin.list(SECRETS, project)]
        assert left == []
        with pytest.raises(NotFoundError):
            await admin.get(INFERENCE_SERVICES, "llama", project)


async def test_who_may_not_list_deployments_everywhere_sees_those_of_their_projects(
    server: RunningServer, project_with_key: str
) -> None:
    """R-UI-13, S1."""
    async with server.client("alice") as client:
        await last(client, "POST", f"/api/v1/projects/{project_with_key}/deployments", json=WANTED)
        mine = (await client.get("/api/v1/deployments")).json()
    async with server.client("bob") as client:
        his = (await client.get("/api/v1/deployments")).json()

    assert project_with_key in {row["project"] for row in mine["items"]}
    assert project_with_key not in {row["project"] for row in his["items"]}
