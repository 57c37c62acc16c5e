"""Addresses as clients must dial them.

KServe's `status.address` is right for HTTP; for a runtime with only a gRPC port it names a port
that nobody listens on. A headless Service translates no port: then the container's port counts.
"""

from typing import Final
from urllib.parse import urlsplit

from odh_nim.deployment.structs_serving import Port, Runtime, Service
from odh_nim.deployment.view import Endpoint
from odh_nim.domain import names
from odh_nim.domain.protocol import Protocol

_AUTH_PORT: Final = 8443
_SERVICE_PORT: Final = 80
_DEFAULT_PORT: Final = 8080
_GRPC_WORDS: Final = ("grpc", "h2c")
_TOKEN_NOTE: Final = "needs a token: Authorization: Bearer …"  # noqa: S105 - no token, a remark


def endpoints_of(
    service: Service,
    runtime: Runtime | None,
    *,
    headless: bool | None = None,
    ingress_url: str | None = None,
) -> tuple[Endpoint, ...]:
    """Give the addresses of a deployment: inside the cluster, and outside where there is one.

    Where it is not known whether the Service is headless, KServe's own address tells: with a port
    it is.
    """
    host = f"{names.predictor(service.metadata.name)}.{service.metadata.namespace}.svc"
    url = service.status.address.url if service.status.address else None
    address = urlsplit(url) if url else None
    if headless is None:
        headless = address is None or address.port is not None
    auth = service.metadata.annotation(names.ENABLE_AUTH) == "true"
    guarded = auth and (address is None or address.scheme == "https")
    inside = [
        _inside(host, port, first=index == 0, headless=headless, guarded=guarded)
        for index, port in enumerate(_ports(service, runtime))
    ]
    return (*inside, *_outside(service, inside, ingress_url=ingress_url, auth=auth))


def _ports(service: Service, runtime: Runtime | None) -> tuple[Port, ...]:
    container = runtime.container if runtime else service.container
    if container is not None and container.ports:
        return container.ports
    return (Port(_DEFAULT_PORT),)


def _inside(host: str, port: Port, *, first: bool, headless: bool, guarded: bool) -> Endpoint:
    number = port.container_port if headless or not first else _SERVICE_PORT
    if any(word in port.name for word in _GRPC_WORDS):
        return Endpoint(Protocol.GRPC, f"{host}:{number}", note="plain text, HTTP/2")
    if guarded:
        return Endpoint(Protocol.HTTP, f"https://{host}:{_AUTH_PORT}", note=_TOKEN_NOTE)
    shown = "" if number == _SERVICE_PORT else f":{number}"
    return Endpoint(Protocol.HTTP, f"http://{host}{shown}")


def _outside(
    service: Service, inside: list[Endpoint], *, ingress_url: str | None, auth: bool
) -> tuple[Endpoint, ...]:
    if service.metadata.label(names.VISIBILITY_LABEL) != names.VISIBILITY_EXPOSED:
        return ()
    url = ingress_url
    # KServe writes a URL also where it makes no way in; a Route always has TLS.
    if url is None and (service.status.url or "").startswith("https://"):
        url = service.status.url
    if url is None:
        return ()
    speaks_http = any(one.protocol is Protocol.HTTP for one in inside)
    if not speaks_http:
        # The automatic Route carries no HTTP/2 to clients: an address would only mislead.
        return ()
    notes = [_TOKEN_NOTE] if auth else []
    if any(one.protocol is Protocol.GRPC for one in inside):
        notes.append("HTTP only: gRPC is reached inside the cluster")
    return (Endpoint(Protocol.HTTP, url, external=True, note="; ".join(notes)),)
