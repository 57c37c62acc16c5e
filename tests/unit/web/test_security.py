"""What every answer carries, and what no request may do: S11, S12, S17, S23, T9, R-EXT-06."""

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from odh_nim.web.security import MAX_BODY, policy
from support.keys import CANARY
from support.leaks import leaks
from support.web import CHANGING, World, browser


@pytest.fixture(scope="module")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("static")
    (folder / "assets").mkdir()
    (folder / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "assets" / "main.js").write_text("export {}")
    (folder / "favicon.svg").write_text("<svg/>")
    return folder


def observatory_score(headers: dict[str, str]) -> int:
    """The formula of Mozilla's HTTP Observatory, as far as an answer decides it."""
    found = {name.lower(): value for name, value in headers.items()}
    csp = {
        part.split()[0]: part.split()[1:]
        for part in found.get("content-security-policy", "").split("; ")
        if part
    }
    rules = {
        25: bool(csp),
        20: "max-age=" in found.get("strict-transport-security", ""),
        21: csp.get("frame-ancestors") == ["'none'"] or found.get("x-frame-options") == "DENY",
        5: found.get("x-content-type-options") == "nosniff",
        50: "access-control-allow-origin" not in found,
        22: not _unsafe(csp),
    }
    bonus = {
        10: csp.get("default-src") == ["'none'"],
        5: csp.get("frame-ancestors") == ["'none'"],
        6: found.get("referrer-policy") == "no-referrer",
        11: found.get("cross-origin-resource-policy") == "same-origin",
    }
    lost = sum(points for points, kept in rules.items() if not kept)
    # A bonus counts only for what has lost less than ten points.
    won = sum(points for points, has in bonus.items() if has) if lost < 10 else 0
    return 100 - lost + won


def _unsafe(csp: dict[str, list[str]]) -> bool:
    sources = [one for name in ("default-src", "script-src") for one in csp.get(name, [])]
    return any(one in ("'unsafe-inline'", "'unsafe-eval'", "*", "data:") for one in sources)


