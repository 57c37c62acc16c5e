"""What the routes work with: one connection pool to each service, no state of any user."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from odh_nim.cluster import Client, ConnectionConfig
from odh_nim.ngc import NgcClient
from odh_nim.registry import RegistryClient
from odh_nim.web.limits import KeyCheckLimit


@dataclass(frozen=True)
class Addresses:
    """Where the services are; they come from settings, never from a request."""

    cluster: ConnectionConfig
    ngc_url: str
    registry_url: str
    applications_namespace: str | None


@dataclass(frozen=True)
class Services:
    """The open connections."""

    cluster: Client
    ngc: NgcClient
    registry: RegistryClient
    applications_namespace: str | None
    key_checks: KeyCheckLimit = field(default_factory=KeyCheckLimit)


@asynccontextmanager
async def open_services(addresses: Addresses) -> AsyncIterator[Services]:
    """Open every pool; nothing is sent before a request asks for it."""
    async with AsyncExitStack() as stack:
        yield Services(
            cluster=await stack.enter_async_context(Client(addresses.cluster)),
            ngc=await stack.enter_async_context(NgcClient(addresses.ngc_url)),
            registry=await stack.enter_async_context(RegistryClient(addresses.registry_url)),
            applications_namespace=addresses.applications_namespace,
        )


def get_services(request: Request) -> Services:
    """Give a route the open connections."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


Given = Annotated[Services, Depends(get_services)]
