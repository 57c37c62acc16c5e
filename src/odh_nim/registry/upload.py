"""Uploads of blobs: in one piece or several, taken up again where the registry can, or begun anew.

Registries built on `distribution` keep an upload only up to the end of a complete PATCH; some
others keep what came. So the registry is asked, and its answer decides.
"""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from odh_nim.domain.errors import RegistryError
from odh_nim.registry.authority import Scope
from odh_nim.registry.distribution import Distribution
from odh_nim.registry.patience import CutError
from odh_nim.registry.wire import Reply

# Up to this size a blob goes out with the request that completes it.
_WHOLE: Final = 32 * 1024 * 1024
# The end of a part is where a registry can take an upload up again.
_PART: Final = 512 * 1024 * 1024
# The whole again in one part: what a registry that takes only one part answers to a second.
_ONE_PART_ONLY: Final = (400, 404, 405, 411, 416, 501)

Read = Callable[[int], Iterator[bytes]]


class _PartsRefusedError(Exception):
    """The registry takes no second part."""


class Uploader:
    """Writes blobs into one registry."""

    def __init__(self, registry: Distribution, *, whole: int = _WHOLE, part: int = _PART) -> None:
        self._registry = registry
        self._whole = whole
        self._part: int | None = part

    def upload(self, repository: str, digest: str, size: int, read: Read) -> None:
        """Upload a blob; `read` gives its bytes from an offset on, as often as needed.

        An error of `read` passes through, and the upload is taken back.

        Raises:
            RegistryError: It was refused, or faults lasted longer than the patience.

        """
        operation = f"write the blob {digest} to {repository}"
        scope = Scope(repository, push=True)
        retry = self._registry.brake.retry(operation)
        session, offset = "", 0
        try:
            while True:
                try:
                    if not session:
                        session, offset = self._begin(repository, scope, operation), 0
                    if offset == 0 and size <= self._whole:
                        self._finish(session, digest, scope, operation, read(0), size)
                        return
                    while offset < size:
                        end = min(size, offset + (self._part or size))
                        session = self._patch(session, scope, operation, read, (offset, end, size))
                        offset = end
                        retry.progress()
                    self._finish(session, digest, scope, operation, None, 0)
                except CutError as cut:
                    retry.again(cut)
                    session, offset = self._resume(session, scope, size)
                except _PartsRefusedError:
                    self._part = None
                    self._cancel(session, scope)
                    session = ""
                else:
                    return
        except BaseException:
            if session:
                self._cancel(session, scope)
            raise

    def mount(self, repository: str, digest: str, source: str) -> bool:
        """Link a blob that another repository of this registry has; False where it is refused."""
        operation = f"mount {digest} from {source} in {repository}"
        path = (
            f"/v2/{repository}/blobs/uploads/?mount={quote(digest)}&from={quote(source, safe='')}"
        )
        scope = Scope(repository, push=True, also=source)
        try:
            reply = self._registry.send("POST", path, scope, operation)
        except RegistryError as error:
            if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                # No token for both repositories; the upload will say if this one is closed too.
                return False
            raise
        with reply:
            if reply.status == HTTPStatus.CREATED:
                return True
            opened = self._location(reply) if reply.status == HTTPStatus.ACCEPTED else ""
        if opened:
            # It began an upload instead; the blob is read and sent in one of its own.
            self._cancel(opened, scope)
        return False

    def _begin(self, repository: str, scope: Scope, operation: str) -> str:
        with self._registry.send(
            "POST",
            f"/v2/{repository}/blobs/uploads/",
            scope,
            operation,
            headers={"Content-Length": "0"},
        ) as reply:
            self._registry.expect(reply, operation, HTTPStatus.ACCEPTED)
            return self._location(reply)

    def _patch(
        self, session: str, scope: Scope, operation: str, read: Read, span: tuple[int, int, int]
    ) -> str:
        offset, end, size = span
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(end - offset),
        }
        if offset or end < size:
            headers["Content-Range"] = f"{offset}-{end - 1}"
        body = _exactly(read(offset), end - offset)
        with self._once("PATCH", session, scope, headers, body) as reply:
            if offset and reply.status in _ONE_PART_ONLY and self._part:
                raise _PartsRefusedError
            self._registry.expect(reply, operation, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)
            return self._location(reply)

    def _finish(
        self,
        session: str,
        digest: str,
        scope: Scope,
        operation: str,
        pieces: Iterator[bytes] | None,
        size: int,
    ) -> None:
        mark = "&" if urlsplit(session).query else "?"
        url = f"{session}{mark}digest={quote(digest, safe='')}"
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        body = _exactly(pieces, size) if pieces is not None and size else None
        with self._once("PUT", url, scope, headers, body) as reply:
            self._registry.expect(reply, operation, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)

    def _once(
        self,
        method: str,
        url: str,
        scope: Scope,
        headers: dict[str, str],
        body: Iterator[bytes] | None,
    ) -> Reply:
        try:
            reply = self._registry.once(method, url, scope, headers=headers, body=body)
        finally:
            close = getattr(body, "close", None)
            if close:
                close()
        # 404: the upload is lost. 401: the token ran out while the body went out.
        if reply.busy or reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED):
            with reply:
                if reply.status == HTTPStatus.UNAUTHORIZED:
                    self._registry.forget(scope)
                raise reply.as_cut()
        return reply

    def _resume(self, session: str, scope: Scope, size: int) -> tuple[str, int]:
        """Ask how far an upload came; nothing known means a new one."""
        if not session:
            return "", 0
        try:
            with self._registry.send("GET", session, scope, "ask how far an upload came") as reply:
                if reply.status == HTTPStatus.NO_CONTENT:
                    _, _, last = reply.header("Range").rpartition("-")
                    offset = int(last) + 1 if last.isdecimal() and int(last) else 0
                    if 0 < offset < size:
                        return self._location(reply) or session, offset
        except RegistryError:
            # It cannot even be asked: a new one will tell why.
            return "", 0
        self._cancel(session, scope)
        return "", 0

    def _cancel(self, session: str, scope: Scope) -> None:
        self._registry.dismiss(session, scope)

    def _location(self, reply: Reply) -> str:
        location = urljoin(reply.url, reply.header("Location"))
        own, there = urlsplit(self._registry.url), urlsplit(location)
        if there.netloc == own.netloc:
            # Behind a proxy that ends TLS a registry may name itself with http.
            return there._replace(scheme=own.scheme).geturl()
        return location


def _exactly(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """Give so many bytes and close the source behind them."""
    left = size
    try:
        for piece in pieces:
            if len(piece) > left:
                yield piece[:left]
                left = 0
            else:
                yield piece
                left -= len(piece)
            if not left:
                return
    finally:
        close = getattr(pieces, "close", None)
        if close:
            close()
