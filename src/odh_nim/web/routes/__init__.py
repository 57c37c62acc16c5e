"""The routes below /api/v1, one module an area."""

from fastapi import APIRouter, FastAPI

from odh_nim.web.routes import health


def include_routes(app: FastAPI) -> None:
    """Add every route."""
    app.include_router(health.router)
    api = APIRouter(prefix="/api/v1")
    app.include_router(api)
