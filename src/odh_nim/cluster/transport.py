"""Sends one request: pools, deadlines, a cap on the answer, no redirects.

What comes back is an `Answer` or an `UnreachableError`; no exception of the HTTP library, which
could carry a header, leaves this module.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final

import httpx2

from odh_nim.cluster.call import Answer, Call
from odh_nim.cluster.config import ClientCertificate, ConnectionConfig
from odh_nim.cluster.credentials import Credentials, Login, credentials_of
from odh_nim.cluster.faults import fault_cause, may_pass, nothing_sent
from odh_nim.cluster.identity import Identity
from odh_nim.cluster.retry import retry_after
from odh_nim.cluster.tls import build_context
from odh_nim.domain.errors import (
    ClusterError,
    KubeconfigError,
    UnauthorizedError,
    UnclearReplyError,
    UnreachableError,
    printable,
)

_log = logging.getLogger(__name__)

# Their debug records hold headers, and one of ours is the caller's token.
for _name in ("httpx2", "httpcore2", "hpack"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_CONNECTIONS: Final = httpx2.Limits(
    max_connections=None, max_keepalive_connections=64, keepalive_expiry=60
)
_KIB: Final = 1024


@dataclass(frozen=True)
class Timeouts:
    """Deadlines in seconds; the total ones include every retry and every slow byte."""

    connect: float = 5
    read: float = 25
    operation: float = 30
    # All pages together.
    listing: float = 120
    # Bookmarks come about once a minute, so silence of this length means a dead connection.
    watch_silence: float = 90
    # How long a watch keeps looking for a server that is gone.
    watch_outage: float = 300
    # A container may be silent for long.
    log_silence: float = 3600


class TransientError(UnreachableError):
    """Nothing was sent, and another try may help."""


class CutError(UnclearReplyError):
    """Sent, but no complete answer; another try may help where it does no harm."""


class Transport:
    """The connection pools to one API server."""

    def __init__(
        self,
        config: ConnectionConfig,
        timeouts: Timeouts,
        *,
        credentials: Credentials | None = None,
    ) -> None:
        self._config = config
        self._timeouts = timeouts
        self.credentials = credentials or credentials_of(config)
        # By certificate: a request of a foreign identity must never travel on a connection that
        # has shown ours.
        self._pools: dict[ClientCertificate | None, httpx2.AsyncClient] = {}

    async def close(self) -> None:
        """Close every connection."""
        pools, self._pools = self._pools, {}
        await asyncio.gather(*(pool.aclose() for pool in pools.values()))

    async def login(self, identity: Identity | None, operation: str) -> Login:
        """Pick what a request logs in with.

        Raises:
            UnauthorizedError: Nobody is named, and this connection has no credentials of its own.

        """
        if identity is not None and identity.token is not None:
            return Login(token=identity.token)
        if self._config.identity_required:
            raise UnauthorizedError(operation, "nobody is logged in.", remedy="Log in.")
        return await self.credentials.login()

    async def send(
        self, call: Call, *, login: Login, identity: Identity | None, within: float
    ) -> Answer:
        """Send once and read the whole answer.

        Raises:
            UnreachableError: Nothing was sent.
            UnclearReplyError: Sent, but there is no complete answer.

        """
        try:
            async with (
                asyncio.timeout(within),
                self.stream(call, login=login, identity=identity) as response,
            ):
                body = await self._read(response, call)
        except TimeoutError:
            raise CutError(call.operation, f"no answer within {within:.0f} s.") from None
        return _answer(response, body)

    async def read_error(self, response: httpx2.Response, call: Call) -> Answer:
        """Read an answer that is no success, of which only the sentence counts."""
        return _answer(response, await self._read(response, call))

    @asynccontextmanager
    async def stream(
        self, call: Call, *, login: Login, identity: Identity | None, silence: float | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Open an answer that is read bit by bit; `silence` is the longest wait for a bit.

        Raises:
            UnreachableError: Nothing was sent.
            UnclearReplyError: The connection was cut.

        """
        started = time.monotonic()
        status = 0
        try:
            request = self._pool(login.certificate).stream(
                call.method,
                call.path,
                params=list(call.params) or None,
                headers=self._headers(call, login, identity),
                content=call.body,
                timeout=httpx2.Timeout(
                    silence or self._timeouts.read, connect=self._timeouts.connect
                ),
                extensions=self._extensions(),
            )
            async with request as response:
                status = response.status_code
                _write_log(call, response, started)
                yield response
        except httpx2.RequestError as error:
            # `from None`: the library's error holds the request with its headers.
            raise self._fault(call, error) from None
        except (httpx2.InvalidURL, httpx2.StreamError, ValueError) as error:
            if status:
                raise
            raise UnreachableError(call.operation, f"{printable(str(error))}.") from None

    def _fault(self, call: Call, error: httpx2.RequestError) -> ClusterError:
        cause = f"{self._config.host}: {fault_cause(error)}."
        _log.debug("%s %s failed: %s", call.method, call.path, cause)
        if not nothing_sent(error):
            return CutError(call.operation, cause)
        kind = TransientError if may_pass(error) else UnreachableError
        return kind(call.operation, cause, remedy="Is the cluster running, and the address right?")

    async def _read(self, response: httpx2.Response, call: Call) -> bytes:
        body = bytearray()
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > call.limit:
                kind = UnclearReplyError if call.stores else UnreachableError
                raise kind(call.operation, f"the answer is larger than {call.limit // _KIB} KiB.")
        return bytes(body)

    def _headers(
        self, call: Call, login: Login, identity: Identity | None
    ) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"accept", b"application/json"),
            # On this machine packing costs more than it saves.
            (b"accept-encoding", b"identity" if self._config.loopback else b"gzip"),
            (b"user-agent", b"odh-nim"),
        ]
        if call.body is not None:
            headers.append((b"content-type", call.content_type.encode()))
        if login.token is not None:
            headers.append((b"authorization", b"Bearer " + login.token.encode("ascii")))
        user, groups = self._impersonated(identity)
        if user:
            headers.append((b"impersonate-user", user.encode()))
            headers.extend((b"impersonate-group", group.encode()) for group in groups)
        return headers

    def _impersonated(self, identity: Identity | None) -> tuple[str | None, tuple[str, ...]]:
        if identity is not None:
            return identity.user, identity.groups
        return self._config.as_user, self._config.as_groups

    def _extensions(self) -> dict[str, str]:
        name = self._config.tls_server_name
        return {"sni_hostname": name} if name else {}

    def _pool(self, certificate: ClientCertificate | None) -> httpx2.AsyncClient:
        pool = self._pools.get(certificate)
        if pool is None:
            pool = self._pools[certificate] = self._open(certificate)
        return pool

    def _open(self, certificate: ClientCertificate | None) -> httpx2.AsyncClient:
        config = self._config
        plain = config.server.startswith("http:")
        try:
            return httpx2.AsyncClient(
                base_url=config.server,
                verify=False if plain else build_context(config, certificate),
                proxy=config.proxy,
                # The proxy is decided already; netrc and certificate variables never count.
                trust_env=False,
                follow_redirects=False,
                limits=_CONNECTIONS,
                # A cookie that one caller is given must not travel with another's request.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        except (ValueError, ImportError, httpx2.InvalidURL):
            # Not repeated: it may hold a login.
            raise KubeconfigError("The proxy's address cannot be used.") from None


def _answer(response: httpx2.Response, body: bytes) -> Answer:
    return Answer(
        response.status_code,
        response.headers.get("content-type", "").partition(";")[0].strip().lower(),
        retry_after(response.headers.get("retry-after", "")),
        body,
    )


def _write_log(call: Call, response: httpx2.Response, started: float) -> None:
    _log.debug(
        "%s %s %d %.0f ms %s",
        call.method,
        call.path,
        response.status_code,
        (time.monotonic() - started) * 1000,
        printable(response.headers.get("audit-id", "-")),
    )
