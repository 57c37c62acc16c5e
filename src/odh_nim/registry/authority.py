"""Who we are to one registry: basic logins, and bearer tokens that are renewed in time.

The first place that a registry names for tokens is kept. NVIDIA's registry names another one once
a token has expired, which then refuses; and a place named later could be anybody's.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlencode, urlsplit

import urllib3

from odh_nim.domain.errors import RegistryRefusedError
from odh_nim.registry.endpoint import Endpoint, is_loopback
from odh_nim.registry.logins import Login
from odh_nim.registry.patience import CutError
from odh_nim.registry.wire import Reply

_FIELD: Final = re.compile(r'([a-zA-Z_]+)="((?:[^"\\]|\\.)*)"')
# The token specification: this long where nothing is said.
_DEFAULT_LIFE: Final = 60.0
_OK: Final = 200
_REFUSED: Final = (400, 401, 402, 403, 404)


@dataclass(frozen=True)
class Scope:
    """What a request may do: pull, or pull and push, in some repositories."""

    repository: str
    push: bool = False
    # A mount reads from a second repository.
    also: str = ""

    def words(self) -> list[str]:
        """Write it as the token service wants it."""
        actions = "pull,push" if self.push else "pull"
        scopes = [f"repository:{self.repository}:{actions}"] if self.repository else []
        return [*scopes, f"repository:{self.also}:pull"] if self.also else scopes


class Exchange(Protocol):
    """Sends one request."""

    def __call__(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None = None
    ) -> Reply:
        """Give the answer."""


@dataclass(frozen=True)
class _Token:
    value: str
    renew_at: float

    @property
    def header(self) -> str:
        """The header that carries it."""
        return f"Bearer {self.value}"


class Authority:
    """Gives the Authorization header of each request to one registry."""

    def __init__(
        self,
        endpoint: Endpoint,
        find_login: Callable[[str, str], Login | None],
        exchange: Exchange,
    ) -> None:
        self._endpoint = endpoint
        self._find_login = find_login
        self._exchange = exchange
        self._scheme = ""
        self._realm = ""
        self._service = ""
        self._tokens: dict[Scope, _Token] = {}
        # One thread asks for a token, the others wait for it.
        self._lock = threading.Lock()

    def header(self, scope: Scope) -> dict[str, str]:
        """Give the header for a request; empty until the registry has asked for a login.

        Raises:
            RegistryRefusedError: The login was refused.
            CutError: The token service did not answer.

        """
        if self._scheme == "basic":
            login = self._login(scope)
            return _basic(login) if login else {}
        if self._scheme != "bearer":
            return {}
        with self._lock:
            token = self._tokens.get(scope)
            if token is None or time.monotonic() >= token.renew_at:
                token = self._tokens[scope] = self._fetch(scope)
        return {"Authorization": token.header}

    def challenged(self, challenge: str, scope: Scope, sent: str) -> bool:
        """Learn from a 401; says whether the request can be sent again with more than before.

        `sent` is the Authorization header that was refused: other threads may have learnt how to
        log in, or have renewed the token, while this request was on its way.
        """
        with self._lock:
            if not self._scheme:
                self._learn(challenge)
            elif self._scheme == "bearer" and sent:
                self._drop(scope, sent)
                return True
            elif sent:
                return False
            return self._scheme == "bearer" or (
                self._scheme == "basic" and self._login(scope) is not None
            )

    def forget(self, scope: Scope) -> None:
        """Drop a token that was refused; the next request gets a new one."""
        with self._lock:
            self._tokens.pop(scope, None)

    def _drop(self, scope: Scope, sent: str) -> None:
        known = self._tokens.get(scope)
        if known is not None and known.header == sent:
            del self._tokens[scope]

    def _learn(self, challenge: str) -> None:
        lowered = challenge.lower()
        if "bearer" in lowered:
            fields = dict(_FIELD.findall(challenge))
            if self._may_ask(fields.get("realm", "")):
                self._realm, self._service = fields["realm"], fields.get("service", "")
                self._scheme = "bearer"
        elif "basic" in lowered:
            self._scheme = "basic"

    def _may_ask(self, realm: str) -> bool:
        parts = urlsplit(realm)
        if not parts.hostname or parts.username is not None:
            return False
        # A registry over TLS must not send a login out in plain text.
        return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))

    def _login(self, scope: Scope) -> Login | None:
        if not self._endpoint.may_send_login:
            return None
        return self._find_login(self._endpoint.host, scope.repository)

    def _fetch(self, scope: Scope) -> _Token:
        login = self._login(scope)
        asked_at = time.monotonic()
        with self._ask(scope, login) as reply:
            if reply.status in _REFUSED:
                raise RegistryRefusedError(
                    self._endpoint.host,
                    f"log in for {scope.repository or 'it'}",
                    self._refusal(login),
                    status=reply.status if reply.status != 404 else 401,  # noqa: PLR2004 - HTTP
                )
            if reply.status != _OK:
                raise reply.as_cut()
            return _token(reply.body(), asked_at)

    def _refusal(self, login: Login | None) -> str:
        if login:
            return "the login was refused"
        if not self._endpoint.may_send_login:
            return "it wants a login, and none is sent over a connection without TLS"
        return "it wants a login, and none is known"

    def _ask(self, scope: Scope, login: Login | None) -> Reply:
        fields: list[tuple[str, str]] = [("service", self._service)] if self._service else []
        words = scope.words()
        if login and login.refresh_token:
            form = [*fields, ("scope", " ".join(words)), ("grant_type", "refresh_token")]
            form += [("client_id", "odh-nim"), ("refresh_token", login.refresh_token)]
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return self._exchange("POST", self._realm, headers, urlencode(form).encode())
        if login:
            fields.append(("account", login.username))
        fields += [("scope", word) for word in words]
        mark = "&" if urlsplit(self._realm).query else "?"
        url = f"{self._realm}{mark}{urlencode(fields)}" if fields else self._realm
        return self._exchange("GET", url, _basic(login) if login else {})


def _basic(login: Login) -> dict[str, str]:
    made = urllib3.make_headers(basic_auth=f"{login.username}:{login.password}")
    return {"Authorization": made["authorization"]}


def _token(body: bytes, asked_at: float) -> _Token:
    try:
        document = json.loads(body)
        value = document.get("token") or document.get("access_token")
        life = float(document.get("expires_in") or _DEFAULT_LIFE)
    except (ValueError, TypeError, AttributeError, RecursionError):
        value, life = None, 0.0
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise CutError("its token cannot be used")
    # Renewed with a fifth of its life left: a request that is on its way must still find it good.
    return _Token(value, asked_at + life - min(30.0, life / 5))
