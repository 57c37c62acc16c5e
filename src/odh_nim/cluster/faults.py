"""Plain words for why there is no answer, and whether anything had been sent by then."""

import socket
import ssl
from collections.abc import Mapping
from typing import Final

import httpx2

from odh_nim.domain.errors import printable

_CAUSES: Final[Mapping[type[BaseException], str]] = {
    ssl.SSLError: "no TLS connection could be made",
    socket.gaierror: "its name cannot be resolved",
    ConnectionRefusedError: "the connection was refused",
    httpx2.TimeoutException: "no answer in time",
    httpx2.ConnectError: "no connection could be made",
}
# These end before the first byte of the request.
_NOTHING_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.LocalProtocolError,
    httpx2.UnsupportedProtocol,
)


def nothing_sent(error: httpx2.RequestError) -> bool:
    """Whether the server cannot have seen the request."""
    return isinstance(error, _NOTHING_SENT)


def may_pass(error: httpx2.RequestError) -> bool:
    """Whether the same request may succeed a moment later."""
    if isinstance(error, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
        return False
    return not any(isinstance(cause, ssl.SSLCertVerificationError) for cause in _chain(error))


def fault_cause(error: httpx2.RequestError) -> str:
    """Say in plain words why there is no answer."""
    chain = _chain(error)
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = printable(cause.verify_message or "unknown reason")
            return f"its certificate cannot be trusted ({reason}); check the clock and the CA"
    if isinstance(error, httpx2.ProxyError):
        text = printable(str(error))
        return "the proxy asks for a login (407)" if "407" in text else f"the proxy said: {text}"
    for cause in chain:
        for kind, words in _CAUSES.items():
            if isinstance(cause, kind):
                return words
    return "the connection was cut before the answer was complete"


def _chain(error: BaseException) -> list[BaseException]:
    """Give an error and what led to it, the first cause first."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None:
        chain.insert(0, seen)
        seen = seen.__cause__ or seen.__context__
    return chain
