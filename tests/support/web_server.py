"""The server on a real socket, in the test's own loop, in front of a real API server."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from odh_nim.cluster import ConnectionConfig
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.web.app import WebConfig, create_app
from odh_nim.web.launch import _listen
from odh_nim.web.services import Addresses, open_services
from odh_nim.web.serving import make_server
from support.fault_proxy import FaultProxy

CHANGING = {"X-Odh-Nim": "1"}
ALL = ("alice", "bob", "vera", "admin")


@dataclass
class RunningServer:
    """A server that runs; `proxy` has every request that it made to the API server."""

    url: str
    plane: ControlPlane
    proxy: FaultProxy

    def token(self, user: str) -> str:
        token = self.plane.config_for(user).token
        assert token is not None
        return token

    def client(self, user: str | None, **headers: str) -> httpx2.AsyncClient:
        """A browser that is logged in as this user, or not at all."""
        login = {"X-Forwarded-Access-Token": self.token(user)} if user else {}
        return httpx2.AsyncClient(
            base_url=self.url, headers=CHANGING | login | headers, trust_env=False, timeout=60
        )

    def callers(self) -> set[str]:
        """Whose tokens the API server has seen; `?` stands for anything else."""
        names = {f"Bearer {self.token(user)}".encode(): user for user in ALL}
        return {
            names.get(call.logins[0], "?") if len(call.logins) == 1 else "?"
            for call in self.proxy.calls
        }


def connection(plane: ControlPlane, proxy: FaultProxy) -> ConnectionConfig:
    """Give the way to the API server through a proxy, without any login."""
    config = ConnectionConfig(proxy.url, namespace="default")
    return config.without_credentials()


@contextlib.asynccontextmanager
async def run_server(plane: ControlPlane, *, grace: float = 10) -> AsyncIterator[RunningServer]:
    """Run the server behind a proxy that plays faults and keeps a journal."""
    admin = plane.admin
    async with FaultProxy(admin.server, verify=trust(admin)) as proxy:
        addresses = Addresses(
            connection(plane, proxy),
            plane.ngc_url,
            plane.registry_url,
            plane.applications_namespace,
            grace=grace,
        )
        listening = _listen("127.0.0.1", 0)
        closing = asyncio.Event()
        server = make_server(
            create_app(
                WebConfig(static=Path("/nowhere")), lambda: open_services(addresses, closing)
            ),
            host="127.0.0.1",
            port=listening.getsockname()[1],
            closing=closing.set,
            grace=grace,
        )
        task = asyncio.create_task(server._serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event
            await asyncio.sleep(0.02)
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            yield RunningServer(url, plane, proxy)
        finally:
            closing.set()
            server.should_exit = True
            await task
            listening.close()
    # Transports close in the loop's next rounds; the loop ends with the test.
    await asyncio.sleep(0.05)


def trust(config: ConnectionConfig) -> Any:
    """Give what trusts the API server of a control plane."""
    import ssl  # noqa: PLC0415 - only here

    context = ssl.create_default_context(cadata=(config.ca_data or b"").decode())
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def events(
    client: httpx2.AsyncClient, method: str, path: str, **more: Any
) -> AsyncIterator[dict[str, Any]]:
    """Read a stream of events, one object each."""
    async with client.stream(method, path, **more) as answer:
        if answer.status_code != 200:
            await answer.aread()
            raise AssertionError(f"{answer.status_code}: {answer.text}")
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


async def last(client: httpx2.AsyncClient, method: str, path: str, **more: Any) -> dict[str, Any]:
    """Read a stream to its end, and give the last event."""
    found: dict[str, Any] = {}
    async for event in events(client, method, path, **more):
        found = event
    return found
