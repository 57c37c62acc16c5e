"""Every route with every identity: T8, S1, R-KEY-16, R-UI-13, R-EXT-05."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from support.leaks import leaks
from support.web_server import RunningServer, last

pytestmark = pytest.mark.anyio
KEY = dummy_key("good").value
WANTED = {"model": "llama-3.1-8b-instruct", "tag": "1.8.5", "name": "other", "gpus": 1}
P, D = "/api/v1/projects/{project}", "/api/v1/projects/{project}/deployments/{name}"
R = P + "/remainders/{request_id}"

# (method, route, body) → the statuses of alice (edits), vera (views) and bob (is a stranger).
# What streams answers 200 and says in its last event how it ended: here as `failed:STATUS`.
TABLE: Final[list[tuple[str, str, Any, tuple[Any, Any, Any]]]] = [
    ("GET", "/api/v1/session", None, (200, 200, 200)),
    ("GET", "/api/v1/configuration", None, (200, 200, 200)),
    ("GET", "/api/v1/projects", None, (200, 200, 200)),
    ("GET", "/api/v1/models", None, (200, 200, 200)),
    ("GET", "/api/v1/admin", None, (200, 200, 200)),
    ("GET", "/api/v1/deployments", None, (200, 200, 200)),
    ("POST", "/api/v1/key-checks", {"key": "short"}, (200, 200, 200)),
    ("GET", P + "/key", None, (200, 403, 403)),
    ("GET", P + "/key/rotation", None, (200, 403, 403)),
    ("GET", P + "/storage", None, (200, 200, 403)),
    ("GET", P + "/hardware", None, (200, 200, 200)),
    ("POST", P + "/plans", WANTED, (200, 200, 200)),
    ("GET", D, None, (200, 200, 403)),
    ("GET", D + "/events", None, (200, 200, 403)),
    ("GET", D + "/containers", None, (200, 200, 403)),
    ("GET", D + "/logs", None, (200, 200, 403)),
    ("GET", D + "/status", None, (200, 200, 403)),
    ("GET", D + "/deletion", None, (200, 403, 403)),
    ("GET", D + "/specification", None, (200, 200, 403)),
    ("POST", D + "/changes/plan", {"replicas": 2}, (200, 200, 403)),
    ("PUT", P + "/key", {"key": KEY, "skipCheck": True}, (200, 403, 403)),
    ("POST", P + "/key/rotations", {"key": KEY, "skipCheck": True, "restart": False},
     ("done", "failed:403", "failed:403")),
    ("POST", P + "/deployments", WANTED, ("done", "failed:422", "failed:422")),
    ("POST", R + "/resume", WANTED, (404, 403, 403)),
    ("DELETE", R, None, (404, 403, 403)),
    ("POST", D + "/stop", None, (200, 403, 403)),
    # It runs, so there is nothing to do, and nothing that vera may not.
    ("POST", D + "/start", None, (200, 200, 403)),
    ("PATCH", D, {"description": "x"}, (200, 403, 403)),
    ("DELETE", P + "/key", None, (422, 403, 403)),
    ("DELETE", D, None, (200, 403, 403)),
]  # fmt: skip
STREAMS = ("/status", "/logs", "/resume")


def test_the_table_has_every_route() -> None:
    """T8."""
    document = json.loads((Path(__file__).parents[3] / "src/odh_nim/web/openapi.json").read_text())
    known = {
        (method.upper(), path) for path, found in document["paths"].items() for method in found
    }

    assert {(method, path) for method, path, _, _ in TABLE} == known


@pytest.mark.parametrize("user", ["vera", "bob", "alice", None])
async def test_every_route_answers_as_declared(
    server: RunningServer, project_with_key: str, user: str | None
) -> None:
    """T8, S1: and every call at the API server carries this caller's token."""
    place = {"project": project_with_key, "name": "llama", "request_id": "nothing-left"}
    async with server.client("alice") as client:
        made = WANTED | {"name": "llama"}
        path = f"/api/v1/projects/{project_with_key}/deployments"
        assert (await last(client, "POST", path, json=made))["type"] == "done"
    server.proxy.play()
    wrong, texts = [], []
    async with server.client(user) as client:
        for method, route, body, expected in TABLE:
            answer = await answered(client, method, route.format(**place), body)
            texts.append(answer[1])
            wanted = expected[("alice", "vera", "bob").index(user)] if user else 401
            if answer[0] != wanted:
                wrong.append((method, route, answer[0], wanted, answer[1][:300]))

    assert wrong == []
    assert server.callers() == ({user} if user else set())
    assert not leaks("\n".join(texts), KEY)


async def answered(client: Any, method: str, path: str, body: Any) -> tuple[Any, str]:
    """Give the status, or for a stream that is made of steps how it ended."""
    async with client.stream(method, path, json=body) as answer:
        kind = answer.headers.get("content-type", "")
        if not kind.startswith("text/event-stream"):
            return answer.status_code, (await answer.aread()).decode()
        text = ""
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                text = line.removeprefix("data: ")
                if path.endswith("/status"):
                    break
        event = json.loads(text)
        if path.endswith(STREAMS):
            return answer.status_code, text
        problem = event.get("problem")
        return (f"failed:{problem['status']}" if problem else event["type"]), text
