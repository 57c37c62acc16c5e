"""The client of one registry: manifests as raw bytes, blobs as streams that mend themselves.

Blocking on purpose: blobs move in threads, which cost a quarter of the processor time of an
asynchronous client.
"""

import contextlib
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from odh_nim.domain.errors import (
    DigestError,
    OdhNimError,
    RegistryError,
    RegistryMissingError,
    RegistryRefusedError,
    TransferStoppedError,
)
from odh_nim.registry.authority import Authority, Scope
from odh_nim.registry.endpoint import Endpoint
from odh_nim.registry.logins import Login
from odh_nim.registry.patience import Brake, CutError, Patience, Retry
from odh_nim.registry.raw import RawManifest
from odh_nim.registry.wire import Body, Reply, Wire

MANIFEST_TYPES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ACCEPT: Final = {"Accept": ", ".join(MANIFEST_TYPES)}
REDIRECTS: Final = (301, 302, 303, 307, 308)
# The size of a blob that the registry does not tell.
_UNKNOWN: Final = -1
_REFUSED: Final = (401, 402, 403, 407, 451)
_WORDS: Final = {
    401: "no login, or a refused one",
    402: "the organisation has no entitlement (402)",
    403: "no right to it, or its terms are not accepted (403)",
    407: "the proxy asks for a login (407)",
    451: "it is not offered in the region this machine calls from (451)",
}


