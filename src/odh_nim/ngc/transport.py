"""One request to NVIDIA: deadlines, a cap on the answer, no redirects, plain words for faults.

What comes back is an `Answer` or an `NgcUnavailableError`; no exception of the HTTP library, which
could carry a header, leaves this module.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import httpx2
import stamina

from odh_nim.domain.address import ServiceAddress
from odh_nim.domain.errors import NgcUnavailableError, printable

_TRY_AGAIN: Final = (429, 500, 502, 503, 504)
_ATTEMPTS: Final = 4
_CAUSES: Final[Mapping[type[BaseException], str]] = {
    ssl.SSLError: "no TLS connection could be made",
    socket.gaierror: "its name cannot be resolved",
    ConnectionRefusedError: "the connection was refused",
    httpx2.TimeoutException: "no answer in time",
    httpx2.ConnectError: "no connection could be made",
}

_log = logging.getLogger(__name__)

# Its debug records hold every header, and one of ours is the key.
logging.getLogger("hpack").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Timeouts:
    """Deadlines in seconds; the total ones include every retry and every slow byte."""

    connect: float = 5
    read: float = 10
    # A person waits for the key check.
    key_check: float = 10
    call: float = 30


@dataclass(frozen=True)
class Request:
    """What is sent; `limit` caps the answer in bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    limit: int
    body: bytes | None = None
    params: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    """What came back, read completely."""

    status: int
    media_type: str
    retry_after: float | None
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether it says to be JSON."""
        return self.media_type == "application/json" or self.media_type.endswith("+json")

    @property
    def is_page(self) -> bool:
        """Whether it says to be a web page: of a proxy, not of NVIDIA."""
        return self.media_type in ("text/html", "application/xhtml+xml")


class PassingFaultError(NgcUnavailableError):
    """An answer or a fault after which another try may help."""

    def __init__(self, host: str, cause: str, retry_after: float | None = None) -> None:
        super().__init__(host, cause)
        self.retry_after = retry_after


class Transport:
    """A connection pool to one address."""

    def __init__(self, address: ServiceAddress, timeouts: Timeouts) -> None:
        self.host = address.host
        self._timeouts = timeouts
        try:
            self._client = httpx2.AsyncClient(
                base_url=address.url,
                # A cleartext connection exists on loopback only: no certificates to load.
                verify=not address.url.startswith("http:"),
                http2=True,
                # Proxy variables count, except for this machine itself; netrc never does.
                trust_env=not address.loopback,
                follow_redirects=False,
                timeout=httpx2.Timeout(timeouts.read, connect=timeouts.connect),
                headers={"User-Agent": "odh-nim", "Accept-Encoding": "identity"},
            )
        except (ValueError, ImportError, OSError) as error:
            raise NgcUnavailableError(
                self.host, f"proxy or certificate settings: {error}"
            ) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def send(self, request: Request, *, within: float) -> Answer:
        """Send once.

        Raises:
            NgcUnavailableError: There is no complete answer.

        """
        try:
            async with asyncio.timeout(within):
                return await self._send(request)
        except TimeoutError:
            raise self._unavailable(f"no answer within {within:g} s") from None

    async def get(self, request: Request, *, within: float) -> Answer:
        """Send, and again after faults that pass: only for what changes nothing.

        Raises:
            NgcUnavailableError: There is no complete answer, or only `busy` and server faults.

        """
        ends = asyncio.get_running_loop().time() + within
        last: NgcUnavailableError | None = None

        def waits(error: Exception) -> bool | float:
            nonlocal last
            if not isinstance(error, PassingFaultError):
                return False
            last = error
            if error.retry_after is None:
                return True
            # A wait that ends after the deadline is not begun.
            left = ends - asyncio.get_running_loop().time()
            return error.retry_after if error.retry_after < left else False

        try:
            async with asyncio.timeout(within):
                async for attempt in stamina.retry_context(
                    on=waits,
                    attempts=_ATTEMPTS,
                    timeout=within,
                    wait_initial=0.2,
                    wait_max=3,
                    wait_jitter=0.2,
                ):
                    with attempt:
                        answer = await self._send(request)
                        if answer.status in _TRY_AGAIN:
                            raise PassingFaultError(
                                self.host, status_cause(answer), answer.retry_after
                            )
        except TimeoutError:
            # What it said before says more than the time that passed.
            raise last or self._unavailable(f"no answer within {within:g} s") from None
        return answer

    def _unavailable(self, cause: str) -> NgcUnavailableError:
        return NgcUnavailableError(self.host, cause)

    async def _send(self, request: Request) -> Answer:
        try:
            async with self._client.stream(
                request.method,
                request.path,
                headers=dict(request.headers),
                content=request.body,
                params=dict(request.params) if request.params else None,
            ) as response:
                body = await self._read(response, request.limit)
        except httpx2.RequestError as error:
            # `from None`: the library's error holds the request with its headers.
            cause = fault_cause(error)
            _log.debug("%s %s: %s", request.method, request.path, cause)
            raise PassingFaultError(self.host, cause) from None
        except (httpx2.InvalidURL, httpx2.StreamError) as error:
            raise self._unavailable(printable(str(error))) from None
        size, status = len(body), response.status_code
        _log.debug("%s %s: %d, %d bytes", request.method, request.path, status, size)
        return Answer(
            response.status_code,
            response.headers.get("content-type", "").partition(";")[0].strip().lower(),
            retry_after(response.headers.get("retry-after", "")),
            body,
        )

    async def _read(self, response: httpx2.Response, limit: int) -> bytes:
        # Uncompressed was asked for: a compressed answer could grow without end when unpacked.
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise self._unavailable("it answered in an encoding that was not asked for")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > limit:
                raise self._unavailable(f"its answer is larger than {limit // 1024} KiB")
        return bytes(body)


def status_cause(answer: Answer) -> str:
    """Say in plain words what a status means that is neither success nor a refusal."""
    status = answer.status
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return "the proxy asks for a login (407)"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"it answered with a redirect ({status}), which is not followed"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait = f", it wants {answer.retry_after:.0f} s of rest" if answer.retry_after else ""
        return f"it is busy (429){wait}"
    if answer.is_page:
        return f"a web page came instead of an answer ({status}); a proxy in between does that"
    return f"it answered {status}"


def fault_cause(error: httpx2.RequestError) -> str:
    """Say in plain words why there is no answer."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = printable(cause.verify_message or "unknown reason")
            return f"its certificate cannot be trusted ({reason}); check the clock and the CA"
        for kind, words in _CAUSES.items():
            if isinstance(cause, kind):
                return words
    if isinstance(error, httpx2.ProxyError):
        text = printable(str(error))
        return "the proxy asks for a login (407)" if "407" in text else f"the proxy said: {text}"
    return "the connection was cut before the answer was complete"


def _chain(error: BaseException) -> list[BaseException]:
    """Give an error and what led to it, the first cause first."""
    chain: list[BaseException] = []
    seen: BaseException | None = error
    while seen is not None:
        chain.insert(0, seen)
        seen = seen.__cause__ or seen.__context__
    return chain


def retry_after(text: str) -> float | None:
    """Read `Retry-After`: seconds, or a date; None where there is none that can be read."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
