"""Whatever is sent: no 5xx, no key in any answer, no call to another host: S2, S5, T5, T6."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis.core.result import Ok

from odh_nim.cluster import Client
from odh_nim.sandbox.nvidia import read_journal
from odh_nim.sandbox.nvidia.dummy_keys import dummy_key
from support.keys import CANARY, key_secret
from support.leaks import leaks
from support.web_server import RunningServer

pytestmark = pytest.mark.anyio
DOCUMENT: Final = Path(__file__).parents[3] / "src/odh_nim/web/openapi.json"
# What streams without end is read elsewhere.
ENDLESS: Final = ("/status", "/logs")
EXAMPLES: Final = 4
PROJECT: Final = "the-project"


def cases() -> Iterator[tuple[str, Any]]:
    schema = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if not operation.path.endswith(ENDLESS):
            yield operation.label, operation


@cache
def requests() -> tuple[tuple[str, str, Any, Any], ...]:
    """Let schemathesis make requests, right ones and wrong ones, about one project."""
    made: list[tuple[str, str, Any, Any]] = []
    for _, operation in cases():
        for mode in list(schemathesis.GenerationMode):
            # Where there is nothing to be wrong about, there are no wrong requests.
            with contextlib.suppress(Unsatisfiable):
                _collect(operation, mode, made)
    return tuple(made)


def _collect(operation: Any, mode: Any, made: list[tuple[str, str, Any, Any]]) -> None:
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        path = dict(case.path_parameters or {})
        if "project" in path and len(made) % 3:
            path["project"] = PROJECT
        case.path_parameters = path
        found = case.as_transport_kwargs(base_url="http://unused")
        url = found["url"].removeprefix("http://unused")
        made.append((found["method"], url, found.get("params"), found.get("json")))

    collect()


@pytest.mark.parametrize("user", ["alice", "vera", "bob"])
async def test_no_request_makes_a_fault_or_shows_a_key(
    server: RunningServer, project: str, user: str
) -> None:
    """S2, T5, T6, UI-06, R-TST-05: schemathesis over the whole description, three identities."""
    async with Client(server.plane.admin) as admin:
        secret = key_secret(CANARY)
        secret["metadata"] |= {"namespace": project}
        await admin.create(secret)
    made = await asyncio.to_thread(requests)
    turn, wrong = asyncio.Semaphore(8), []
    async with server.client(user) as client:

        async def send(method: str, url: str, params: Any, body: Any) -> None:
            async with turn:
                where = url.replace(PROJECT, project)
                answer = await client.request(method, where, params=params, json=body)
            # What the API server cannot do is 502 and 503; nothing is wrong with it here.
            if answer.status_code >= 500:
                wrong.append((method, url, body, answer.status_code, answer.text[:300]))
            assert not leaks(answer.text, CANARY)
            if answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"

        await asyncio.gather(*(send(*one) for one in made))

    assert wrong == []
    assert len(made) > 150
    assert server.callers() == {user}


ADDRESSES: Final = [
    "169.254.169.254", "2130706433", "0x7f000001", "017700000001", "[::ffff:127.0.0.1]",
    "127.1", "localhost", "xn--lcalhost-r2a", "nvcr.io@{canary}", "{canary}#nvcr.io",
    "{canary}?nvcr.io", "{canary}/../nvcr.io", "nvcr.io%0d%0aHost: {canary}", "{canary}",
]  # fmt: skip
SHAPES: Final = [
    "{host}/a/b:1", "https://{host}/a:1", "http://{host}/a/b:1", "//{host}/a:1", "{host}:80/a/b:1",
    "{host}/a/b@sha256:" + "a" * 64, "a/{host}:1", "nvcr.io/{host}:1", "user@{host}/a:1",
]  # fmt: skip


async def test_no_address_in_a_request_is_ever_called(
    server: RunningServer, project_with_key: str, nvidia: str
) -> None:
    """S5, R-KEY-06: 100 and more addresses in every field that could take one."""
    called = []

    async def trap(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.append(writer.get_extra_info("peername"))
        writer.close()

    listening = await asyncio.start_server(trap, "127.0.0.1", 0)
    canary = f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    base = f"/api/v1/projects/{project_with_key}"
    texts = [
        shape.format(host=address.format(canary=canary))
        for address in ADDRESSES
        for shape in SHAPES
    ]
    async with server.client("alice") as client, listening:
        turn = asyncio.Semaphore(6)

        async def send(text: str) -> None:
            async with turn:
                for path, body in (
                    ("/api/v1/key-checks", {"key": dummy_key("good").value, "images": [text]}),
                    (f"{base}/plans", {"otherImage": text, "name": "x"}),
                    (f"{base}/plans", {"model": text, "tag": text, "name": "x"}),
                ):
                    answer = await client.post(path, json=body)
                    assert answer.status_code < 500, (body, answer.text)

        await asyncio.gather(*map(send, texts))

    assert len(texts) > 100
    assert called == []
    # What was asked of NVIDIA went to the configured address.
    assert all(one["path"].startswith("/") for one in read_journal(nvidia))


async def test_a_callers_token_goes_to_the_api_server_alone(
    server: RunningServer, project_with_key: str, nvidia: str
) -> None:
    """S4: nothing that NVIDIA or its registry has seen holds it."""
    token = server.token("alice")
    async with server.client("alice") as client:
        body = {
            "key": dummy_key("good").value,
            "images": ["nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.5"],
        }
        assert (await client.post("/api/v1/key-checks", json=body)).json()["state"] == "valid"

    journal = read_journal(nvidia)
    assert journal
    assert not leaks(json.dumps(journal), token)
