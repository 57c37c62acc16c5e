"""The built page, held in memory: files by name, and the page itself for every other address.

They are read once, so a page that is built anew is served after a restart. Whoever takes gzip gets
it: the page's style sheets are a megabyte without.
"""

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from odh_nim.web.packing import pack, takes_gzip
from odh_nim.web.problems import problem

ASSETS: Final = "/assets/"
_INDEX: Final = "/index.html"
_YEAR: Final = "public, max-age=31536000, immutable"
_REVALIDATE: Final = "no-cache"
# Fonts are packed already.
_PACKED: Final = (".woff2", ".png", ".ico")
_NOT_THE_PAGE: Final = ("/api/", "/healthz", "/readyz")


@dataclass(frozen=True)
class PageFile:
    """One file, ready to be sent."""

    name: str
    body: bytes

    @cached_property
    def packed(self) -> bytes | None:
        """The content in gzip; None where that saves nothing."""
        return None if self.name.endswith(_PACKED) else pack(self.body)

    @cached_property
    def etag(self) -> str:
        """What tells this content from another."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def media_type(self) -> str:
        """What kind of content it is."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @property
    def keeping(self) -> str:
        """How long browsers keep it: names of assets hold a hash of their content."""
        return _YEAR if self.name.startswith(ASSETS) else _REVALIDATE


class PageFiles:
    """ASGI: answer for the page's addresses; all others are the application's."""

    def __init__(self, app: ASGIApp, folder: Path) -> None:
        self._app = app
        self._files = {file.name: file for file in _read(folder)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"].startswith(_NOT_THE_PAGE):
            await self._app(scope, receive, send)
            return
        answer = self._answer(scope["method"], scope["path"], Headers(scope=scope))
        await answer(scope, receive, send)

    def _answer(self, method: str, path: str, headers: Headers) -> Response:
        if method not in ("GET", "HEAD"):
            return problem(405, "method-not-allowed", "This address can only be read.")
        file = self._files.get(path)
        if file is None and path.startswith(ASSETS):
            return problem(
                404, "no-such-file", "The page has been renewed.", remedy="Load it again."
            )
        file = file or self._files.get(_INDEX)
        if file is None:
            return problem(
                503,
                "no-page",
                "The page is not built.",
                remedy="Run `make page`, or install a released package, which brings it.",
            )
        return _send(file, headers)


def _send(file: PageFile, headers: Headers) -> Response:
    given = {"Cache-Control": file.keeping, "ETag": file.etag, "Vary": "Accept-Encoding"}
    if headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=given)
    packed = file.packed if takes_gzip(headers) else None
    if packed is not None:
        given["Content-Encoding"] = "gzip"
    return Response(packed or file.body, media_type=file.media_type, headers=given)


def _read(folder: Path) -> Iterator[PageFile]:
    for path in sorted(folder.rglob("*")):
        # What begins with a dot is the builder's own.
        if path.is_file() and not path.name.startswith("."):
            yield PageFile(f"/{path.relative_to(folder).as_posix()}", path.read_bytes())
