"""The catalogue."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from odh_nim.web.schemas import ModelsOut
from odh_nim.web.services import Given

router = APIRouter(tags=["models"])


@router.get("/models", response_model=ModelsOut)
async def models(given: Given, request: Request) -> Response:
    """List the models of the catalogue in use."""
    raise NotImplementedError
