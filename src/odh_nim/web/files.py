"""The built page: its files by name, and the page itself for every address that is not a file."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from odh_nim.web.problems import problem

_YEAR: Final = "public, max-age=31536000, immutable"


class _Assets(StaticFiles):
    """Files whose names hold a hash of their content: kept by browsers for ever."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on
        response.headers["Cache-Control"] = _YEAR
        return response


def serve_page(app: FastAPI, folder: Path) -> None:
    """Add the page's files and addresses to the API."""
    index = folder / "index.html"
    if (folder / "assets").is_dir():
        app.mount("/assets", _Assets(directory=folder / "assets"))

    @app.get("/{path:path}", include_in_schema=False)
    async def page(path: str) -> Response:
        if path.startswith("api/"):
            return problem(404, "no-such-route", "There is no such route.")
        file = folder / "favicon.svg"
        if path == "favicon.svg" and file.is_file():
            return FileResponse(file)
        if not index.is_file():
            return problem(
                503,
                "no-page",
                "The page is not built.",
                remedy="Run `make page`, or install a released package, which brings it.",
            )
        return FileResponse(index, headers={"Cache-Control": "no-cache"})
