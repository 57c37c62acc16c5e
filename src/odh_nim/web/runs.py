"""Deployments that are being made: they go on when nobody listens, and no request runs twice.

A run belongs to the caller who began it. Whoever comes with the same request id listens to the
same run; after a failure it is tried again, which finishes what was begun. When the server is told
to stop, runs get time to end, and are then taken back.
"""

import asyncio
import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel

from odh_nim.domain.errors import ConflictError, OdhNimError
from odh_nim.web.faults import StoppedError, TooOftenError

_LOG: Final = logging.getLogger("odh_nim.web")
# An answer is kept so long for whoever lost the connection.
_KEPT: Final = 600.0
_MOST: Final = 1000
# One caller's at a time; and of all of them.
_PER_CALLER: Final = 8

Tell = Callable[[BaseModel], None]
Work = Callable[[Tell], Awaitable[BaseModel]]
Failed = Callable[[OdhNimError], BaseModel]


@dataclass(frozen=True)
class RunKey:
    """Whose run it is, where, and for which request."""

    caller: str
    project: str
    request_id: str


@dataclass
class Run:
    """One run: everything it has told so far."""

    fingerprint: bytes = field(repr=False)
    events: list[BaseModel] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    ended_at: float | None = None
    succeeded: bool = False
    task: "asyncio.Task[None] | None" = None

    def tell(self, event: BaseModel) -> None:
        """Add an event and wake whoever listens."""
        self.events.append(event)
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    async def follow(self) -> AsyncGenerator[BaseModel, None]:
        """Give every event, from the first one on."""
        told = 0
        while True:
            changed = self.changed
            while told < len(self.events):
                told += 1
                yield self.events[told - 1]
            if self.ended_at is not None and told == len(self.events):
                return
            await changed.wait()


class Runs:
    """All runs of this process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._runs: dict[RunKey, Run] = {}
        # Requests are compared without keeping them: they can hold a key.
        self._secret = secrets.token_bytes(32)

    def begin(self, key: RunKey, request: bytes, work: Work, failed: Failed) -> Run:
        """Begin a run, or give the one that this request has begun before.

        Raises:
            ConflictError: The same request id came with another request.
            TooOftenError: Too many runs at once.

        """
        self._forget()
        fingerprint = hmac.new(self._secret, request, hashlib.sha256).digest()
        known = self._runs.get(key)
        if known is not None and (known.ended_at is None or known.succeeded):
            if not hmac.compare_digest(known.fingerprint, fingerprint):
                raise ConflictError(
                    f"deploy in {key.project}",
                    f"the request {key.request_id} was used for something else.",
                    status=409,
                    remedy="Send it with a new request id.",
                )
            return known
        self._must_have_room(key.caller)
        run = Run(fingerprint)
        self._runs[key] = run
        run.task = asyncio.create_task(self._carry_out(run, work, failed))
        return run

    def is_active(self, project: str, request_id: str) -> bool:
        """Say whether a request is being carried out, whoever began it."""
        return any(
            (key.project, key.request_id) == (project, request_id) and run.ended_at is None
            for key, run in self._runs.items()
        )

    def forget(self, key: RunKey) -> None:
        """Forget a run that has ended: the next one is another."""
        known = self._runs.get(key)
        if known is not None and known.ended_at is not None:
            del self._runs[key]

    async def drain(self, grace: float) -> None:
        """Let runs end; those that have not by then are cancelled, which takes them back."""
        tasks = {run.task for run in self._runs.values() if run.task is not None}
        if not tasks:
            return
        _LOG.info("waiting for %d deployments to end", len(tasks))
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _carry_out(self, run: Run, work: Work, failed: Failed) -> None:
        last: BaseModel | None = None
        try:
            last = await work(run.tell)
            run.succeeded = True
        except OdhNimError as error:
            last = failed(error)
        except asyncio.CancelledError:
            last = failed(StoppedError())
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the listener is told
            # The class alone: a text may hold what was sent.
            _LOG.error("a deployment ended with %s", type(error).__name__)
            last = failed(StoppedError())
        finally:
            run.task = None
            run.ended_at = self._clock()
            if last is not None:
                run.tell(last)

    def _must_have_room(self, caller: str) -> None:
        active = [key for key, run in self._runs.items() if run.ended_at is None]
        mine = sum(key.caller == caller for key in active)
        if mine >= _PER_CALLER or len(self._runs) >= _MOST:
            raise TooOftenError(5, what="Too many deployments are being made at once.")

    def _forget(self) -> None:
        before = self._clock() - _KEPT
        self._runs = {
            key: run
            for key, run in self._runs.items()
            if run.ended_at is None or run.ended_at > before
        }
