"""The sandbox's certificates: one authority for its servers, one for the API server's proxy."""

import datetime as dt
import ipaddress
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from odh_nim.sandbox.layout import make_private_folder, write_private
from odh_nim.sandbox.openshift.project_api_objects import HOST as PROJECT_API_HOST

_LIFETIME: Final = dt.timedelta(days=3650)
_RENEW_BEFORE: Final = dt.timedelta(days=30)
_SERVERS: Final = {
    "apiserver": ("localhost", "127.0.0.1", "kubernetes", "kubernetes.default.svc", "10.0.0.1"),
    "kserve": ("localhost", "127.0.0.1"),
    "kubelet": ("localhost", "127.0.0.1"),
    "project-api": ("localhost", "127.0.0.1", PROJECT_API_HOST),
}


class Authority:
    """A certificate authority that signs for the sandbox."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        public = self._key.public_key()
        self._certificate = (
            _builder(subject, subject, public)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """The certificate that others trust."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue_server(self, name: str, hosts: Sequence[str]) -> tuple[bytes, bytes]:
        """Make certificate and key of a server at these host names and addresses."""
        alternatives = x509.SubjectAlternativeName([_host(host) for host in hosts])
        return self._issue(name, ExtendedKeyUsageOID.SERVER_AUTH, alternatives)

    def issue_client(self, name: str) -> tuple[bytes, bytes]:
        """Make certificate and key of a client."""
        return self._issue(name, ExtendedKeyUsageOID.CLIENT_AUTH)

    def _issue(
        self,
        name: str,
        purpose: x509.ObjectIdentifier,
        alternatives: x509.SubjectAlternativeName | None = None,
    ) -> tuple[bytes, bytes]:
        key = ec.generate_private_key(ec.SECP256R1())
        public = key.public_key()
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            _builder(_name(name), self._certificate.subject, public)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(issuer, critical=False)
        )
        if alternatives is not None:
            builder = builder.add_extension(alternatives, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def ensure_certificates(folder: Path) -> None:
    """Make all certificates, or leave those that are there and will still be good for a while."""
    if _are_good(folder):
        return
    # Made beside and moved at the end: an interrupted run leaves no half set.
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    make_private_folder(fresh)
    _make_all(fresh)
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)


def _make_all(folder: Path) -> None:
    authority = Authority("odh-nim sandbox")
    write_private(folder / "ca.crt", authority.pem)
    for server, hosts in _SERVERS.items():
        place = folder / server
        make_private_folder(place)
        certificate, key = authority.issue_server(server, hosts)
        # The names that KServe's webhook server looks for.
        write_private(place / "tls.crt", certificate)
        write_private(place / "tls.key", key)
    # Another authority: whoever it signs for may speak in any user's name.
    proxy = Authority("odh-nim sandbox front proxy")
    certificate, key = proxy.issue_client("front-proxy")
    write_private(folder / "front-proxy-ca.crt", proxy.pem)
    write_private(folder / "front-proxy.crt", certificate)
    write_private(folder / "front-proxy.key", key)
    write_private(
        folder / "service-accounts.key", _key_pem(ec.generate_private_key(ec.SECP256R1()))
    )


def _are_good(folder: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    except (OSError, ValueError):
        return False
    servers_are_there = all((folder / server / "tls.key").is_file() for server in _SERVERS)
    remaining = certificate.not_valid_after_utc - dt.datetime.now(dt.UTC)
    return servers_are_there and remaining > _RENEW_BEFORE


def _builder(
    subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        # A clock that is set back a little must not make the sandbox unusable.
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    # The old format: kube-apiserver reads it for service accounts, every server for itself.
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
