"""A token service beside a real registry: it signs what the registry's own check accepts."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from support.registry_tls import Certificates

ISSUER, SERVICE = "test issuer", "mirror"


@dataclass
class TokenServer:
    """Who may log in, how long a token lives, and the scopes that were asked for."""

    certificates: Certificates
    login: tuple[str, str]
    life: int = 300
    url: str = ""
    scopes: list[str] = field(default_factory=list)

    def auth(self) -> dict[str, Any]:
        """Give the registry's configuration."""
        return {
            "token": {
                "realm": f"{self.url}/token",
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self.certificates.ca),
            }
        }

    def token(self, user: str, scopes: list[str]) -> str:
        """Sign a token with the server's key; its certificate is in the header."""
        certificate, key = self.certificates.pair("server")
        signer = serialization.load_pem_private_key(key.read_bytes(), None)
        assert isinstance(signer, ec.EllipticCurvePrivateKey)
        der = x509.load_pem_x509_certificate(certificate.read_bytes()).public_bytes(
            serialization.Encoding.DER
        )
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode()]}
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": SERVICE,
            "nbf": now - 5,
            "iat": now,
            "exp": now + self.life,
            "jti": hashlib.sha256(repr(scopes).encode()).hexdigest(),
            "access": [_access(scope) for scope in scopes],
        }
        text = f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}"
        first, second = decode_dss_signature(signer.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_part(first.to_bytes(32, 'big') + second.to_bytes(32, 'big'))}"


def _access(scope: str) -> dict[str, Any]:
    kind, name, actions = scope.split(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


def _part(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@contextmanager
def tokens(server: TokenServer) -> Iterator[TokenServer]:
    """Serve tokens over TLS, to those who show a client certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = base64.b64decode(self.headers.get("Authorization", "").removeprefix("Basic "))
            user, _, password = sent.decode().partition(":")
            scopes = parse_qs(urlsplit(self.path).query).get("scope", [])
            good = (user, password) == server.login
            server.scopes += scopes
            answer = {"token": server.token(user, scopes), "expires_in": server.life}
            body = json.dumps(answer if good else {}).encode()
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
            """Write nothing."""

    service = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = server.certificates.server_context(ask_client=True)
    service.socket = context.wrap_socket(service.socket, server_side=True)
    server.url = f"https://127.0.0.1:{service.server_address[1]}"
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        service.shutdown()
        service.server_close()
        thread.join()
