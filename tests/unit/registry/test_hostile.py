"""Registries that lie, or never end: one error in time, and no byte too many is kept."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from odh_nim.domain.errors import RegistryError
from support.registry_clients import open_store
from support.registry_server import FakeRegistry, Fault, serve

REPOSITORY = "nim/team/m0"
DIGEST = "sha256:" + "a" * 64
PIECE = b"x" * 65536


@contextmanager
def answering(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    """Serve one answer to everything; gives `host:port`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            try:
                answer(self)
            except OSError:
                self.close_connection = True

        do_HEAD = do_GET  # noqa: N815 - the base's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/vnd.oci.image.manifest.v1+json")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    until = time.monotonic() + 20
    while time.monotonic() < until:
        handler.wfile.write(b"%x\r\n%s\r\n" % (len(PIECE), PIECE))


def test_a_manifest_without_end_is_one_error() -> None:
    """R-TST-04."""
    with (
        answering(endless) as host,
        open_store(host) as store,
        pytest.raises(RegistryError, match="larger than 8 MiB"),
    ):
        store.manifest(REPOSITORY, "1.0.0")


def test_of_a_blob_without_end_only_its_size_is_taken() -> None:
    with answering(endless) as host, open_store(host) as store:
        taken = sum(map(len, store.read_blob(REPOSITORY, DIGEST, 100_000)))

    assert taken == 100_000


def test_a_length_that_is_too_short_for_the_blob_is_an_error_in_time() -> None:
    """Content-Length lies: each connection ends early, and no progress is made at its end."""
    registry = FakeRegistry(ranges=False)
    digest = registry.put(REPOSITORY, b"y" * 1000)
    with (
        serve(registry) as host,
        open_store(host) as store,
        pytest.raises(RegistryError, match="cut before"),
    ):
        list(store.read_blob(REPOSITORY, digest, 2000))


def test_a_length_that_is_too_long_is_refused_before_a_byte_is_read() -> None:
    registry = FakeRegistry(faults=[Fault("length", "GET", at=5000)])
    digest = registry.put(REPOSITORY, b"y" * 1000)
    with (
        serve(registry) as host,
        open_store(host) as store,
        pytest.raises(RegistryError, match="6000 bytes instead of 1000"),
    ):
        list(store.read_blob(REPOSITORY, digest, 1000))


@pytest.mark.parametrize("where", ["/v2/x/tags/list?n=1", "http://127.0.0.2:9/v2/x/tags/list"])
def test_pages_of_tags_that_lead_round_or_away_end(where: str) -> None:
    asked = []

    def page(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        body = b'{"tags": ["1.0.0"]}'
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Link", f'<{where}>; rel="next"')
        handler.end_headers()
        handler.wfile.write(body)

    with answering(page) as host, open_store(host) as store:
        assert store.tags("x") == ["1.0.0"]

    assert len(asked) <= 2


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"tags": 7}', b'{"tags": {"a": 1}}'])
def test_a_list_of_tags_that_is_none_is_one_error(body: bytes) -> None:
    def page(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with (
        answering(page) as host,
        open_store(host) as store,
        pytest.raises(RegistryError, match="list the tags"),
    ):
        store.tags("x")
