"""A registry of our own in memory, with every fault that real ones have; and its books."""

import base64
import hashlib
import json
import re
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PIECE = 64 * 1024


@dataclass
class Fault:
    """What goes wrong: `kind` on requests whose `METHOD path` matches, `times` times."""

    kind: str
    matches: str
    times: int = 1
    at: int = 0
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class FakeRegistry:
    """Blobs and manifests of repositories, and what was asked for."""

    blobs: dict[str, bytes] = field(default_factory=dict)
    links: set[tuple[str, str]] = field(default_factory=set)
    manifests: dict[tuple[str, str], tuple[bytes, str]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    headers_seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    read: Counter[str] = field(default_factory=Counter)
    received: int = 0
    ranges: bool = True
    # Seconds that each piece of a blob takes.
    delay: float = 0.0
    # "keeps" what came of a broken PATCH, or "drops" the upload, as `distribution` does.
    broken_patch: str = "drops"
    mounts: str = "mount"
    parts: bool = True
    # (user, password) that a token is given for, its life in seconds, and the scheme.
    login: tuple[str, str] | None = None
    scheme: str = "bearer"
    token_life: float = 300
    tokens: dict[str, tuple[float, str]] = field(default_factory=dict)
    later_realm: str = ""
    redirect_blobs: str = ""
    presigned: dict[str, float] = field(default_factory=dict)
    presigned_life: float = 60
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault(self, line: str) -> Fault | None:
        with self.lock:
            for each in self.faults:
                if each.times > 0 and re.search(each.matches, line):
                    each.times -= 1
                    return each
        return None

    def put(self, repository: str, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        self.links.add((repository, digest))
        return digest

    def put_manifest(self, repository: str, tag: str, body: bytes, media_type: str) -> str:
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        self.manifests[repository, digest] = self.manifests[repository, tag] = (body, media_type)
        return digest

    def count(self, pattern: str) -> int:
        return sum(1 for line in self.requests if re.search(pattern, line))


@contextmanager
def serve(
    registry: FakeRegistry, *, port: int = 0, tls: ssl.SSLContext | None = None
) -> Iterator[str]:
    """Serve a registry on loopback; gives `host:port`."""
    handler = type("Handler", (_Handler,), {"registry": registry})
    server = _Server(("127.0.0.1", port), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    host = f"127.0.0.1:{server.server_address[1]}"
    registry.url = f"{'https' if tls else 'http'}://{host}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        server.cut_all()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, *args: Any) -> None:
        self.open: set[socket.socket] = set()
        super().__init__(*args)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def cut_all(self) -> None:
        """End the kept-alive connections, as a killed server would."""
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Broken connections are what these tests are about."""


class _CutError(Exception):
    pass


class _Handler(BaseHTTPRequestHandler):
    registry: FakeRegistry
    protocol_version = "HTTP/1.1"
    wbufsize = 0
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Write nothing."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (_CutError, OSError):
            self.close_connection = True

    def _dispatch(self) -> None:
        line = f"{self.command} {self.path}"
        registry = self.registry
        with registry.lock:
            registry.requests.append(line)
            registry.headers_seen.append((line, dict(self.headers.items())))
        self.fault = registry.fault(line)
        if self.fault and self._fault_before(self.fault):
            return
        parts = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if parts.path == "/token":
            self._token()
        elif parts.path.startswith("/elsewhere/"):
            self._elsewhere(parts.path)
        elif self._allowed():
            self._route(parts.path)

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = _dispatch  # noqa: N815 - the base's names

    def _fault_before(self, fault: Fault) -> bool:
        if fault.kind.isdecimal():
            self._drain()
            self._answer(int(fault.kind), b"{}", fault.headers)
            return True
        if fault.kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
            raise _CutError
        if fault.kind == "stall":
            time.sleep(fault.seconds)
        return False

    def _drain(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        while length > 0:
            piece = self.rfile.read(min(PIECE, length))
            if not piece:
                return
            length -= len(piece)

    def _allowed(self) -> bool:
        registry = self.registry
        if registry.login is None:
            return True
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if registry.scheme == "basic":
            if scheme == "Basic" and base64.b64decode(value).decode() == ":".join(registry.login):
                return True
            self._drain()
            self._answer(401, b"{}", {"WWW-Authenticate": 'Basic realm="fake"'})
            return False
        life = registry.tokens.get(value, (0.0, ""))[0]
        if scheme == "Bearer" and time.monotonic() < life:
            return True
        realm = f"{registry.url}/token"
        if registry.later_realm and value:
            realm = registry.later_realm
        self._drain()
        self._answer(
            401, b"{}", {"WWW-Authenticate": f'Bearer realm="{realm}",service="fake",scope="x"'}
        )
        return False

    def _token(self) -> None:
        registry = self.registry
        sent = self.headers.get("Authorization", "").removeprefix("Basic ")
        form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        good = base64.b64decode(sent).decode() == ":".join(registry.login or ())
        if not good and f"refresh_token={(registry.login or ('', '-'))[1]}" not in form:
            self._answer(401, b'{"errors":[{"code":"UNAUTHORIZED"}]}')
            return
        token = f"token-{len(registry.tokens)}"
        scope = ",".join(parse_qs(urlsplit(self.path).query).get("scope", []))
        registry.tokens[token] = (time.monotonic() + registry.token_life, scope)
        body = {"token": token, "expires_in": registry.token_life}
        self._answer(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _route(self, path: str) -> None:
        routes: list[tuple[str, Callable[..., None]]] = [
            (r"/v2/(.+)/blobs/uploads/(\w*)", self._upload),
            (r"/v2/(.+)/blobs/(sha256:[0-9a-f]{64})", self._blob),
            (r"/v2/(.+)/manifests/([^/]+)", self._manifest),
            (r"/v2/(.+)/tags/list", self._tags),
        ]
        for pattern, route in routes:
            if match := re.fullmatch(pattern, path):
                route(*match.groups())
                return
        self._answer(200 if path == "/v2/" else 404, b"{}")

    def _tags(self, repository: str) -> None:
        names = {tag for repo, tag in self.registry.manifests if repo == repository}
        tags = sorted(name for name in names if not name.startswith("sha256:"))
        first = self.query.get("last", "")
        page = [tag for tag in tags if tag > first][:2]
        more = bool(page) and page[-1] != tags[-1]
        link = f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"' if more else ""
        self._answer(
            200 if names else 404,
            json.dumps({"tags": page}).encode(),
            {"Link": link} if link else {},
        )

    def _manifest(self, repository: str, reference: str) -> None:
        registry = self.registry
        if self.command == "PUT":
            body = self.rfile.read(int(self.headers["Content-Length"]))
            media_type = self.headers["Content-Type"]
            missing = [
                digest
                for digest in re.findall(rb'"digest"\s*:\s*"(sha256:[0-9a-f]{64})"', body)
                if (repository, digest.decode()) not in registry.links
                and (repository, digest.decode()) not in registry.manifests
            ]
            if missing:
                self._answer(400, b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}')
                return
            digest = registry.put_manifest(repository, reference, body, media_type)
            self._answer(201, b"", {"Docker-Content-Digest": digest})
            return
        found = registry.manifests.get((repository, reference))
        if found is None:
            known = any(repo == repository for repo, _ in registry.manifests)
            code = b"MANIFEST_UNKNOWN" if known else b"NAME_UNKNOWN"
            self._answer(404, b'{"errors":[{"code":"%s"}]}' % code)
            return
        body, media_type = found
        if self.command == "DELETE":
            for key in [key for key, value in registry.manifests.items() if value == found]:
                if key[0] == repository:
                    del registry.manifests[key]
            self._answer(202, b"")
            return
        digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
        if self.fault and self.fault.kind == "flip":
            body = body[:-2] + b" }"
        self._answer(200, body, {"Content-Type": media_type, "Docker-Content-Digest": digest})

    def _blob(self, repository: str, digest: str) -> None:
        registry = self.registry
        if (repository, digest) not in registry.links:
            self._answer(404, b'{"errors":[{"code":"BLOB_UNKNOWN"}]}')
        elif registry.redirect_blobs and self.command == "GET":
            key = f"{digest}-{len(registry.presigned)}"
            registry.presigned[key] = time.monotonic() + registry.presigned_life
            self._answer(307, b"", {"Location": f"{registry.redirect_blobs}/elsewhere/{key}"})
        else:
            self._send_blob(digest)

    def _elsewhere(self, path: str) -> None:
        key = path.removeprefix("/elsewhere/")
        if time.monotonic() > self.registry.presigned.get(key, 0):
            self._answer(403, b"<Error>expired</Error>")
            return
        self._send_blob(key.rpartition("-")[0])

    def _send_blob(self, digest: str) -> None:
        registry, fault = self.registry, self.fault
        content = registry.blobs[digest]
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        offset = int(match.group(1)) if match and registry.ranges else 0
        if fault and fault.kind == "flip":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        part = content[offset:]
        length = len(part)
        if fault and fault.kind == "length":
            length += fault.at
        self.send_response(206 if offset else 200)
        if offset:
            self.send_header("Content-Range", f"bytes {offset}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(length))
        self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command == "HEAD":
            return
        end = min(len(part), length)
        stop = fault.at if fault and fault.kind in ("cut", "slow", "mid-stall") else end
        for start in range(0, end, PIECE):
            piece = part[start : min(start + PIECE, end)]
            if start + len(piece) > stop:
                piece = part[start:stop]
                self.connection.sendall(piece)
                registry.read[digest] += len(piece)
                if fault and fault.kind == "mid-stall":
                    time.sleep(fault.seconds)
                raise _CutError
            # Before it goes out: who got the last byte may look into the books at once.
            with registry.lock:
                registry.read[digest] += len(piece)
            self.connection.sendall(piece)
            time.sleep(registry.delay)
        if length > len(part):
            raise _CutError

    def _upload(self, repository: str, session: str) -> None:
        {
            "POST": self._begin,
            "PATCH": self._patch,
            "PUT": self._finish,
            "GET": self._status,
            "DELETE": self._cancel,
        }[self.command](repository, session)

    def _begin(self, repository: str, _session: str) -> None:
        registry = self.registry
        digest, source = self.query.get("mount"), self.query.get("from")
        if digest and registry.mounts.isdecimal():
            self._answer(int(registry.mounts), b"{}")
            return
        if digest and source and registry.mounts == "mount" and (source, digest) in registry.links:
            registry.links.add((repository, digest))
            self._answer(201, b"")
            return
        with registry.lock:
            session = f"u{len(registry.requests)}"
            registry.uploads[session] = bytearray()
        self._answer(202, b"", {"Location": f"/v2/{repository}/blobs/uploads/{session}?_state=x"})

    def _take(self, session: str) -> bool:
        """Read a body into the upload; False where it broke."""
        registry, upload = self.registry, self.registry.uploads[session]
        before, left = len(upload), int(self.headers.get("Content-Length") or 0)
        fault, taken = self.fault, 0
        while left:
            piece = self.rfile.read(min(PIECE, left))
            upload += piece
            taken += len(piece)
            with registry.lock:
                registry.received += len(piece)
            left -= len(piece)
            if not piece or (fault and fault.kind == "cut" and taken >= fault.at):
                if registry.broken_patch == "drops":
                    registry.uploads.pop(session, None)
                return False
        return len(upload) >= before

    def _patch(self, repository: str, session: str) -> None:
        registry = self.registry
        if session not in registry.uploads:
            self._drain()
            self._answer(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
            return
        if len(registry.uploads[session]) and not registry.parts:
            self._drain()
            self._answer(416, b"{}")
            return
        if not self._take(session):
            raise _CutError
        self._status(repository, session, 202)

    def _status(self, repository: str, session: str, status: int = 204) -> None:
        upload = self.registry.uploads.get(session)
        if upload is None:
            self._answer(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
            return
        headers = {
            "Location": f"/v2/{repository}/blobs/uploads/{session}?_state=x",
            "Range": f"0-{max(0, len(upload) - 1)}",
        }
        self._answer(status, b"", headers)

    def _finish(self, repository: str, session: str) -> None:
        registry = self.registry
        if session not in registry.uploads:
            self._drain()
            self._answer(404, b'{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}')
            return
        if not self._take(session):
            raise _CutError
        content = bytes(registry.uploads.pop(session))
        if f"sha256:{hashlib.sha256(content).hexdigest()}" != self.query["digest"]:
            self._answer(400, b'{"errors":[{"code":"DIGEST_INVALID"}]}')
            return
        registry.put(repository, content)
        if self.fault and self.fault.kind == "lost":
            raise _CutError
        if self.fault and self.fault.kind == "late":
            time.sleep(self.fault.seconds)
        self._answer(201, b"", {"Docker-Content-Digest": self.query["digest"]})

    def _cancel(self, _repository: str, session: str) -> None:
        known = self.registry.uploads.pop(session, None)
        self._answer(204 if known is not None else 404, b"")

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and body:
            self.connection.sendall(body)
