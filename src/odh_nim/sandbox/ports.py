"""Free ports on loopback.

kube-apiserver cannot listen on "any free port", so ports are chosen before its start. They lie
below the range from which the system gives ports to outgoing connections, so that a sandbox finds
its ports free again after a restart.
"""

import random
import socket
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Final

from odh_nim.domain.errors import SandboxError

LOOPBACK: Final = "127.0.0.1"
_RANGE: Final = range(20000, 30000)
_ATTEMPTS: Final = 200


def choose_ports(
    names: Iterable[str], before: Mapping[str, int] | None = None, *, among: range = _RANGE
) -> dict[str, int]:
    """Choose a free port for each name: the one it had before, where that is still free.

    Raises:
        SandboxError: No free port was found.

    """
    wanted = before or {}
    chosen: dict[str, int] = {}
    with ExitStack() as held:
        for name in names:
            chosen[name] = _hold(held, wanted.get(name), among)
    return chosen


def is_free(port: int) -> bool:
    """Say whether a server could listen on this port now."""
    with ExitStack() as held:
        return _try(held, port)


def _hold(held: ExitStack, wanted: int | None, among: range) -> int:
    if wanted is not None and _try(held, wanted):
        return wanted
    for _ in range(_ATTEMPTS):
        port = random.choice(among)  # noqa: S311 - only has to be spread, not secret
        if _try(held, port):
            return port
    raise SandboxError(
        f"No free port was found on {LOOPBACK} between {among.start} and {among.stop - 1}."
    )


def _try(held: ExitStack, port: int) -> bool:
    candidate = held.enter_context(socket.socket())
    # As Go's servers do: a port of a connection that has just ended is free.
    candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        candidate.bind((LOOPBACK, port))
        candidate.listen()
    except OSError:
        return False
    return True
