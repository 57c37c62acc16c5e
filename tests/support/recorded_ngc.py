"""Answers of NVIDIA's API as they were recorded, served over loopback.

The records stand beside the checkout, not in it: they hold NVIDIA's texts. Tests that need them
are skipped with a reason where they are not.
"""

import json
import math
from pathlib import Path
from typing import Any, Final

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

RECORDS: Final = Path(__file__).parents[3] / "shared" / "data" / "ngc"
REAL: Final = RECORDS / "real"

needs_records = pytest.mark.skipif(
    not RECORDS.is_dir(), reason=f"the recorded answers are not there: {RECORDS}"
)


def read_lines(name: str) -> list[Any]:
    return [json.loads(line) for line in (RECORDS / name).read_text("utf-8").splitlines()]


class RecordedNgc:
    """The API of the records; `in_europe` gives the EU's answers, `extra` adds odd models."""

    def __init__(self, *extra: Any, in_europe: bool = False, page_size: int = 1000) -> None:
        self.records = {each["path"]: each for each in [*read_lines("models.jsonl"), *extra]}
        self.resources = read_lines("catalog/resources.jsonl") + [_listed(each) for each in extra]
        self.params = json.loads((RECORDS / "catalog" / "params.json").read_text("utf-8"))
        self.in_europe = in_europe
        self.page_size = page_size

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v2/search/catalog/resources/CONTAINER", self.search),
                Route("/v3/keys/get-caller-info", self.caller_info, methods=["POST"]),
                Route("/v2/org/{rest:path}", self.model),
            ]
        )

    async def search(self, request: Request) -> Response:
        page = json.loads(request.query_params["q"])["page"]
        part = self.resources[page * self.page_size : (page + 1) * self.page_size]
        return JSONResponse(
            {
                "resultTotal": len(self.resources),
                "resultPageTotal": math.ceil(len(self.resources) / self.page_size),
                "params": self.params | {"page": page, "pageSize": self.page_size},
                "results": [
                    {"groupValue": "_scored", "totalCount": len(part), "resources": part[:3]},
                    {"groupValue": "CONTAINER", "totalCount": len(part), "resources": part},
                ],
            }
        )

    async def caller_info(self, _: Request) -> Response:
        cases = json.loads((RECORDS / "caller_info.json").read_text("utf-8"))["cases"]
        return JSONResponse(next(each for each in cases if each["status"] == 200)["body"])

    async def model(self, request: Request) -> Response:
        record = self.records[request.url.path]
        status = record.get("status_in_eu", 200) if self.in_europe else record["status"]
        if status != 200:
            return Response(status_code=status)
        return JSONResponse(record["body"])


def _listed(record: dict[str, Any]) -> dict[str, Any]:
    """List an odd model, as the list would show it."""
    body = record.get("body") or {}
    latest = body.get("latestTag") or next(iter(body.get("tags") or ()), "1.0.0")
    org, team, name = record["path"].removeprefix("/v2/org/").replace("/team", "").split("/", 2)
    return {
        "resourceId": f"{org}/{team}/{name.removeprefix('repos/')}",
        "name": name.removeprefix("repos/"),
        "attributes": [{"key": "latestTag", "value": latest}],
    }
