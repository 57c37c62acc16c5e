"""What every answer carries, and what no request may do.

The page's own files are all it may load; a request that changes something must come from the page
itself; and a body is small.
"""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from odh_nim.web.identity import API
from odh_nim.web.problems import problem

MAX_BODY: Final = 64 * 1024
BODY_SECONDS: Final = 15.0
# A custom header: another site's page cannot send it without asking first, and is told no.
REQUESTED_BY: Final = "X-Odh-Nim"
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_POLICY: Final = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "manifest-src 'self'; "
    "base-uri 'none'; "
    "form-action 'self'; "
    "object-src 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS: Final = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def policy(frame_ancestors: str = "'none'") -> str:
    """Give the Content-Security-Policy; a console may be allowed to show the page in a frame."""
    return f"{_POLICY}; frame-ancestors {frame_ancestors}"


class SecurityHeaders:
    """ASGI: put the headers on every answer, errors and files included."""

    def __init__(self, app: ASGIApp, *, frame_ancestors: str = "'none'") -> None:
        self._app = app
        self._headers = _HEADERS | {"Content-Security-Policy": policy(frame_ancestors)}
        if frame_ancestors == "'none'":
            self._headers["X-Frame-Options"] = "DENY"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                if scope["path"].startswith(API):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self._app(scope, receive, with_headers)


class SameOrigin:
    """ASGI: refuse what another site's page could make a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of our own page, or one that changes nothing."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http" and (refusal := _foreign(scope)) is not None:
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _foreign(scope: Scope) -> Response | None:
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if scope["method"] in _SAFE:
        # Reading answers of the API is for the page alone; opening the page is for everybody.
        foreign = scope["path"].startswith(API) and site in ("cross-site", "same-site")
        return _refused("this is another site's page") if foreign else None
    if headers.get(REQUESTED_BY) is None:
        return _refused(f"the header {REQUESTED_BY} is missing")
    if site not in (None, "same-origin", "none"):
        return _refused("this is another site's page")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != headers.get("host"):
        return _refused("its origin is another one")
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if has_body and kind != "application/json":
        return problem(415, "not-json", "Only application/json is read.")
    return None


def _refused(reason: str) -> Response:
    return problem(403, "cross-site", f"Refused: {reason}.")


class BodyLimit:
    """ASGI: stop reading a body that is too large, announced or not, or that never ends."""

    def __init__(
        self, app: ASGIApp, *, limit: int = MAX_BODY, seconds: float = BODY_SECONDS
    ) -> None:
        self._app = app
        self._limit = limit
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "0")
        if not announced.isascii() or not announced.isdigit() or int(announced) > self._limit:
            await self._too_large()(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _limited(self, receive: Receive) -> Receive:
        read, complete = 0, False
        end = asyncio.get_running_loop().time() + self._seconds

        async def limited() -> Message:
            nonlocal read, complete
            if complete:
                # Only whether the client is still there is asked now.
                return await receive()
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                complete = not message.get("more_body", False)
            if read > self._limit:
                raise HTTPException(413)
            return message

        return limited

    def _too_large(self) -> Response:
        return problem(413, "too-large", f"A request has at most {self._limit} bytes.")
