"""Uploads of blobs: in one piece or several, taken up again where the registry can, or begun anew.

Registries built on `distribution` keep an upload only up to the end of a complete PATCH; some
others keep what came. So the registry is asked, and its answer decides.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from odh_nim.domain.errors import RegistryError
from odh_nim.registry.authority import Scope
from odh_nim.registry.distribution import Distribution
from odh_nim.registry.patience import CutError, Retry
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
        task = _Task(repository, digest, size, operation, Scope(repository, push=True))
        retry = self._registry.brake.retry(operation)
        stream = _Stream(read)
        try:
            while True:
                try:
                    self._go_on(task, stream, retry)
                except CutError as cut:
                    retry.again(cut)
                    if task.sent and self._is_there(task):
                        # Completed; only the answer was lost, or took too long.
                        return
                    self._resume(task)
                except _PartsRefusedError:
                    self._part = None
                    self._cancel(task)
                else:
                    return
        except BaseException:
            self._cancel(task)
            raise
        finally:
            stream.close()

    def _go_on(self, task: "_Task", stream: "_Stream", retry: Retry) -> None:
        if not task.session:
            task.session, task.offset = self._begin(task), 0
        task.sent = False
        if task.offset == 0 and task.size <= self._whole:
            self._finish(task, stream.take(0, task.size))
            return
        while task.offset < task.size:
            end = min(task.size, task.offset + (self._part or task.size))
            task.session = self._patch(task, stream, end)
            task.offset = end
            retry.progress()
        self._finish(task, None)

    def _is_there(self, task: "_Task") -> bool:
        return self._registry.has_blob(task.repository, task.digest, task.size)

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
            self._registry.dismiss(opened, scope)
        return False

    def _begin(self, task: "_Task") -> str:
        with self._registry.send(
            "POST",
            f"/v2/{task.repository}/blobs/uploads/",
            task.scope,
            task.operation,
            headers={"Content-Length": "0"},
        ) as reply:
            self._registry.expect(reply, task.operation, HTTPStatus.ACCEPTED)
            return self._location(reply)

    def _patch(self, task: "_Task", stream: "_Stream", end: int) -> str:
        offset = task.offset
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(end - offset),
        }
        if offset or end < task.size:
            headers["Content-Range"] = f"{offset}-{end - 1}"
        body = stream.take(offset, end - offset)
        with self._once("PATCH", task.session, task.scope, headers, body) as reply:
            if offset and reply.status in _ONE_PART_ONLY and self._part:
                raise _PartsRefusedError
            self._registry.expect(reply, task.operation, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT)
            return self._location(reply)

    def _finish(self, task: "_Task", body: Iterator[bytes] | None) -> None:
        mark = "&" if urlsplit(task.session).query else "?"
        url = f"{task.session}{mark}digest={quote(task.digest, safe='')}"
        size = task.size if body is not None else 0
        headers = {"Content-Length": str(size), "Content-Type": "application/octet-stream"}
        task.sent = True
        with self._once("PUT", url, task.scope, headers, body if size else None) as reply:
            self._registry.expect(reply, task.operation, HTTPStatus.CREATED, HTTPStatus.NO_CONTENT)

    def _once(
        self,
        method: str,
        url: str,
        scope: Scope,
        headers: dict[str, str],
        body: Iterator[bytes] | None,
    ) -> Reply:
        within = self._registry.patience.commit if method == "PUT" else None
        reply = self._registry.once(
            method, url, scope, headers=headers, body=body, answer_within=within
        )
        # 404: the upload is lost. 401: the token ran out while the body went out.
        if reply.busy or reply.status in (HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED):
            with reply:
                if reply.status == HTTPStatus.UNAUTHORIZED:
                    self._registry.forget(scope)
                raise reply.as_cut()
        return reply

    def _resume(self, task: "_Task") -> None:
        """Ask how far an upload came; nothing known means a new one."""
        if not task.session:
            return
        operation = "ask how far an upload came"
        try:
            with self._registry.send("GET", task.session, task.scope, operation) as reply:
                if reply.status == HTTPStatus.NO_CONTENT:
                    _, _, last = reply.header("Range").rpartition("-")
                    offset = int(last) + 1 if last.isdecimal() and int(last) else 0
                    if 0 < offset < task.size:
                        task.session, task.offset = self._location(reply) or task.session, offset
                        return
        except RegistryError:
            # It cannot even be asked: a new one will tell why.
            task.session = ""
            return
        self._cancel(task)

    def _cancel(self, task: "_Task") -> None:
        if task.session:
            self._registry.dismiss(task.session, task.scope)
            task.session = ""

    def _location(self, reply: Reply) -> str:
        location = urljoin(reply.url, reply.header("Location"))
        own, there = urlsplit(self._registry.url), urlsplit(location)
        if there.netloc == own.netloc:
            # Behind a proxy that ends TLS a registry may name itself with http.
            return there._replace(scheme=own.scheme).geturl()
        return location


@dataclass
class _Task:
    """One upload and how far it is; `sent` once all bytes went out."""

    repository: str
    digest: str
    size: int
    operation: str
    scope: Scope
    session: str = ""
    offset: int = 0
    sent: bool = False


class _Stream:
    """The bytes of a blob over several parts, read on where the last part ended."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._pieces: Iterator[bytes] | None = None
        self._position = 0
        self._rest = b""

    def take(self, offset: int, size: int) -> Iterator[bytes]:
        """Give so many bytes from an offset on."""
        if self._pieces is None or self._position != offset:
            self.close()
            self._pieces, self._position, self._rest = self._read(offset), offset, b""
        pieces, left = self._pieces, size
        while left:
            try:
                piece = self._rest or next(pieces, b"")
            except BaseException:
                self._pieces = None
                raise
            if not piece:
                return
            piece, self._rest = piece[:left], piece[left:]
            left -= len(piece)
            self._position += len(piece)
            yield piece

    def close(self) -> None:
        """Close the source."""
        close = getattr(self._pieces, "close", None)
        self._pieces = None
        if close:
            close()
