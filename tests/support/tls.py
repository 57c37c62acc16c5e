"""Certificates for servers and clients on loopback."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from odh_nim.cluster import ClientCertificate
from odh_nim.sandbox.certificates import Authority


@dataclass(frozen=True)
class Pki:
    authority: Authority
    server: ssl.SSLContext

    @property
    def ca(self) -> bytes:
        return self.authority.pem

    def client(self, name: str) -> ClientCertificate:
        certificate, key = self.authority.issue_client(name)
        return ClientCertificate(certificate, key)


def make_pki(folder: Path, *hosts: str) -> Pki:
    """Make an authority, and a server's context that asks clients for a certificate."""
    authority = Authority("test")
    certificate, key = authority.issue_server("server", hosts or ("127.0.0.1",))
    file = folder / "server.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.load_verify_locations(cadata=authority.pem.decode())
    context.verify_mode = ssl.CERT_OPTIONAL
    return Pki(authority, context)
