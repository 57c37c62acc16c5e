"""What the routes work with: one connection pool to each service, no state of any user."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import Depends, Request

from odh_nim.cluster import Client, ConnectionConfig, Timeouts
from odh_nim.journeys.key_use import Nvidia
from odh_nim.journeys.site import Site, SiteReader
from odh_nim.ngc import NgcClient
from odh_nim.registry import RegistryClient
from odh_nim.web.hub import Hubs
from odh_nim.web.identity import Mode
from odh_nim.web.limits import KeyCheckLimit
from odh_nim.web.models_cache import ModelsCache
from odh_nim.web.moments import Moments, login_of_caller
from odh_nim.web.runs import Runs

# Longer than the deadlines of a deployment and of its rollback together.
GRACE: Final = 170.0
# A person waits for the answer, and a proxy in front gives up after half a minute.
# A changed configuration counts within 30 s; a login that ends is noticed by the next real call.
_FRESH: Final = 10.0
_PATIENCE: Final = Timeouts(read=15, operation=20, listing=25)


@dataclass(frozen=True)
class Addresses:
    """Where the services are; they come from settings, never from a request.

    `projects` are looked at for callers who may list none.
    """

    cluster: ConnectionConfig
    ngc_url: str
    registry_url: str
    applications_namespace: str | None
    mode: Mode = Mode.HEADER
    projects: tuple[str, ...] = ()
    grace: float = GRACE


@dataclass(frozen=True)
class Services:
    """The open connections, and what is going on over them.

    What a caller was just told about the installation and their own name holds for some seconds:
    a page asks several times when it opens, and the API server is not asked as often.
    """

    addresses: Addresses
    cluster: Client
    nvidia: Nvidia
    site: SiteReader
    models: ModelsCache = field(default_factory=ModelsCache)
    key_checks: KeyCheckLimit = field(default_factory=KeyCheckLimit)
    runs: Runs = field(default_factory=Runs)
    hubs: Hubs = field(default_factory=Hubs)
    # Set when the server is told to stop: whoever only listens is let go.
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    _sites: Moments[Site] = field(default_factory=lambda: Moments(_FRESH))
    _callers: Moments[str] = field(default_factory=lambda: Moments(_FRESH))

    async def installation(self) -> Site:
        """Give the configuration and the catalogue, as this caller may read them."""
        return await self._sites.get(login_of_caller(), lambda: self.site.read(self.cluster))

    async def caller(self) -> str:
        """Give the caller's name as the API server knows it."""
        return await self._callers.get(login_of_caller(), self.cluster.who_am_i)


@asynccontextmanager
async def open_services(addresses: Addresses, closing: asyncio.Event) -> AsyncIterator[Services]:
    """Open every pool; nothing is sent before a request asks for it."""
    async with AsyncExitStack() as stack:
        services = Services(
            addresses,
            cluster=await stack.enter_async_context(Client(addresses.cluster, timeouts=_PATIENCE)),
            nvidia=Nvidia(
                await stack.enter_async_context(NgcClient(addresses.ngc_url)),
                await stack.enter_async_context(RegistryClient(addresses.registry_url)),
            ),
            site=SiteReader(addresses.applications_namespace),
            closing=closing,
        )
        try:
            yield services
        finally:
            await services.hubs.close()
            await services.runs.drain(addresses.grace)


async def get_services(request: Request) -> Services:
    """Give a route the open connections; not in a thread, which would cost more than it does."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


Given = Annotated[Services, Depends(get_services)]
