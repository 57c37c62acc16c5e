"""How long faults of a registry are borne, and how all threads wait together for one host."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from odh_nim.domain.errors import RegistryUnreachableError, TransferStoppedError

# A server that is busy names its own time; a longer one is asked again before it is over.
_LONGEST_WAIT: Final = 60.0


class CutError(Exception):
    """One exchange did not end well and may be tried again; the text says why, in plain words."""

    def __init__(self, cause: str, *, after: float | None = None, answered: bool = True) -> None:
        super().__init__(cause)
        self.cause = cause
        # What Retry-After asked for.
        self.after = after
        # False: nobody was there. Such a fault may last long (a restart), an answer may not.
        self.answered = answered


@dataclass(frozen=True)
class Patience:
    """Limits in seconds and tries.

    `first` holds until a host has answered once, so that a wrong name or a dead proxy is told
    soon; `lasting` is the time without progress after that; `commit` how long a registry may take
    to complete an upload.
    """

    first: float = 15.0
    lasting: float = 600.0
    tries: int = 8
    base: float = 0.25
    cap: float = 15.0
    stall: float = 30.0
    # A registry on object storage copies a blob when its upload is completed: minutes, in silence.
    commit: float = 900.0
    connect: float = 10.0


@dataclass
class Brake:
    """What all threads know of one host: whether it ever answered, and until when it rests."""

    host: str
    patience: Patience
    stop: threading.Event
    on_wait: Callable[[str, float, str], None] = lambda _host, _seconds, _cause: None
    answered: bool = False
    # Why the host is given up: it never answered, so nobody else needs to wait for it.
    dead: bool = False
    _until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def rest(self, seconds: float, cause: str) -> None:
        """Let every thread leave the host alone for a while."""
        with self._lock:
            self._until = max(self._until, time.monotonic() + seconds)
        self.on_wait(self.host, seconds, cause)

    def wait(self) -> None:
        """Wait until the host may be asked again.

        Raises:
            TransferStoppedError: Meanwhile the run was stopped.

        """
        while True:
            with self._lock:
                left = self._until - time.monotonic()
            if self.stop.wait(max(0.0, left)):
                raise TransferStoppedError
            if left <= 0:
                return

    def retry(self, operation: str) -> "Retry":
        """Begin one operation."""
        return Retry(self, operation)


class Retry:
    """The tries of one operation."""

    def __init__(self, brake: Brake, operation: str) -> None:
        self._brake = brake
        self._operation = operation
        self._began = time.monotonic()
        self._tries = 0
        self._answers = 0

    def progress(self) -> None:
        """Begin to count anew: the operation is getting somewhere."""
        self._began = time.monotonic()
        self._tries = self._answers = 0

    def again(self, cut: CutError) -> None:
        """Wait before the next try.

        Raises:
            RegistryUnreachableError: The patience is over.
            TransferStoppedError: The run was stopped.

        """
        patience = self._brake.patience
        self._tries += 1
        self._answers += cut.answered
        brake = self._brake
        limit = patience.lasting if brake.answered else patience.first
        over = time.monotonic() - self._began > limit or (brake.dead and not brake.answered)
        if over or (cut.answered and self._answers >= patience.tries):
            brake.dead = not brake.answered
            raise RegistryUnreachableError(self._brake.host, self._operation, cut.cause)
        longest = min(patience.cap, patience.base * 2**self._tries)
        # Half fixed, half random: threads that failed together do not come back together.
        pause = longest / 2 + random.random() * longest / 2  # noqa: S311 - no secret
        if cut.after is not None:
            pause = min(cut.after, _LONGEST_WAIT)
        self._brake.rest(pause, cut.cause)
        self._brake.wait()
