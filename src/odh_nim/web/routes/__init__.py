"""The routes below /api/v1, one module an area."""

from typing import Any, Final

from fastapi import FastAPI

from odh_nim.web.problems import PROBLEM
from odh_nim.web.routes import (
    changes,
    cluster,
    deploy,
    deployments,
    health,
    keys,
    live,
    models,
    session,
)
from odh_nim.web.schemas import ProblemOut

_AREAS: Final = (session, models, keys, deploy, deployments, changes, live, cluster)
_PROBLEM: Final[dict[str, Any]] = {
    "description": "A problem, as RFC 9457 describes it.",
    "content": {PROBLEM: {"schema": {"$ref": f"#/components/schemas/{ProblemOut.__name__}"}}},
}


def include_routes(app: FastAPI) -> None:
    """Add every route."""
    app.include_router(health.router)
    for area in _AREAS:
        # Straight into the application: each router between would build every route once more.
        app.include_router(
            area.router, prefix="/api/v1", responses={"default": _PROBLEM, 422: _PROBLEM}
        )
