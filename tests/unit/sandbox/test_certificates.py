import datetime as dt
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from odh_nim.sandbox.certificates import Authority, ensure_certificates


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates") / "certificates"
    ensure_certificates(folder)
    return folder


def test_every_file_is_the_users_alone(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]

    assert len(files) == 13
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("server", ["apiserver", "kserve", "kubelet", "project-api"])
def test_servers_are_trusted_on_loopback_by_a_strict_client(folder: Path, server: str) -> None:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.verify_flags |= ssl.VERIFY_X509_STRICT

    assert handshake(folder / server, context, "127.0.0.1") == "TLSv1.3"


def test_project_api_is_trusted_under_the_name_of_its_service(folder: Path) -> None:
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))

    name = "project-api.odh-nim-sandbox.svc"
    assert handshake(folder / "project-api", context, name) == "TLSv1.3"


def test_authority_of_the_proxy_is_not_that_of_the_servers(folder: Path) -> None:
    """Who has its signature may speak in any user's name."""
    client = x509.load_pem_x509_certificate((folder / "front-proxy.crt").read_bytes())
    servers = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    proxies = x509.load_pem_x509_certificate((folder / "front-proxy-ca.crt").read_bytes())

    client.verify_directly_issued_by(proxies)
    with pytest.raises(ValueError, match="Issuer"):
        client.verify_directly_issued_by(servers)


def test_good_certificates_are_kept(folder: Path) -> None:
    before = (folder / "ca.crt").read_bytes()

    ensure_certificates(folder)

    assert (folder / "ca.crt").read_bytes() == before


def test_half_a_set_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    ensure_certificates(folder)
    before = (folder / "ca.crt").read_bytes()
    (folder / "kserve" / "tls.key").unlink()

    ensure_certificates(folder)

    assert (folder / "ca.crt").read_bytes() != before
    assert (folder / "kserve" / "tls.key").is_file()


def test_certificates_hold_for_years() -> None:
    certificate = x509.load_pem_x509_certificate(Authority("test").pem)

    assert certificate.not_valid_after_utc - dt.datetime.now(dt.UTC) > dt.timedelta(days=3000)


def handshake(server: Path, context: ssl.SSLContext, name: str) -> str | None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(server / "tls.crt", server / "tls.key")
    listener = socket.create_server(("127.0.0.1", 0))
    accepted = threading.Thread(target=serve_once, args=(listener, ours))
    accepted.start()
    try:
        with (
            socket.create_connection(listener.getsockname(), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=name) as secured,
        ):
            return secured.version()
    finally:
        accepted.join(5)
        listener.close()


def serve_once(listener: socket.socket, context: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, context.wrap_socket(connection, server_side=True) as secured:
        secured.recv(1)
