"""Who a request comes from: decided here, once, before any route runs.

In a cluster an authenticating proxy in the same pod passes the caller's token in one header; the
server listens on loopback, so nobody else can. On a laptop the kubeconfig's own credentials are
used, and a cookie proves that the browser was started by the person at the machine. Nothing else
names a caller: a header with a user's name is ignored, and a token is never looked into.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from odh_nim.cluster import Identity, use_identity
from odh_nim.domain.errors import InputError
from odh_nim.web.problems import problem

API: Final = "/api/"
START: Final = "/start"
_COOKIE: Final = "odh-nim-session"
_BEARER: Final = "bearer "
_USED: Final = "This address was used already."
_NEW_ADDRESS: Final = (
    "Run `odh-nim ui` again, or in a sandbox `odh-nim sandbox status`, and open the address it "
    "prints."
)


class Mode(StrEnum):
    """Where the server runs."""

    HEADER = "header"
    LOCAL = "local"


def _random() -> str:
    return secrets.token_urlsafe(32)


@dataclass
class LocalSession:
    """The browser of a laptop: a ticket that is used once, then a cookie.

    `cookie_name` tells servers of one machine apart: browsers send cookies to every port.
    `renewed` gets the next ticket whenever one was used; without it there is only the first.
    """

    ticket: str | None = field(default_factory=_random, repr=False)
    cookie: str = field(default_factory=_random, repr=False)
    cookie_name: str = _COOKIE
    renewed: Callable[[str], None] | None = None

    def redeem(self, ticket: str) -> bool:
        """Take a ticket; a second try with the same one fails."""
        good = self.ticket is not None and hmac.compare_digest(
            ticket.encode(), self.ticket.encode()
        )
        if good:
            self.ticket = None
            if self.renewed is not None:
                self.ticket = _random()
                self.renewed(self.ticket)
        return good

    def knows(self, cookie: str) -> bool:
        """Whether a request carries this session's cookie."""
        return hmac.compare_digest(cookie.encode(), self.cookie.encode())


class HeaderIdentity:
    """ASGI: take the caller's token from the proxy's header; without one there is no API."""

    def __init__(self, app: ASGIApp, *, header: str) -> None:
        self._app = app
        self._header = header

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request as its caller."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        identity = self._identity(Headers(scope=scope))
        if isinstance(identity, Response):
            await identity(scope, receive, send)
            return
        with use_identity(identity):
            await self._app(scope, receive, send)

    def _identity(self, headers: Headers) -> Identity | Response:
        values = headers.getlist(self._header)
        # Twice means that somebody else than the proxy has added one.
        if len(values) != 1:
            return _nobody("You are not logged in.")
        value = values[0]
        if self._header.lower() == "authorization":
            if not value.lower().startswith(_BEARER):
                return _nobody("You are not logged in.")
            value = value[len(_BEARER) :].strip()
        try:
            return Identity(token=value)
        except InputError:
            return _nobody("The token cannot be used.")


class LocalIdentity:
    """ASGI: let in the browser that came with the ticket, under the name it was told."""

    def __init__(self, app: ASGIApp, *, session: LocalSession, hosts: frozenset[str]) -> None:
        self._app = app
        self._session = session
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of the one browser."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._judge(scope, Headers(scope=scope))
        await (answer or self._app)(scope, receive, send)

    def _judge(self, scope: Scope, headers: Headers) -> Response | None:
        # A page of somebody else's whose name now resolves to this machine sends its own name.
        if headers.get("host", "") not in self._hosts:
            return problem(421, "wrong-host", "This server answers under another name.")
        if scope["path"] == START:
            return self._start(scope, headers)
        if scope["path"].startswith(API) and not self._is_known(headers):
            return _nobody("This browser is not the one that was started.", remedy=_NEW_ADDRESS)
        return None

    def _is_known(self, headers: Headers) -> bool:
        return self._session.knows(_cookie(headers, self._session.cookie_name))

    def _start(self, scope: Scope, headers: Headers) -> Response:
        ticket = parse_qs(scope["query_string"].decode("ascii", "replace")).get("ticket", [""])[0]
        answer = RedirectResponse("/", status_code=303)
        if self._is_known(headers):
            # The same browser once more: its address still stands in the terminal.
            return answer
        if not self._session.redeem(ticket):
            if "text/html" in headers.get("accept", ""):
                # A person reads it, before there is a page.
                return PlainTextResponse(f"{_USED} {_NEW_ADDRESS}\n", status_code=401)
            return _nobody(_USED, remedy=_NEW_ADDRESS)
        session = self._session
        answer.set_cookie(
            session.cookie_name, session.cookie, httponly=True, samesite="strict", path="/"
        )
        return answer


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _nobody(detail: str, *, remedy: str = "Log in again; what you filled in is kept.") -> Response:
    return problem(401, "unauthorized", detail, remedy=remedy)
