"""The stand-ins as services of the supervisor: NVIDIA, the nodes, OpenShift's projects."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from odh_nim.cluster import Client
from odh_nim.sandbox.kubelet.judge import StandInJudge
from odh_nim.sandbox.kubelet.runner import KubeletStandIn
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.loopback import TlsFiles
from odh_nim.sandbox.nvidia.state import StandInState
from odh_nim.sandbox.openshift.projects import ProjectApi

Run = Callable[[asyncio.Event], Awaitable[None]]


def service_of(stand_in: Callable[[], AbstractAsyncContextManager[object]]) -> Run:
    """Let a stand-in live until cancelled; each start has a new one."""

    async def run(ready: asyncio.Event) -> None:
        async with stand_in():
            ready.set()
            await asyncio.Event().wait()

    return run


def kubelet_of(client: Client, layout: Layout, state: StandInState) -> KubeletStandIn:
    """Make the nodes' stand-in; it serves logs with a certificate of the sandbox."""
    folder = layout.certificates / "kubelet"
    tls = TlsFiles(folder / "tls.crt", folder / "tls.key")
    return KubeletStandIn(client, judge=StandInJudge(state), tls=tls)


def project_api_of(client: Client, layout: Layout, port: int) -> ProjectApi:
    """Make the stand-in of OpenShift's projects; only the API server's proxy may call it."""
    folder = layout.certificates / "project-api"
    proxy = layout.certificates / "front-proxy-ca.crt"
    return ProjectApi(
        client, tls=TlsFiles(folder / "tls.crt", folder / "tls.key", proxy), port=port
    )
