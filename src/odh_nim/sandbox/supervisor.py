"""The one background process of a sandbox.

It starts the control plane, keeps every part running, plays NVIDIA, the nodes and OpenShift's
projects itself, and writes down how far it is. SIGTERM stops everything in order.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from odh_nim.domain.errors import OdhNimError, SandboxError
from odh_nim.sandbox.controlplane.contents import Contents, webhooks_of_kserve
from odh_nim.sandbox.controlplane.facts import Facts, read_facts
from odh_nim.sandbox.controlplane.keeper import Keeper
from odh_nim.sandbox.controlplane.leftovers import stop_leftovers
from odh_nim.sandbox.controlplane.load import (
    load_objects,
    wait_for_api_service,
    wait_for_controllers,
)
from odh_nim.sandbox.controlplane.parts import API_SERVER, KSERVE, PAGE
from odh_nim.sandbox.controlplane.plane import Plane
from odh_nim.sandbox.controlplane.prepared import PreparedData
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.openshift.project_api_objects import project_api_objects
from odh_nim.sandbox.page import USER, page_part, start_page
from odh_nim.sandbox.ports import LOOPBACK, choose_ports
from odh_nim.sandbox.process import own_process
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.seed import Variant
from odh_nim.sandbox.services import ServiceKeeper
from odh_nim.sandbox.state import Order, PartState, Phase, State
from odh_nim.sandbox.usage import environment_of, write_keys

if TYPE_CHECKING:
    from odh_nim.cluster import Client
    from odh_nim.sandbox.nvidia.state import StandInState

_log: Final = logging.getLogger(__name__)
NVIDIA: Final = "nvidia-stand-in"
KUBELET: Final = "kubelet-stand-in"
PROJECT_API: Final = "project-api"
_STOP_SECONDS: Final = 10.0


class Supervisor:
    """One sandbox, from its start to its end."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._layout = Layout(Path(order.home))
        self._programs = Programs(Path(order.programs))
        self._process = own_process()
        self._phase = Phase.STARTING
        self._detail = ""
        self._remedy = ""
        self._plane: Plane | None = None
        self._page: Keeper | None = None
        self._services: list[ServiceKeeper] = []
        self._ports: dict[str, int] = {}
        self._open = contextlib.AsyncExitStack()

    async def bring_up(self) -> None:
        """Start everything and return when it can be used.

        Raises:
            OdhNimError: Something cannot be started.

        """
        order = self._order
        self._say("stopping what an earlier run left")
        stop_leftovers(self._layout)
        contents = Contents(self._programs, order.variant, order.crd_set)
        facts = await self._facts(contents)
        self._say("starting the control plane")
        self._plane = Plane(self._programs, self._layout, ports=facts.ports, changed=self._save)
        core = asyncio.create_task(self._plane.start())
        self._ports = choose_ports(self._own_ports(), facts.ports)
        try:
            state = await self._start_nvidia()
            await core
        finally:
            core.cancel()
            await asyncio.wait({core})
        ports = self._ports | self._plane.ports
        await self._fill(contents, msgspec.structs.replace(facts, ports=ports), state)
        self._phase = Phase.READY
        self._say("")

    async def shut_down(self) -> None:
        """Stop everything, in order."""
        if self._phase is not Phase.FAILED:
            self._phase = Phase.STOPPING
            self._say("stopping")
        if self._page is not None:
            await self._page.stop(_STOP_SECONDS)
        for service in reversed(self._services):
            await service.stop()
        await self._open.aclose()
        if self._plane is not None:
            await self._plane.stop()

    def fail(self, error: Exception) -> None:
        """Write down why the sandbox cannot run."""
        self._phase = Phase.FAILED
        if isinstance(error, OdhNimError):
            self._remedy = error.remedy
            self._say(error.message)
        else:
            self._say(f"{type(error).__name__}: {error}")

    def _own_ports(self) -> list[str]:
        names = [NVIDIA]
        if self._order.variant is not Variant.KUBERNETES_ONLY:
            names.append(PROJECT_API)
        if self._order.page:
            names.append(PAGE)
        return names

    async def _facts(self, contents: Contents) -> Facts:
        """Read what this sandbox is; a fresh one begins with a copy of prepared data."""
        facts = read_facts(self._layout) or Facts(self._order.variant)
        if facts.loaded:
            return facts
        prepared = PreparedData(
            Path(self._order.cache_home), self._programs, self._order.variant, contents
        )
        if not prepared.is_there:
            self._say("loading kinds and first objects (once per version)")
        await prepared.copy_to(self._layout.data)
        facts = msgspec.structs.replace(facts, loaded=prepared.digests)
        facts.save(self._layout)
        return facts

    async def _fill(self, contents: Contents, facts: Facts, nvidia: StandInState) -> None:
        """Load what is missing, and start what lives on the control plane."""
        from odh_nim.sandbox.controlplane.connect import connect  # noqa: PLC0415 - as above

        client = await self._open.enter_async_context(connect(self._layout.system_kubeconfig))
        self._say("loading what changed")
        loaded = await contents.load(client, facts.loaded)
        msgspec.structs.replace(facts, loaded=loaded).save(self._layout)
        self._say("starting what lives on the control plane")
        if self._order.kubelet:
            self._start_kubelet(client, nvidia)
        works = [wait_for_controllers(client)]
        if self._order.kserve:
            works.append(self._start_kserve(client))
        if PROJECT_API in self._ports:
            works.append(self._start_project_api(client))
        if PAGE in self._ports:
            works.append(self._start_page())
        await asyncio.gather(*works)
        for service in self._services:
            await service.ready.wait()

    def _start_kubelet(self, client: Client, nvidia: StandInState) -> None:
        from odh_nim.sandbox.stand_ins import kubelet_of, service_of  # noqa: PLC0415 - as above

        kubelet = service_of(lambda: kubelet_of(client, self._layout, nvidia))
        self._services.append(ServiceKeeper(KUBELET, kubelet))

    async def _start_kserve(self, client: Client) -> None:
        assert self._plane is not None
        await self._plane.start_kserve()
        hooks = webhooks_of_kserve(
            port=self._plane.ports[KSERVE], ca_pem=self._ca_pem(), variant=self._order.variant
        )
        await load_objects(client, hooks)
        await self._plane.wait_for_kserve()

    async def _start_project_api(self, client: Client) -> None:
        from odh_nim.sandbox.stand_ins import project_api_of, service_of  # noqa: PLC0415 - as above

        port = self._ports[PROJECT_API]
        service = ServiceKeeper(
            PROJECT_API, service_of(lambda: project_api_of(client, self._layout, port))
        )
        self._services.append(service)
        await service.ready.wait()
        objects = project_api_objects(port=port, ca_pem=self._ca_pem())
        await load_objects(client, objects)
        await wait_for_api_service(client, objects[-1]["metadata"]["name"])

    async def _start_page(self) -> None:
        layout, port = self._layout, self._ports[PAGE]
        environment = environment_of(layout, self._state(), USER)
        part = page_part(layout, self._order.page, port=port, environment=environment)
        self._page = Keeper(part, layout, self._save)
        await start_page(self._page, layout, port)

    def _ca_pem(self) -> bytes:
        return (self._layout.certificates / "ca.crt").read_bytes()

    async def _start_nvidia(self) -> StandInState:
        # The web framework takes a moment to import: the API server is starting meanwhile.
        from odh_nim.sandbox.nvidia import NvidiaStandIn  # noqa: PLC0415 - as said
        from odh_nim.sandbox.stand_ins import service_of  # noqa: PLC0415 - as said

        write_keys(self._layout)
        stand_in = NvidiaStandIn(port=self._ports[NVIDIA])
        self._services.append(ServiceKeeper(NVIDIA, service_of(lambda: stand_in)))
        return stand_in.state

    def _say(self, detail: str) -> None:
        self._detail = detail
        _log.info("[%s] %s", self._phase, detail)
        self._save()

    def _save(self) -> None:
        self._state().save(self._layout)

    def _state(self) -> State:
        plane = self._plane
        keepers = list(plane.keepers.values()) if plane else []
        keepers += [self._page] if self._page else []
        parts = [PartState(keeper.part.name, keeper.process, keeper.restarts) for keeper in keepers]
        # Those of this very process.
        parts += [
            PartState(service.name, self._process, service.restarts) for service in self._services
        ]
        return State(
            supervisor=self._process,
            variant=self._order.variant,
            phase=self._phase,
            applications_namespace=self._order.variant.applications_namespace,
            detail=self._detail,
            remedy=self._remedy,
            addresses=self._addresses(),
            parts=tuple(parts),
        )

    def _addresses(self) -> dict[str, str]:
        addresses = {}
        if NVIDIA in self._ports:
            nvidia = f"http://{LOOPBACK}:{self._ports[NVIDIA]}"
            addresses = {"ngc": nvidia, "registry": nvidia}
        if self._plane is not None and API_SERVER in self._plane.ports:
            addresses["api"] = self._plane.server
        if PAGE in self._ports:
            addresses[PAGE] = f"http://{LOOPBACK}:{self._ports[PAGE]}"
        return addresses


async def supervise(order: Order) -> int:
    """Run a sandbox until it is told to stop; give the exit code."""
    layout = Layout(Path(order.home))
    layout.make_folders()
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if order.leashed:
        loop.run_in_executor(None, _wait_for_end_of_input, loop, stop)
    supervisor = Supervisor(order)
    work = asyncio.create_task(supervisor.bring_up())
    stopped = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
        await stopped
    except Exception as error:  # noqa: BLE001 - whatever it is, the person is told
        _log.exception("The sandbox cannot run")
        supervisor.fail(error)
        return SandboxError.exit_code
    finally:
        work.cancel()
        await asyncio.wait({work})
        await supervisor.shut_down()
    layout.state_file.unlink(missing_ok=True)
    return 0


def _wait_for_end_of_input(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while sys.stdin.buffer.read(1):
        pass
    loop.call_soon_threadsafe(stop.set)


def main(argument: str) -> int:
    """Run the sandbox that an order describes; only one at a time in a folder."""
    order = msgspec.json.decode(argument, type=Order)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    lock = Layout(Path(order.home)).run / "supervisor.lock"
    lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with lock.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.error("Another supervisor runs in %s", order.home)
            return SandboxError.exit_code
        return asyncio.run(supervise(order))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
