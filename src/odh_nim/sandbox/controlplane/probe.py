"""Short questions to the control plane: is it there and ready."""

import http.client
import socket
import ssl
from http import HTTPStatus
from pathlib import Path
from typing import Final

from odh_nim.sandbox.ports import LOOPBACK

_SECONDS: Final = 3.0
# What a server may say to "are you ready?"; more is not read.
_LIMIT: Final = 65536


class ApiServerProbe:
    """Asks one API server; the certificate authority is read once."""

    def __init__(self, port: int, ca_file: Path, token: str) -> None:
        self._port = port
        self._token = token
        self._context = ssl.create_default_context(cafile=str(ca_file))

    def is_ready(self) -> bool:
        """Say whether every part of the API server's own start is done, and its store answers."""
        connection = http.client.HTTPSConnection(
            LOOPBACK, self._port, timeout=_SECONDS, context=self._context
        )
        try:
            connection.request("GET", "/readyz", headers={"Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            answer.read(_LIMIT)
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return answer.status == HTTPStatus.OK


def listens(port: int) -> bool:
    """Say whether somebody takes connections on this port."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=_SECONDS).close()
    except OSError:
        return False
    return True
