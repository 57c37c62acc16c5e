"""For the kubelet: alive, and ready to serve."""

from fastapi import APIRouter
from starlette.responses import PlainTextResponse

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
@router.get("/readyz")
async def healthy() -> PlainTextResponse:
    """Answer; there is no state that could be wrong."""
    return PlainTextResponse("ok")
