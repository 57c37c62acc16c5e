"""Plain words for why there is no answer."""

import socket
import ssl
from typing import Final

from odh_nim.cluster.http_connection import ProxyRefusedError
from odh_nim.cluster.http_wire import WireError
from odh_nim.domain.errors import printable

_LOGIN_WANTED: Final = 407


def may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed a moment later."""
    return not isinstance(error, ssl.SSLCertVerificationError)


def fault_cause(error: BaseException) -> str:  # noqa: PLR0911 - a table of classes, in order
    """Say in plain words what happened; the error's own text may hold what was sent."""
    match error:
        case ssl.SSLCertVerificationError():
            reason = printable(error.verify_message or "unknown reason")
            return f"its certificate cannot be trusted ({reason}); check the clock and the CA"
        case ssl.SSLError():
            return "no TLS connection could be made"
        case socket.gaierror():
            return "its name cannot be resolved"
        case ProxyRefusedError(status=status):
            login = "the proxy asks for a login (407)"
            return login if status == _LOGIN_WANTED else f"the proxy answered {status}"
        case TimeoutError():
            return "no answer in time"
        case ConnectionRefusedError():
            return "the connection was refused"
        case WireError():
            return printable(str(error))
        case ConnectionError() | EOFError():
            return "the connection was cut before the answer was complete"
        case OSError():
            return f"no connection could be made ({printable(error.strerror or 'unknown reason')})"
        case _:
            return "the answer cannot be read"
