"""Reads blobs of one registry as streams that mend themselves."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from urllib.parse import urljoin

from odh_nim.domain.errors import RegistryError
from odh_nim.registry.authority import Scope
from odh_nim.registry.distribution import REDIRECTS, Distribution
from odh_nim.registry.patience import CutError
from odh_nim.registry.wire import Reply

_MOST_REDIRECTS: Final = 5
# A connection that gives less than this before it breaks is not "getting somewhere".
_PROGRESS: Final = 64 * 1024


class BlobReader:
    """Reads blobs; safe to use from many threads."""

    def __init__(self, registry: Distribution) -> None:
        self._registry = registry

    def read(self, repository: str, digest: str, size: int, offset: int = 0) -> Iterator[bytes]:
        """Read a blob from an offset on; a broken connection is taken up where it broke.

        The bytes are not checked here: whoever keeps them hashes them on the way.

        Raises:
            RegistryError: It cannot be read.

        """
        operation = f"read the blob {digest} of {repository}"
        retry, began = self._registry.brake.retry(operation), offset
        while offset < size:
            try:
                with self._open_blob(repository, digest, offset, size, operation) as reply:
                    for piece in self._after(reply, offset, size):
                        offset += len(piece)
                        if offset - began >= _PROGRESS:
                            retry.progress()
                            self._registry.brake.answered = True
                        yield piece
                if offset < size:
                    raise CutError("the connection was cut before the answer was complete")  # noqa: TRY301 - one way to try again
            except CutError as cut:
                self._registry.check_stop()
                began = offset
                retry.again(cut)

    def _after(self, reply: Reply, offset: int, size: int) -> Iterator[bytes]:
        """Give the bytes from the offset on, also where the server sent all from the start."""
        skip = offset if reply.status == HTTPStatus.OK else 0
        for piece in reply.pieces(size - offset + skip):
            self._registry.check_stop()
            if skip >= len(piece):
                skip -= len(piece)
                continue
            yield piece[skip:] if skip else piece
            skip = 0

    def _open_blob(
        self, repository: str, digest: str, offset: int, size: int, operation: str
    ) -> Reply:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        url, scope = f"/v2/{repository}/blobs/{digest}", Scope(repository)
        reply = self._registry.send("GET", url, scope, operation, headers=headers)
        for _ in range(_MOST_REDIRECTS):
            if reply.status not in REDIRECTS:
                break
            url = urljoin(reply.url, reply.header("Location"))
            with reply:
                pass
            reply = self._registry.elsewhere(url, scope, headers)
        try:
            self._check_opened(reply, operation, offset, size)
        except BaseException:
            reply.response.close()
            reply.response.release_conn()
            raise
        return reply

    def _check_opened(self, reply: Reply, operation: str, offset: int, size: int) -> None:
        status = reply.status
        if reply.busy:
            raise reply.as_cut()
        if status == HTTPStatus.FORBIDDEN and not self._registry.owns(reply.url):
            # An address with a permission in it that has run out: the registry gives a new one.
            raise CutError("the address it gave has expired")
        self._registry.expect(reply, operation, HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT)
        if status == HTTPStatus.PARTIAL_CONTENT and not reply.header("Content-Range").startswith(
            f"bytes {offset}-"
        ):
            raise CutError("it gave another part than the one asked for")
        length = reply.header("Content-Length")
        whole = size if status == HTTPStatus.OK else size - offset
        if length.isdecimal() and int(length) > whole:
            raise RegistryError(
                self._registry.host,
                operation,
                f"it has {length} bytes instead of {whole}",
                status=status,
            )