ANSWERS = [
    ("GET", "/", 200),
    ("GET", "/models/llama", 200),
    ("GET", "/assets/main.js", 200),
    ("GET", "/assets/none.js", 404),
    ("GET", "/favicon.svg", 200),
    ("GET", "/healthz", 200),
    ("GET", "/api/v1/session", 200),
    ("GET", "/api/v1/none", 404),
    ("GET", "/api/v1/projects/team-a/deployments/none", 404),
    ("GET", "/api/v1/projects/UPPER/key", 422),
    ("DELETE", "/api/v1/session", 405),
    ("POST", "/api/v1/key-checks", 422),
    ("GET", "/api/v1/openapi.json", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_answer_carries_every_header(
    method: str, path: str, status: int, static: Path
) -> None:
    """T9, S10, S12, S13: also 404, 405, 422 and files."""
    with browser(World().app(static=static)) as client:
        answer = client.request(method, path)

        assert answer.status_code == status
        assert observatory_score(dict(answer.headers)) >= 100
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert "camera=()" in answer.headers["permissions-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert ("no-store" in answer.headers.get("cache-control", "")) is path.startswith("/api/")


def test_a_fault_of_ours_has_them_too_and_says_nothing() -> None:
    """T9, I7: no stack, no text of the fault."""
    world = World()

    def broken(_: str) -> None:
        raise RuntimeError(CANARY)

    world.cluster.on_call = broken
    with browser(world.app()) as client:
        answer = client.get("/api/v1/projects/team-a/key")

        assert answer.status_code == 500
        assert observatory_score(dict(answer.headers)) >= 100
        assert not leaks(answer.text, CANARY)
        assert "Traceback" not in answer.text


def test_who_may_show_the_page_in_a_frame_is_configured() -> None:
    """S12."""
    assert "frame-ancestors 'none'" in policy()
    assert "frame-ancestors https://console.example" in policy("https://console.example")


REFUSED: list[tuple[str, dict[str, str | None]]] = [
    ("no header of ours", {"X-Odh-Nim": None}),
    ("another site", {"Sec-Fetch-Site": "cross-site"}),
    ("a sister site", {"Sec-Fetch-Site": "same-site"}),
    ("another origin", {"Origin": "https://evil.example"}),
    ("another port", {"Origin": "http://127.0.0.1:9999"}),
    ("no origin at all", {"Origin": "null"}),
    ("a form", {"Content-Type": "application/x-www-form-urlencoded"}),
    ("plain text", {"Content-Type": "text/plain"}),
    ("a file", {"Content-Type": "multipart/form-data; boundary=x"}),
]


@pytest.mark.parametrize(("why", "changes"), REFUSED)
def test_what_another_sites_page_could_send_changes_nothing(
    why: str, changes: dict[str, str | None]
) -> None:
    """S11: 403 or 415 and no write."""
    world = World()
    headers = {**CHANGING, "X-Forwarded-Access-Token": "token-of-alice", **changes}
    given = {name: value for name, value in headers.items() if value is not None}
    with TestClient(world.app(), base_url="http://127.0.0.1:8080") as client:
        for method, path in (
            ("PUT", "/api/v1/projects/team-a/key"),
            ("POST", "/api/v1/projects/team-a/deployments"),
            ("DELETE", "/api/v1/projects/team-a/deployments/llama"),
            ("POST", "/api/v1/projects/team-a/deployments/llama/stop"),
        ):
            answer = client.request(method, path, headers=given, content=b"{}")

            assert answer.status_code in (403, 415), (why, method, path)
        assert world.cluster.calls == []


def test_another_sites_page_reads_nothing_and_no_socket_opens() -> None:
    """S11."""
    world = World()
    with browser(world.app(), **{"Sec-Fetch-Site": "cross-site"}) as client:
        assert client.get("/api/v1/deployments").status_code == 403
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect("/api/v1/deployments"),
        ):
            pass
        assert refused.value.code == 1008
        assert world.cluster.calls == []


def test_a_large_body_is_refused_announced_or_not() -> None:
    """S23: 64 KiB."""
    world = World()
    body = json.dumps({"key": "x" * MAX_BODY}).encode()

    def parts() -> object:
        yield from (body[start : start + 8192] for start in range(0, len(body), 8192))

    with browser(world.app()) as client:
        announced = client.post("/api/v1/key-checks", content=body)
        chunked = client.post("/api/v1/key-checks", content=parts())

        assert (announced.status_code, chunked.status_code) == (413, 413)
        assert observatory_score(dict(chunked.headers)) >= 100
        odd = client.post("/api/v1/key-checks", content=b"{}", headers={"Content-Length": "-1"})
        assert odd.status_code == 413


BAD_BODIES = [
    {"key": CANARY, "unknown": CANARY},
    {"key": [CANARY]},
    {"key": {"nested": CANARY}},
    {"key": CANARY, "images": CANARY},
    {"key": CANARY, "images": [CANARY * 20]},
    {"key": CANARY * 200},
    {CANARY: CANARY},
    CANARY,
    [CANARY],
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: str(type(body)))
def test_a_wrong_body_is_never_repeated(body: object) -> None:
    """R-KEY-01, R-KEY-15, UI-06: the 422 names places, never values."""
    with browser(World().app()) as client:
        for method, path in (
            ("POST", "/api/v1/key-checks"),
            ("PUT", "/api/v1/projects/team-a/key"),
            ("POST", "/api/v1/projects/team-a/plans"),
        ):
            answer = client.request(method, path, json=body)

            assert answer.status_code == 422
            assert not leaks(answer.text, CANARY)


def test_what_is_no_json_is_never_repeated_either() -> None:
    """R-KEY-01."""
    with browser(World().app()) as client:
        answer = client.post("/api/v1/key-checks", content=f'{{"key": "{CANARY}'.encode())

        assert answer.status_code == 422
        assert not leaks(answer.text, CANARY)


@pytest.mark.parametrize(
    "project",
    [
        "..",
        "%2e%2e",
        "a%2fb",
        "a%3Fb",
        "team-a%2f..%2fteam-b",
        "Team",
        "a" * 64,
        "a%00",
        "a%0d%0ab",
    ],
)
def test_no_path_leaves_its_project(project: str) -> None:
    """S17: what is no name of a project is asked nothing with."""
    world = World()
    with browser(world.app()) as client:
        answer = client.get(f"/api/v1/projects/{project}/key")

        assert answer.status_code in (404, 422)
        assert world.cluster.calls == []
