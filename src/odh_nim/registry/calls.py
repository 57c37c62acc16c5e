"""Blocking requests in threads, with a total deadline that ends them.

A thread cannot be cancelled, and a server that sends one byte a second never runs into a read
timeout: so each call knows its connections, and the deadline closes them.
"""

import asyncio
import contextlib
import socket
import urllib.request
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from odh_nim.domain.address import ServiceAddress

_CONNECT: Final = 5.0
_READ: Final = 10.0
_LIMIT: Final = 256 * 1024
_HEADERS: Final = {"User-Agent": "odh-nim", "Accept-Encoding": "identity"}
_RETRIES: Final = urllib3.Retry(
    2,
    redirect=False,
    allowed_methods=("GET", "HEAD"),
    status_forcelist=(429, 502, 503, 504),
    backoff_factor=0.2,
    backoff_jitter=0.2,
    # A longer wait than this would end after the deadline: the answer is given as it is.
    respect_retry_after_header=False,
    raise_on_status=False,
    raise_on_redirect=False,
)


class RegistryFaultError(Exception):
    """There is no complete answer; the text says why, in plain words."""


@dataclass(frozen=True)
class Reply:
    """An answer of the registry."""

    status: int
    media_type: str
    challenge: str
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether it is a web page: of a proxy, not of a registry."""
        return self.media_type in ("text/html", "application/xhtml+xml")

    def describe(self) -> str:
        """Say in plain words what a status means that decides nothing."""
        if self.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return "the proxy asks for a login (407)"
        if self.status == HTTPStatus.TOO_MANY_REQUESTS:
            return "it is busy (429)"
        if HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            return f"it answered with a redirect ({self.status}), which is not followed"
        return f"it answered {self.status}"


@dataclass
class _Call:
    """One call's connections, and whether its time is over."""

    connections: list[HTTPConnection] = field(default_factory=list)
    over: bool = False

    def end(self) -> None:
        self.over = True
        for connection in self.connections:
            if connection.sock is not None:
                # Wakes the thread that reads from it.
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)


_call: ContextVar[_Call | None] = ContextVar("registry_call", default=None)


class _Watched(HTTPConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


class _WatchedTls(HTTPSConnection):
    def request(self, *args: Any, **kwargs: Any) -> None:
        _watch(self)
        super().request(*args, **kwargs)


def _watch(connection: HTTPConnection) -> None:
    call = _call.get()
    if call is None:
        return
    call.connections.append(connection)
    if call.over:
        raise TimeoutError


class Calls:
    """A connection pool to one address."""

    def __init__(self, address: ServiceAddress) -> None:
        self._url = address.url
        options: dict[str, Any] = {
            "timeout": urllib3.Timeout(connect=_CONNECT, read=_READ),
            "retries": _RETRIES,
            "maxsize": 16,
        }
        proxy = _proxy(address)
        self._pool = (
            urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        )
        self._pool.pool_classes_by_scheme = _POOLS

    def close(self) -> None:
        """Close every connection."""
        self._pool.clear()

    async def run(self, work: Callable[[], None], *, within: float) -> None:
        """Run blocking work in a thread; at the deadline its connections are closed.

        Raises:
            RegistryFaultError: The deadline passed.

        """
        call = _Call()
        token = _call.set(call)
        try:
            # The thread gets a copy of this context, and with it the call.
            task = asyncio.ensure_future(asyncio.to_thread(work))
        finally:
            _call.reset(token)
        try:
            async with asyncio.timeout(within):
                await asyncio.shield(task)
        except TimeoutError:
            raise RegistryFaultError(f"no answer within {within:g} s") from None
        finally:
            if not task.done():
                call.end()
                # Its outcome no longer counts, and an unread exception would be reported.
                task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def send(self, method: str, path: str, headers: dict[str, str]) -> Reply:
        """Send one request and read the answer.

        Raises:
            RegistryFaultError: There is no complete answer.

        """
        try:
            response = self._pool.request(
                method,
                self._url + path,
                headers=_HEADERS | headers,
                redirect=False,
                preload_content=False,
            )
            try:
                # The raw bytes: a packed answer was not asked for and could grow when unpacked.
                body = response.read(_LIMIT + 1, decode_content=False)
            finally:
                response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # `from None`: nothing of the request may travel with the error.
            raise RegistryFaultError(_cause(error)) from None
        if len(body) > _LIMIT:
            response.close()
            raise RegistryFaultError(f"its answer is larger than {_LIMIT // 1024} KiB")
        return Reply(
            response.status,
            response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
            response.headers.get("WWW-Authenticate", ""),
            body,
        )


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Watched


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedTls


_POOLS: Final = {"http": _Pool, "https": _TlsPool}


def _proxy(address: ServiceAddress) -> str | None:
    """Find the proxy for an address in the environment; this machine itself needs none."""
    if address.loopback or urllib.request.proxy_bypass(address.host):
        return None
    proxies = urllib.request.getproxies()
    return proxies.get("https") or proxies.get("all")


# In this order: some of the library's errors are of several kinds.
_CAUSES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (urllib3.exceptions.NameResolutionError, "its name cannot be resolved"),
    (urllib3.exceptions.SSLError, "its certificate cannot be trusted; check the clock and the CA"),
    (urllib3.exceptions.ProxyError, "the proxy refused the connection"),
    (urllib3.exceptions.NewConnectionError, "the connection was refused"),
    (urllib3.exceptions.TimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
)


def _cause(error: Exception) -> str:
    reason: BaseException = error
    while isinstance(inner := getattr(reason, "reason", None), BaseException):
        reason = inner
    if "407" in str(reason):
        return "the proxy asks for a login (407)"
    for kind, words in _CAUSES:
        if isinstance(reason, kind):
            return words
    return "the connection was cut before the answer was complete"
