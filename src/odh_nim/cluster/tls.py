"""TLS contexts from a connection's certificates; keys never stay on disk."""

import os
import ssl
from pathlib import Path
from typing import Final

from odh_nim.cluster.config import ClientCertificate, ConnectionConfig
from odh_nim.domain.errors import KubeconfigError

_ENCRYPTED: Final = b"ENCRYPTED"


def build_context(
    config: ConnectionConfig, certificate: ClientCertificate | None
) -> ssl.SSLContext:
    """Build the context of one pool.

    Raises:
        KubeconfigError: A certificate or a key cannot be used.

    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if config.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif config.ca_data is None:
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(cadata=config.ca_data.decode("ascii"))
        except (ssl.SSLError, ValueError):
            raise KubeconfigError("The cluster's certificate authority is no PEM.") from None
    if certificate is not None:
        _load(context, certificate)
    return context


def _load(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Load a certificate and its key; Python can read them from a file only."""
    if _ENCRYPTED in certificate.key:
        raise KubeconfigError(
            "The client key is encrypted, which cannot be used here.",
            remedy="Log in with a token, or store the key without a password.",
        )
    import tempfile  # noqa: PLC0415 - tokens need no file, and it loads every packer of Python

    # 0600 from the start, gone before anything else happens.
    descriptor, name = tempfile.mkstemp(prefix="odh-nim-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(certificate.certificate.rstrip() + b"\n" + certificate.key)
        context.load_cert_chain(name)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "no PEM"
        raise KubeconfigError(
            f"The client certificate and its key cannot be used ({reason})."
        ) from None
    finally:
        Path(name).unlink(missing_ok=True)