class Distribution:
    """One registry; safe to use from many threads."""

    def __init__(
        self,
        endpoint: Endpoint,
        find_login: Callable[[str, str], Login | None],
        *,
        environ: Mapping[str, str],
        patience: Patience | None = None,
        stop: threading.Event | None = None,
        on_wait: Callable[[str, float, str], None] | None = None,
    ) -> None:
        """Open connections to one registry.

        Raises:
            ConfigurationError: A certificate file cannot be used.

        """
        self.host = endpoint.host
        self.url = endpoint.url
        self.patience = patience or Patience()
        self._stop = stop or threading.Event()
        self.brake = Brake(endpoint.host, self.patience, self._stop)
        if on_wait:
            self.brake.on_wait = on_wait
        self._wire = Wire(self.url, endpoint.trust.context(), environ, self.patience)
        self._authority = Authority(endpoint, find_login, self._wire.exchange)
        self._own = urlsplit(self.url).netloc

    def abort(self) -> None:
        """Break every connection, so that waiting threads end."""
        self._wire.abort()

    def close(self) -> None:
        """Close every connection."""
        self._wire.close()

    # ── Manifests ───────────────────────────────────────────────────────────────────────────────
    def digest_of(self, repository: str, reference: str) -> str | None:
        """Ask which digest a tag has; None where there is none."""
        operation = f"look for {repository}:{reference}"
        path = f"/v2/{repository}/manifests/{reference}"
        with self.send("HEAD", path, Scope(repository), operation, headers=_ACCEPT) as reply:
            if reply.status == HTTPStatus.NOT_FOUND:
                return None
            self.expect(reply, operation, HTTPStatus.OK)
            digest = reply.header("Docker-Content-Digest")
        # Optional by the specification: then the bytes tell.
        return digest or self.manifest(repository, reference).digest

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """Fetch a manifest byte for byte; by digest it is checked.

        Raises:
            RegistryError: There is none, or it may not be read.
            DigestError: The bytes are not those of the digest.

        """
        operation = f"read the manifest of {repository}:{reference}"
        path = f"/v2/{repository}/manifests/{reference}"
        retry = self.brake.retry(operation)
        while True:
            with self.send("GET", path, Scope(repository), operation, headers=_ACCEPT) as reply:
                self.expect(reply, operation, HTTPStatus.OK)
                try:
                    body = reply.body()
                except CutError as cut:
                    retry.again(cut)
                    continue
                raw = RawManifest(body, reply.media_type)
            if reference.startswith("sha256:") and raw.digest != reference:
                raise DigestError(reference, f"{self.host}/{repository}", raw.digest)
            return raw

    def put_manifest(self, repository: str, reference: str, raw: RawManifest) -> None:
        """Store a manifest under a tag or its digest, and compare what the registry made of it.

        Raises:
            RegistryError: It was refused.
            DigestError: The registry changed it.

        """
        operation = f"write the manifest {repository}:{reference}"
        path = f"/v2/{repository}/manifests/{reference}"
        headers = {"Content-Type": raw.media_type}
        scope = Scope(repository, push=True)
        with self.send("PUT", path, scope, operation, headers=headers, body=raw.body) as reply:
            self.expect(reply, operation, HTTPStatus.CREATED, HTTPStatus.OK)
            stored = reply.header("Docker-Content-Digest")
        if not stored:
            stored = self.digest_of(repository, reference) or "nothing"
        if stored != raw.digest:
            raise DigestError(raw.digest, f"{self.host}/{repository}:{reference}", stored)

    def delete_manifest(self, repository: str, digest: str) -> bool:
        """Delete a manifest by digest, with all its tags; False where it was gone already."""
        operation = f"delete {repository}@{digest}"
        path = f"/v2/{repository}/manifests/{digest}"
        with self.send("DELETE", path, Scope(repository, push=True), operation) as reply:
            if reply.status == HTTPStatus.NOT_FOUND:
                return False
            self.expect(reply, operation, HTTPStatus.ACCEPTED, HTTPStatus.OK)
        return True

    # ── Blobs ───────────────────────────────────────────────────────────────────────────────────
    def blob_size(self, repository: str, digest: str) -> int | None:
        """Ask whether a repository has a blob: its size, or None."""
        operation = f"look for {digest} in {repository}"
        path = f"/v2/{repository}/blobs/{digest}"
        with self.send("HEAD", path, Scope(repository), operation) as reply:
            if reply.status == HTTPStatus.NOT_FOUND:
                return None
            if reply.status in REDIRECTS:
                # It is kept elsewhere, but it is there.
                return _UNKNOWN
            self.expect(reply, operation, HTTPStatus.OK)
            length = reply.header("Content-Length")
        return int(length) if length.isdecimal() else _UNKNOWN

    def has_blob(self, repository: str, digest: str, size: int | None = None) -> bool:
        """Say whether a repository has a blob; one of another size was cut when it was stored."""
        found = self.blob_size(repository, digest)
        return found is not None and (size is None or found in (size, _UNKNOWN))

    # ── One request with retries ────────────────────────────────────────────────────────────────
    def send(
        self,
        method: str,
        path: str,
        scope: Scope,
        operation: str,
        *,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        retry: Retry | None = None,
    ) -> Reply:
        """Send a request until there is an answer that is neither busy nor a wish for a login.

        Only for what may be sent twice.

        Raises:
            RegistryUnreachableError: The patience is over.
            RegistryRefusedError: The login was refused.

        """
        retry = retry or self.brake.retry(operation)
        while True:
            try:
                reply = self.once(method, path, scope, headers=headers, body=body)
                if not reply.busy:
                    return reply
                with reply:
                    raise reply.as_cut()
            except CutError as cut:
                self.check_stop()
                retry.again(cut)

    def once(
        self,
        method: str,
        path: str,
        scope: Scope,
        *,
        headers: dict[str, str] | None = None,
        body: Body | None = None,
        answer_within: float | None = None,
    ) -> Reply:
        """Send a request once; a second time only when a login was wanted and is known.

        Raises:
            CutError: There is no answer.

        """
        self.brake.wait()
        url = path if "://" in path else self.url + path
        own = self.owns(url)
        for last in (False, True):
            mine = self._authority.header(scope) if own else {}
            reply = self._wire.exchange(
                method, url, (headers or {}) | mine, body, answer_within=answer_within
            )
            self.brake.answered = True
            # A stream cannot be sent twice: whoever sends one has asked for a token before.
            if reply.status != HTTPStatus.UNAUTHORIZED or last or not own or _is_stream(body):
                return reply
            challenge = reply.header("WWW-Authenticate")
            if not self._authority.challenged(challenge, scope, mine.get("Authorization", "")):
                return reply
            with reply:
                pass
        raise AssertionError

    def elsewhere(self, url: str, scope: Scope, headers: dict[str, str]) -> Reply:
        """Ask a place that the registry named.

        Raises:
            CutError: There is no answer, or the place is not safe.

        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or (
            parts.scheme == "http" and self.url.startswith("https:")
        ):
            raise CutError("it sends the reader to an address without TLS")
        # The login never follows to another host: the address itself is the permission there.
        mine = self._authority.header(scope) if self.owns(url) else {}
        return self._wire.exchange("GET", url, headers | mine)

    def owns(self, url: str) -> bool:
        """Whether an address is the registry's own."""
        return urlsplit(url).netloc == self._own

    def forget(self, scope: Scope) -> None:
        """Drop a token that was refused; the next request gets a new one."""
        self._authority.forget(scope)

    def dismiss(self, session: str, scope: Scope) -> None:
        """Delete an upload, also while the run is being stopped; best effort.

        Its bytes would lie about in the registry for a week.
        """
        with contextlib.suppress(CutError, OdhNimError):
            mine = self._authority.header(scope) if self.owns(session) else {}
            with self._wire.exchange("DELETE", session, mine):
                pass

    def expect(self, reply: Reply, operation: str, *statuses: int) -> None:
        """Let the expected answers pass.

        Raises:
            RegistryError: It is another one.

        """
        status = reply.status
        if status in statuses:
            return
        code = reply.code()
        cause = _WORDS.get(status, f"it answered {status}") + (f", {code}" if code else "")
        if status in _REFUSED or code == "DENIED":
            raise RegistryRefusedError(self.host, operation, cause, status=status, code=code)
        kind = RegistryMissingError if status == HTTPStatus.NOT_FOUND else RegistryError
        raise kind(self.host, operation, cause, status=status, code=code)

    def check_stop(self) -> None:
        """Raise TransferStoppedError once the run was stopped."""
        if self._stop.is_set():
            raise TransferStoppedError


def _is_stream(body: Body | None) -> bool:
    return body is not None and not isinstance(body, bytes)
