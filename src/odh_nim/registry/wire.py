"""One exchange with a registry over urllib3: no retry, no redirect, plain words for faults."""

import contextlib
import email.utils
import json
import socket
import ssl
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from odh_nim.registry.endpoint import proxy_for, proxy_login
from odh_nim.registry.patience import CutError, Patience

# Large enough for few system calls, small enough that a slow line moves one within the stall time.
PIECE: Final = 256 * 1024
# A manifest is at most 4 MiB by the specification; nothing else is read whole.
_LIMIT: Final = 8 * 1024 * 1024
_HEADERS: Final = {"User-Agent": "odh-nim", "Accept-Encoding": "identity"}
_BUSY: Final = (408, 429, 500, 502, 503, 504)

Body = bytes | Iterable[bytes]


@dataclass(frozen=True)
class Reply:
    """An answer: read whole, or by `pieces`. Left early, its connection is closed."""

    response: urllib3.BaseHTTPResponse
    url: str

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # An unread body would poison the next exchange on this connection.
        if error is not None or not self._is_read():
            self.response.close()
        self.response.release_conn()

    def _is_read(self) -> bool:
        """Read the little that may be left; more is not worth it."""
        left = self.response.length_remaining
        # Also with nothing left: only a read that finds the end closes the answer.
        if left is None or left <= PIECE:
            with contextlib.suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
                self.response.read(PIECE + 1, decode_content=False)
                return self.response.closed
        return False

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status

    def header(self, name: str) -> str:
        """Read a header; empty where there is none."""
        return self.response.headers.get(name, "")

    @property
    def media_type(self) -> str:
        """The type without its parameters."""
        return self.header("Content-Type").partition(";")[0].strip().lower()

    @property
    def busy(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in _BUSY

    def as_cut(self) -> CutError:
        """Describe a busy answer as a fault that may be tried again."""
        return CutError(f"it answered {self.status}", after=_seconds(self.header("Retry-After")))

    def body(self) -> bytes:
        """Read a small answer whole.

        Raises:
            CutError: It did not come whole, or is larger than any manifest.

        """
        content = b"".join(self.pieces(_LIMIT + 1))
        if len(content) > _LIMIT:
            raise CutError(f"its answer is larger than {_LIMIT // 2**20} MiB")
        return content

    def pieces(self, most: int) -> Iterator[bytes]:
        """Read at most so many bytes, piece by piece.

        Raises:
            CutError: The connection broke, or nothing came for the stall time.

        """
        left = most
        while left > 0:
            try:
                # The raw bytes: a packed answer was not asked for and could grow when unpacked.
                piece = self.response.read(min(PIECE, left), decode_content=False)
            except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                raise CutError(_cause(error)) from None
            if not piece:
                return
            left -= len(piece)
            yield piece

    def code(self) -> str:
        """Read the registry's own word for an error; empty where there is none."""
        try:
            errors = json.loads(self.body()).get("errors")
            code = errors[0]["code"]
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError, CutError):
            return ""
        return code if isinstance(code, str) and code.isprintable() else ""


class Wire:
    """Connections to one registry and to the hosts it sends us to."""

    def __init__(
        self, url: str, tls: ssl.SSLContext, environ: Mapping[str, str], patience: Patience
    ) -> None:
        self._timeout = urllib3.Timeout(connect=patience.connect, read=patience.stall)
        self._options: dict[str, Any] = {
            "timeout": self._timeout,
            "retries": False,
            "maxsize": 16,
            "ssl_context": tls,
        }
        self._environ = environ
        self._home = urlsplit(url).netloc
        self._pools: dict[str | None, urllib3.PoolManager] = {}
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._connections = _connection_classes(self._open, patience.stall)
        # Made at the start: a pool that two threads make at once would be lost.
        self._pool_for(url)

    def exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Body | None = None,
        *,
        answer_within: float | None = None,
    ) -> Reply:
        """Send one request; `answer_within` is for answers that take longer than the stall time.

        Raises:
            CutError: There is no answer.

        """
        try:
            response = self._pool_for(url).urlopen(
                method,
                url,
                body=body,
                headers=_HEADERS | dict(headers),
                redirect=False,
                preload_content=False,
                decode_content=False,
                timeout=self._timeout_for(answer_within),
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # `from None`: nothing of the request may travel with the error.
            raise CutError(_cause(error), answered=False) from None
        return Reply(response, url)

    def _timeout_for(self, answer_within: float | None) -> urllib3.Timeout:
        if answer_within is None:
            return self._timeout
        return urllib3.Timeout(connect=self._timeout.connect_timeout, read=answer_within)

    def abort(self) -> None:
        """Break every connection: wakes the threads that wait on one."""
        for connection in list(self._open):
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close every connection."""
        for pool in list(self._pools.values()):
            pool.clear()

    def _pool_for(self, url: str) -> urllib3.PoolManager:
        proxy = proxy_for(url, self._environ)
        pool = self._pools.get(proxy)
        if pool is None:
            pool = self._pools.setdefault(proxy, self._make_pool(proxy))
        return pool

    def _make_pool(self, proxy: str | None) -> urllib3.PoolManager:
        pool = urllib3.PoolManager(**self._options)
        if proxy:
            address, login = proxy_login(proxy)
            headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
            pool = urllib3.ProxyManager(address, proxy_headers=headers, **self._options)
        pool.pool_classes_by_scheme = self._connections
        return pool


def _connection_classes(
    known: weakref.WeakSet[HTTPConnection], stall: float
) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    def begin(connection: HTTPConnection) -> None:
        known.add(connection)
        # The library sends with the time to connect; a full socket may take the stall time.
        if connection.sock is not None:
            connection.timeout = stall

    def connected(connection: HTTPConnection) -> None:
        connection.sock.settimeout(stall)
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    class Plain(HTTPConnection):
        def request(self, *args: Any, **kwargs: Any) -> None:
            begin(self)
            super().request(*args, **kwargs)

        def connect(self) -> None:
            super().connect()
            connected(self)

    class Tls(HTTPSConnection):
        def request(self, *args: Any, **kwargs: Any) -> None:
            begin(self)
            super().request(*args, **kwargs)

        def connect(self) -> None:
            super().connect()
            connected(self)

    class PlainPool(urllib3.HTTPConnectionPool):
        ConnectionCls = Plain

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = Tls

    return {"http": PlainPool, "https": TlsPool}


def _seconds(retry_after: str) -> float | None:
    """Read Retry-After: seconds, or a date."""
    if retry_after.isdecimal():
        return float(retry_after[:6])
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    return None


# In this order: some of the library's errors are of several kinds.
_CAUSES: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (urllib3.exceptions.NameResolutionError, "its name cannot be resolved"),
    (urllib3.exceptions.SSLError, "its certificate cannot be trusted; check the clock and the CA"),
    (ssl.SSLError, "its certificate cannot be trusted; check the clock and the CA"),
    (urllib3.exceptions.ProxyError, "the proxy refused the connection"),
    (urllib3.exceptions.NewConnectionError, "the connection was refused"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection in time"),
    (urllib3.exceptions.TimeoutError, "no progress in time"),
    (TimeoutError, "no progress in time"),
)


def _cause(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.ProxyError):
        inner = error.original_error
        if "407" in str(inner):
            return "the proxy asks for a login (407)"
        missing = isinstance(inner, (urllib3.exceptions.HTTPError, TimeoutError))
        return "the proxy cannot be reached" if missing else "the proxy refused the connection"
    for kind, words in _CAUSES:
        if isinstance(error, kind):
            return words
    return "the connection was cut before the answer was complete"
