"""Starts the server the two ways it is used: in a cluster behind a proxy, and on a laptop."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from odh_nim.cluster import ConnectionConfig
from odh_nim.domain.errors import InputError
from odh_nim.settings import Settings
from odh_nim.web.access_log import write_json_logs
from odh_nim.web.app import TOKEN_HEADER, WebConfig, create_app
from odh_nim.web.identity import START, LocalSession, Mode
from odh_nim.web.services import GRACE, Addresses, open_services
from odh_nim.web.serving import make_server

LOOPBACK: Final = "127.0.0.1"
_LOOPBACK_HOSTS: Final = (LOOPBACK, "localhost", "::1")
_BACKLOG: Final = 512


@dataclass(frozen=True)
class ServeOptions:
    """How the server behind a proxy is reached."""

    host: str = LOOPBACK
    port: int = 8080
    token_header: str = TOKEN_HEADER
    frame_ancestors: str = "'none'"
    projects: tuple[str, ...] = ()
    exposed: bool = False
    grace: float = GRACE


async def serve(connection: ConnectionConfig, settings: Settings, options: ServeOptions) -> None:
    """Serve many callers, each with the token that the proxy in front passes on.

    Whatever credentials the connection has are left out: a request without a caller is impossible.

    Raises:
        InputError: It would listen where others than the proxy reach it.

    """
    if options.host not in _LOOPBACK_HOSTS and not options.exposed:
        raise InputError(
            f"On {options.host} others than the proxy in front could reach the server.",
            remedy="Listen on 127.0.0.1 with the proxy in the same pod, or say --exposed.",
        )
    write_json_logs()
    config = WebConfig(
        mode=Mode.HEADER,
        token_header=options.token_header,
        frame_ancestors=options.frame_ancestors,
    )
    addresses = replace(
        _addresses(connection.without_credentials(), settings),
        mode=Mode.HEADER,
        projects=options.projects,
        grace=options.grace,
    )
    await _run(config, addresses, _listen(options.host, options.port))


async def serve_locally(
    connection: ConnectionConfig,
    settings: Settings,
    *,
    port: int,
    ready: Callable[[str], None],
    renewed: Callable[[str], None] | None = None,
) -> None:
    """Serve the browser of this machine, with the kubeconfig's own credentials.

    `ready` gets the address to open; it works once. `renewed` gets the next address whenever one
    was used; without it there is only the first.
    """
    listening = _listen(LOOPBACK, port)
    number = listening.getsockname()[1]

    def address_with(ticket: str) -> str:
        return f"http://{LOOPBACK}:{number}{START}?ticket={ticket}"

    session = LocalSession(cookie_name=f"odh-nim-session-{number}")
    assert session.ticket is not None
    address = address_with(session.ticket)
    if renewed is not None:
        tell = renewed
        session.renewed = lambda ticket: tell(address_with(ticket))
    config = WebConfig(
        mode=Mode.LOCAL,
        session=session,
        hosts=frozenset({f"{LOOPBACK}:{number}", f"localhost:{number}"}),
    )
    addresses = replace(
        _addresses(connection, settings),
        mode=Mode.LOCAL,
        # The context's own project is known without a list.
        projects=(connection.namespace,) if connection.namespace != "default" else (),
    )
    await _run(config, addresses, listening, ready=lambda: ready(address))


async def _run(
    config: WebConfig,
    addresses: Addresses,
    listening: socket.socket,
    *,
    ready: Callable[[], None] | None = None,
) -> None:
    host, port = listening.getsockname()[:2]
    closing = asyncio.Event()
    server = make_server(
        create_app(config, lambda: open_services(addresses, closing)),
        host=host,
        port=port,
        closing=closing.set,
        grace=addresses.grace,
    )
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.02)
        if server.started and ready is not None:
            ready()
        await serving
    finally:
        listening.close()


def _addresses(connection: ConnectionConfig, settings: Settings) -> Addresses:
    return Addresses(
        cluster=connection,
        ngc_url=settings.ngc_url,
        registry_url=settings.registry_url,
        applications_namespace=settings.applications_namespace,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only where the protocol is named; otherwise an answer in
    # two writes waits 40 ms for the other side's delayed acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise InputError(
            f"Nothing can listen on {host}:{port}: {error.strerror}.",
            remedy="Choose another --port.",
        ) from None
    listening.listen(_BACKLOG)
    return listening
