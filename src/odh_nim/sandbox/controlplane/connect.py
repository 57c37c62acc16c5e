"""The sandbox's own connection to its API server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from odh_nim.cluster import Client, load_kubeconfig


@asynccontextmanager
async def connect(kubeconfig: Path) -> AsyncIterator[Client]:
    """Open a connection; the person's own kubeconfig plays no part."""
    async with Client(load_kubeconfig(path=str(kubeconfig), environ={})) as client:
        yield client
