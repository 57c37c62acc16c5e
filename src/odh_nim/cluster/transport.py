"""Sends one request: pools, deadlines, a cap on the answer, no redirects.

What comes back is an `Answer` or an `UnreachableError`. The HTTP/1.1 below is our own: a command
that asks three questions would spend most of its time on loading a library
(`docs/adr/0009-own-http-for-the-api-server.md`).
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from odh_nim.cluster.call import Answer, Call
from odh_nim.cluster.config import ClientCertificate, ConnectionConfig, parse_server
from odh_nim.cluster.credentials import Credentials, Login, credentials_of
from odh_nim.cluster.http_connection import Endpoint
from odh_nim.cluster.http_pool import HttpFault, Pool, Response, Waits
from odh_nim.cluster.http_wire import WireError, build_head
from odh_nim.cluster.identity import Identity
from odh_nim.cluster.retry import retry_after
from odh_nim.cluster.tls import build_context
from odh_nim.domain.errors import (
    ClusterError,
    UnauthorizedError,
    UnclearReplyError,
    UnreachableError,
    printable,
)

_log = logging.getLogger(__name__)

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
        self._pools: dict[ClientCertificate | None, Pool] = {}
        self._address = parse_server(config.server)

    async def close(self) -> None:
        """Close every connection."""
        pools, self._pools = self._pools, {}
        await asyncio.gather(*(pool.close() for pool in pools.values()))

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

    async def read_error(self, response: Response, call: Call) -> Answer:
        """Read an answer that is no success, of which only the sentence counts."""
        return _answer(response, await self._read(response, call))

    @asynccontextmanager
    async def stream(
        self, call: Call, *, login: Login, identity: Identity | None, silence: float | None = None
    ) -> AsyncIterator[Response]:
        """Open an answer that is read bit by bit; `silence` is the longest wait for a bit.

        Raises:
            UnreachableError: Nothing was sent.
            UnclearReplyError: The connection was cut.

        """
        started = time.monotonic()
        waits = Waits(self._timeouts.connect, silence or self._timeouts.read)
        head = self._head(call, login, identity)
        try:
            async with self._pool(login.certificate).request(head, call.body, waits) as response:
                _write_log(call, response, started)
                yield response
        except HttpFault as fault:
            raise self._error(call, fault) from None

    def _error(self, call: Call, fault: HttpFault) -> ClusterError:
        cause = f"{self._config.host}: {fault.cause}."
        _log.debug("%s %s failed: %s", call.method, call.path, cause)
        if fault.sent:
            return CutError(call.operation, cause)
        kind = TransientError if fault.may_pass else UnreachableError
        return kind(call.operation, cause, remedy="Is the cluster running, and the address right?")

    async def _read(self, response: Response, call: Call) -> bytes:
        body = bytearray()
        async with aclosing(response.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > call.limit:
                    kind = UnclearReplyError if call.stores else UnreachableError
                    cause = f"the answer is larger than {call.limit // _KIB} KiB."
                    raise kind(call.operation, cause)
        return bytes(body)

    def _head(self, call: Call, login: Login, identity: Identity | None) -> bytes:
        target = f"{self._address.path.rstrip('/')}{call.path}"
        if call.params:
            target = f"{target}?{urlencode(call.params)}"
        # With a port that is not the scheme's own, as browsers and Go write it.
        host = self._address.netloc
        try:
            return build_head(call.method, target, host, self._headers(call, login, identity))
        except WireError as error:
            raise UnreachableError(call.operation, f"{error}.") from None

    def _headers(
        self, call: Call, login: Login, identity: Identity | None
    ) -> list[tuple[bytes, bytes]]:
        headers = [
            (b"accept", call.accept.encode()),
            # On this machine packing costs more than it saves.
            (b"accept-encoding", b"identity" if self._config.loopback else b"gzip"),
            (b"user-agent", b"odh-nim"),
        ]
        if call.body is not None:
            headers.append((b"content-type", call.content_type.encode()))
            headers.append((b"content-length", str(len(call.body)).encode()))
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

    def _pool(self, certificate: ClientCertificate | None) -> Pool:
        pool = self._pools.get(certificate)
        if pool is None:
            pool = self._pools[certificate] = Pool(self._endpoint(certificate))
        return pool

    def _endpoint(self, certificate: ClientCertificate | None) -> Endpoint:
        config = self._config
        # Plain http exists on this machine only.
        tls = None if self._address.scheme == "http" else build_context(config, certificate)
        return Endpoint.of(
            self._address, tls, server_name=config.tls_server_name, proxy=config.proxy
        )


def _answer(response: Response, body: bytes) -> Answer:
    return Answer(
        response.status,
        response.header("content-type").partition(";")[0].strip().lower(),
        retry_after(response.header("retry-after")),
        body,
    )


def _write_log(call: Call, response: Response, started: float) -> None:
    if not _log.isEnabledFor(logging.DEBUG):
        return
    _log.debug(
        "%s %s %d %.0f ms %s",
        call.method,
        call.path,
        response.status,
        (time.monotonic() - started) * 1000,
        printable(response.header("audit-id", "-")),
    )
