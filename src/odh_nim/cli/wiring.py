"""The one place that builds the object graph of a command."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from odh_nim.cli.common import Target
from odh_nim.cluster import Client, ConnectionConfig, load_kubeconfig
from odh_nim.settings import Settings

if TYPE_CHECKING:
    from odh_nim.journeys.key_use import Nvidia


def settings() -> Settings:
    """Read the settings of this process."""
    return Settings.from_environment(os.environ)


def connection(target: Target) -> ConnectionConfig:
    """Find the connection that the options and the kubeconfig describe."""
    return load_kubeconfig(
        path=target.kubeconfig,
        context=target.context,
        environ=os.environ,
        as_user=target.as_user,
        as_groups=target.as_groups,
    )


@asynccontextmanager
async def connect(target: Target) -> AsyncIterator[Client]:
    """Open the connection for one command."""
    async with Client(connection(target)) as client:
        yield client


@asynccontextmanager
async def nvidia() -> AsyncIterator["Nvidia"]:
    """Open both of NVIDIA's services; nothing is sent before one is asked."""
    from odh_nim.journeys.key_use import Nvidia  # noqa: PLC0415 - not for every command
    from odh_nim.ngc import NgcClient  # noqa: PLC0415 - most commands ask NVIDIA nothing
    from odh_nim.registry import RegistryClient  # noqa: PLC0415 - as above

    found = settings()
    async with NgcClient(found.ngc_url) as ngc, RegistryClient(found.registry_url) as registry:
        yield Nvidia(ngc, registry)


def project(target: Target, client: Client) -> str:
    """Name the project a command works in: the option, or the context's."""
    return target.namespace or client.config.namespace
