"""Carries one operation through: login, deadline, tries, and the error of what went wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import msgspec

from odh_nim.cluster.call import Answer, Call
from odh_nim.cluster.credentials import Login
from odh_nim.cluster.http_pool import Response
from odh_nim.cluster.identity import Identity, current_identity
from odh_nim.cluster.retry import CONNECTION_TRIES, Attempts, Pacing
from odh_nim.cluster.status import Again, outcome_of
from odh_nim.cluster.transport import CutError, Timeouts, TransientError, Transport
from odh_nim.domain.errors import ClusterError, UnclearReplyError, UnreachableError
from odh_nim.domain.manifest import Manifest

_UNAUTHORIZED: Final = 401
_ERROR_LIMIT: Final = 1024 * 1024
_decode = msgspec.json.Decoder(dict)


class Requester:
    """Sends calls; with `dry_run`, no write leaves without `dryRun=All`."""

    def __init__(
        self,
        transport: Transport,
        timeouts: Timeouts,
        pacing: Pacing,
        *,
        dry_run: bool = False,
        caller: Callable[[], Identity | None] = current_identity,
    ) -> None:
        self._transport = transport
        self.timeouts = timeouts
        self.pacing = pacing
        self._dry_run = dry_run
        self._caller = caller

    def as_dry_run(self) -> "Requester":
        """Share the pools, store nothing."""
        return Requester(self._transport, self.timeouts, self.pacing, dry_run=True)

    def for_this_caller(self) -> "Requester":
        """Keep the identity of this moment: who reads a stream later may have another, or none."""
        identity = self._caller()
        return Requester(
            self._transport,
            self.timeouts,
            self.pacing,
            dry_run=self._dry_run,
            caller=lambda: identity,
        )

    def attempts(self) -> Attempts:
        """Begin to count the tries of one operation."""
        return Attempts(self.timeouts.operation, self.pacing)

    async def object(self, call: Call, attempts: Attempts | None = None) -> Manifest:
        """Send, and read the object that comes back.

        Raises:
            ClusterError: There is none.

        """
        call = self._sealed(call)
        answer = await self.send(call, attempts)
        try:
            if answer.is_json:
                return _decode.decode(answer.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            pass
        raise unreadable(answer, call)

    async def send(self, call: Call, attempts: Attempts | None = None) -> Answer:
        """Send until there is a success, an answer that counts, or no time left.

        Raises:
            ClusterError: There is no success.

        """
        identity = self._caller()
        attempts = attempts or self.attempts()
        call = self._sealed(call)
        renewed = False
        while True:
            with attempts.paused():
                login = await self._transport.login(identity, call.operation)
            try:
                answer = await self._transport.send(
                    call, login=login, identity=identity, within=max(attempts.left, 0.001)
                )
            except TransientError as error:
                if await attempts.again(tries=CONNECTION_TRIES):
                    continue
                raise _plain(error, call) from None
            except CutError as error:
                if call.idempotent and await attempts.again():
                    continue
                raise _plain(error, call) from None
            if 200 <= answer.status < 300:  # noqa: PLR2004 - the class of successes
                return answer
            if answer.status == _UNAUTHORIZED and not renewed and _own(identity):
                renewed = True
                with attempts.paused():
                    newer = await self._transport.credentials.renew(login)
                if newer:
                    continue
            await self._fail_or_wait(answer, call, attempts)

    async def _fail_or_wait(self, answer: Answer, call: Call, attempts: Attempts) -> None:
        outcome = outcome_of(answer, call)
        may = outcome.again is Again.ALWAYS or (
            outcome.again is Again.IDEMPOTENT and call.idempotent
        )
        told_to_wait = answer.status == 429  # noqa: PLR2004 - too many requests
        if not may or not await attempts.again(
            retry_after=outcome.retry_after, patient=told_to_wait
        ):
            raise outcome.error

    @asynccontextmanager
    async def stream(self, call: Call, *, silence: float) -> AsyncIterator[Response]:
        """Open an answer that is read bit by bit; only the login is tried twice.

        Raises:
            ClusterError: There is no success.

        """
        identity = self._caller()
        for last in (False, True):
            login = await self._transport.login(identity, call.operation)
            async with self._opened(call, login, identity, silence) as response:
                if 200 <= response.status < 300:  # noqa: PLR2004 - the class of successes
                    yield response
                    return
                answer = await self._transport.read_error(response, call)
            refused = answer.status == _UNAUTHORIZED and not last and _own(identity)
            if refused and await self._transport.credentials.renew(login):
                continue
            raise outcome_of(answer, call).error

    @asynccontextmanager
    async def _opened(
        self, call: Call, login: Login, identity: Identity | None, silence: float
    ) -> AsyncIterator[Response]:
        try:
            async with self._transport.stream(
                call, login=login, identity=identity, silence=silence
            ) as response:
                yield response
        except (TransientError, CutError) as error:
            raise _plain(error, call) from None

    def _sealed(self, call: Call) -> Call:
        """Add `dryRun=All` to whatever may write: the one place all requests pass."""
        if not self._dry_run or call.method == "GET":
            return call
        return dry(call)


def dry(call: Call) -> Call:
    """Make a call that stores nothing of one that may."""
    others = tuple(param for param in call.params if param[0] != "dryRun")
    body = call.body
    if call.method == "DELETE" and body:
        # A DELETE with a body is read from the body alone; its parameters are ignored.
        body = msgspec.json.encode(_decode.decode(body) | {"dryRun": ["All"]})
    params = (*others, ("dryRun", "All"))
    return replace(call, params=params, body=body, idempotent=True, stores=False)


def unreadable(answer: Answer, call: Call) -> ClusterError:
    """Give the error of a success that cannot be read."""
    page = answer.media_type in ("text/html", "application/xhtml+xml")
    what = "a web page; a proxy in between does that" if page else "no JSON"
    cause = f"the server's answer ({answer.status}) is {what}."
    kind = UnclearReplyError if call.stores else UnreachableError
    return kind(call.operation, cause, status=answer.status)


def _own(identity: Identity | None) -> bool:
    return identity is None or identity.token is None


def _plain(error: UnreachableError, call: Call) -> ClusterError:
    unclear = call.stores and isinstance(error, UnclearReplyError)
    kind = UnclearReplyError if unclear else UnreachableError
    return kind(error.operation, error.cause, status=error.status, remedy=error.remedy)
