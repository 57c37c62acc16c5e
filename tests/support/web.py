"""The server with fakes behind it, and a browser's requests."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, cast

from starlette.testclient import TestClient
from starlette.types import ASGIApp

from odh_nim.cluster import Client, ConnectionConfig
from odh_nim.cluster.identity import current_identity
from odh_nim.domain.errors import UnauthorizedError
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import ApiResource
from odh_nim.journeys.key_use import Nvidia
from odh_nim.journeys.site import SiteReader
from odh_nim.web.app import WebConfig, create_api, guard
from odh_nim.web.files import PageFiles
from odh_nim.web.services import Addresses, Services
from support.catalogs import config_map, entry
from support.cluster import FakeCluster
from support.keys import FakeNvidia, FakeRegistry

HOST = "127.0.0.1:8080"
TOKEN = "token-of-alice"
CHANGING = {"X-Odh-Nim": "1", "Content-Type": "application/json"}
NOWHERE = Path("/nowhere")
LLAMA = "llama-3.1-8b-instruct"
PROJECT = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "team-a", "namespace": ""},
}


def catalogue(**changes: Any) -> Manifest:
    return config_map({LLAMA: entry(**changes)})


class WebCluster(FakeCluster):
    """The fake cluster, asked by callers: `users` knows their tokens."""

    def __init__(self, *objects: Manifest) -> None:
        super().__init__(catalogue(), *objects)
        self.users = {TOKEN: "alice", "token-of-bob": "bob"}
        self.tokens: list[str | None] = []
        self.not_served = {
            "Project", "Template", "Route", "HardwareProfile", "OdhDashboardConfig",
            "DSCInitialization", "Account",
        }  # fmt: skip

    async def _call(self, verb: str, resource: ApiResource, *rest: Any, **more: Any) -> Any:
        self._note_caller(f"{verb} {resource.kind}")
        return await super()._call(verb, resource, *rest, **more)

    async def who_am_i(self) -> str:
        return self._note_caller("ask who is logged in")

    async def server_version(self) -> str:
        return "v1.36.0"

    def _note_caller(self, operation: str) -> str:
        identity = current_identity()
        token = identity.token if identity else None
        self.tokens.append(token)
        if token not in self.users:
            raise UnauthorizedError(operation, "the token is not good.", status=401)
        return self.users[token]


@dataclass
class World:
    """Everything that a test looks at."""

    cluster: WebCluster = field(default_factory=WebCluster)
    ngc: FakeNvidia = field(default_factory=FakeNvidia)
    registry: FakeRegistry = field(default_factory=FakeRegistry)
    grace: float = 5.0
    services: Services | None = None

    def app(self, config: WebConfig | None = None, *, static: Path = NOWHERE) -> ASGIApp:
        _worlds[:] = [self]
        return guard(_api(static), config or WebConfig())

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Services]:
        addresses = Addresses(
            ConnectionConfig("https://cluster.invalid"), "", "", "opendatahub", grace=self.grace
        )
        self.services = Services(
            addresses,
            cluster=cast("Client", self.cluster),
            nvidia=Nvidia(self.ngc, self.registry),
            site=SiteReader("opendatahub"),
        )
        yield self.services
        await self.services.hubs.close()
        await self.services.runs.drain(self.grace)


_worlds: list[World] = []


@cache
def _api(static: Path) -> ASGIApp:
    """To build the routes takes a second, so all tests share them; each opens its own world."""
    opening = lambda: _worlds[0].open()  # noqa: E731, PLW0108 - the world of that moment
    return PageFiles(create_api(opening), static)


@contextlib.contextmanager
def browser(app: ASGIApp, *, token: str | None = TOKEN, **headers: str) -> Any:
    """A client whose requests come from the page itself."""
    given = {"X-Forwarded-Access-Token": token} if token else {}
    with TestClient(
        app,
        base_url=f"http://{HOST}",
        headers=CHANGING | given | headers,
        raise_server_exceptions=False,
        follow_redirects=False,
    ) as client:
        yield client
