"""The stand-ins as services of the supervisor: NVIDIA, the nodes, OpenShift's projects."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final

from odh_nim.cluster import Client
from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import InputError
from odh_nim.domain.image import ImageReference
from odh_nim.sandbox.kubelet.runner import KubeletStandIn
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.loopback import TlsFiles
from odh_nim.sandbox.nvidia.app import pull_status
from odh_nim.sandbox.nvidia.dummy_keys import recognize
from odh_nim.sandbox.nvidia.state import StandInState
from odh_nim.sandbox.openshift.projects import ProjectApi

Run = Callable[[asyncio.Event], Awaitable[None]]

_OK: Final = 200
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404


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


@dataclass(frozen=True)
class StandInJudge:
    """Judges image pulls as NVIDIA's stand-in does, without a request in its journal.

    Faults and latency of the stand-in are meant for the product's requests; nodes are spared.
    """

    state: StandInState

    async def pull_status(self, image: str, key: ApiKey) -> int:
        """Say with which status the registry would answer."""
        named = ":" in image.rsplit("/", 1)[-1] or "@" in image
        try:
            reference = ImageReference.parse(image if named else f"{image}:latest")
        except InputError:
            return _NOT_FOUND
        dummy = recognize(key.reveal())
        if dummy is None or self.state.status_of(dummy) != _OK:
            return _UNAUTHORIZED
        model = self.state.models.get(reference.repository)
        return pull_status(self.state, dummy, model, reference.digest or reference.tag or "")
