"""The catalogue."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from odh_nim.web.packing import takes_gzip
from odh_nim.web.schemas import ModelsOut
from odh_nim.web.services import Given

router = APIRouter(tags=["models"])


@router.get(
    "/models",
    response_model=ModelsOut,
    responses={304: {"description": "As it was."}},
)
async def models(given: Given, request: Request) -> Response:
    """List the models of the catalogue in use; `If-None-Match` saves sending it again."""
    encoded = given.models.encode(await given.installation())
    headers = {"ETag": encoded.etag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == encoded.etag:
        return Response(status_code=304, headers=headers)
    packed = encoded.packed if takes_gzip(request.headers) else None
    if packed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(packed or encoded.body, media_type="application/json", headers=headers)
