"""Answers of the API for states that a cluster is slow or unwilling to be in."""

import json
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route

Change = Callable[[dict[str, Any]], None]

GOOD_KEY: dict[str, Any] = {
    "state": "valid",
    "notice": None,
    "message": "",
    "remedy": "",
    "notices": [],
    "pulls": [],
}


def answer(page: Page, path: str, body: Any, *, status: int = 200) -> None:
    """Answer a path of the API in the server's place."""
    kind = "application/json" if status < 400 else "application/problem+json"

    def fulfil(route: Route) -> None:
        route.fulfill(status=status, content_type=kind, body=json.dumps(body))

    page.route(f"**/api/v1{path}", fulfil)


def change(page: Page, path: str, edit: Change) -> None:
    """Let the server answer, and change what it said."""

    def fulfil(route: Route) -> None:
        response = route.fetch()
        body = response.json()
        edit(body)
        route.fulfill(response=response, body=json.dumps(body))

    page.route(f"**/api/v1{path}", fulfil)


def projects(page: Page, *names: str) -> None:
    """Let the caller deploy in these projects, whatever others there are."""
    items = [
        {"name": name, "displayName": name, "description": "", "canDeploy": True, "missing": []}
        for name in names
    ]
    answer(page, "/projects", {"items": items, "complete": True})


def hang(page: Page, path: str) -> None:
    """Never answer a path."""
    page.route(f"**/api/v1{path}", lambda _: None)


def problem(status: int, detail: str, remedy: str = "") -> dict[str, Any]:
    """A problem as the server words it."""
    return {
        "type": "urn:odh-nim:problem:test",
        "title": "Test",
        "status": status,
        "detail": detail,
        "remedy": remedy,
    }


def finding(severity: str, message: str, subject: str = "gpus") -> dict[str, str]:
    """A result of a check."""
    return {
        "severity": severity,
        "code": f"test-{severity}",
        "subject": subject,
        "message": message,
        "remedy": "Do this.",
    }


def row(name: str, **values: Any) -> dict[str, Any]:
    """One deployment of a list."""
    url = f"http://{name}-predictor.team-a.svc"
    return {
        "name": name,
        "project": "team-a",
        "displayName": f"The {name}",
        "model": "llama-3.1-8b-instruct",
        "tag": "1.8.3",
        "image": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.3",
        "status": "Ready",
        "phase": "ready",
        "message": "",
        "protocol": "http",
        "gpus": 1,
        "replicas": 1,
        "endpoints": [{"kind": "internal", "protocol": "http", "url": url, "note": ""}],
        "externalUrl": "",
        "keySecret": "nvidia-nim-secrets",
        "claim": f"{name}-weights",
        "createdAt": "2026-08-01T00:00:00Z",
        "requestId": "r-1",
        "managedBy": "odh-nim",
        "auth": False,
        "stopped": False,
        "hardwareProfile": "",
        **values,
    }


def details(name: str, **values: Any) -> dict[str, Any]:
    """Everything about one deployment that cannot pull its image."""
    phases = ("scheduling", "pulling image", "downloading weights", "loading model", "ready")
    states = ("done", "failed", "waiting", "waiting", "waiting")
    return {
        **row(name, status="Failed", phase="pulling image", message="The key was refused."),
        "description": "A description.",
        "phases": [
            {"name": phase, "state": state, "since": "2026-08-01T00:00:00Z", "message": ""}
            for phase, state in zip(phases, states, strict=True)
        ],
        "readyReplicas": 0,
        "wantedReplicas": 1,
        "pods": [
            {
                "name": f"{name}-predictor-1",
                "phase": "pulling image",
                "current": True,
                "ready": False,
                "restarts": 3,
                "node": "gpu-1",
                "startedAt": "2026-08-01T00:00:00Z",
            }
        ],
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "NotReady",
                "message": "x",
                "since": "2026-08-01T00:00:00Z",
            }
        ],
        "explanations": [
            {
                "code": "pull-401",
                "subject": f"Pod/{name}-predictor-1",
                "cause": "NVIDIA's registry does not accept the key.",
                "action": "Replace the project's key.",
                "raw": "401 Unauthorized",
                "fatal": True,
            }
        ],
        "key": {"kind": "project", "secret": "nvidia-nim-secrets", "pullSecrets": []},
        "objects": [{"kind": "InferenceService", "name": name}],
        "yaml": "kind: InferenceService\n",
        "resourceVersion": "1",
        "restartPending": True,
        "findings": [],
        **values,
    }


def listing(rows: list[dict[str, Any]], **values: Any) -> dict[str, Any]:
    """A list of deployments."""
    return {"items": rows, "incomplete": [], "orphanClaims": [], "errors": [], **values}


REMAINDER: dict[str, Any] = {
    "requestId": "r-9",
    "project": "team-a",
    "name": "half",
    "reason": "The server was stopped between two writes.",
    "objects": [{"kind": "PersistentVolumeClaim", "name": "half"}],
    "draft": dict.fromkeys(
        ("model", "tag", "image", "displayName", "protocol", "claim", "size", "storageClass",
         "accessMode")
    )
    | {"name": "half"},
}  # fmt: skip

SPECIFICATION: dict[str, Any] = {
    "name": "llama",
    "project": "team-a",
    "displayName": "Llama",
    "description": "",
    "model": "llama-3.1-8b-instruct",
    "image": "nvcr.io/nim/meta/llama-3.1-8b-instruct:1.8.3",
    "tag": "1.8.3",
    "tags": ["1.8.3"],
    "protocol": "http",
    "protocols": ["http", "grpc"],
    "gpus": 1,
    "cpu": "2",
    "memory": "8Gi",
    "replicas": 1,
    "key": "project",
    "strategy": "RollingUpdate",
    "env": [
        {"name": "LEVEL", "value": "info", "valueFrom": None, "hidden": False},
        {"name": "TOKEN", "value": None, "valueFrom": None, "hidden": True},
    ],
    "args": ["--a"],
    "claim": "llama-weights",
    "storageSize": "50Gi",
    "base": "0" * 32,
}
