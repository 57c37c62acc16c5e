"""The processes of one control plane: started together, kept running, stopped in order."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.certificates import ensure_certificates
from odh_nim.sandbox.controlplane.keeper import Keeper
from odh_nim.sandbox.controlplane.leftovers import keep_one_older_log, remove_sockets
from odh_nim.sandbox.controlplane.parts import (
    API_SERVER,
    CORE,
    KSERVE,
    LISTENING,
    PROCESSES,
    build_parts,
)
from odh_nim.sandbox.controlplane.probe import ApiServerProbe, listens
from odh_nim.sandbox.kubeconfigs import build_kubeconfig, write_kubeconfig
from odh_nim.sandbox.layout import Layout, make_private_folder
from odh_nim.sandbox.ports import LOOPBACK, choose_ports
from odh_nim.sandbox.programs import Programs
from odh_nim.sandbox.users import SYSTEM, USERS, ensure_tokens

_POLL: Final = 0.05
_START_SECONDS: Final = 90.0
_STOP_SECONDS: Final = 10.0
_ATTEMPTS: Final = 3
_PORT_TAKEN: Final = "address already in use"


class Plane:
    """A control plane in one folder.

    Its ports are those of its last run, where they are still free, so that addresses stay.
    """

    def __init__(
        self,
        programs: Programs,
        layout: Layout,
        *,
        ports: Mapping[str, int] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.layout = layout
        self.ports = dict(ports or {})
        self.keepers: dict[str, Keeper] = {}
        self._programs = programs
        self._changed = changed
        self._tokens: dict[str, str] = {}

    @property
    def server(self) -> str:
        """The API server's address."""
        return f"https://{LOOPBACK}:{self.ports[API_SERVER]}"

    async def start(self, parts: Sequence[str] = CORE) -> None:
        """Start the parts and return when the API server is ready.

        Raises:
            SandboxError: A part cannot be run, or the API server does not become ready.

        """
        self._prepare_folder()
        for attempt in range(_ATTEMPTS):
            self.ports = choose_ports(LISTENING, self.ports)
            self._write_kubeconfigs()
            specifications = build_parts(self._programs, self.layout, self.ports)
            self.keepers = {
                name: Keeper(specifications[name], self.layout, self._changed) for name in parts
            }
            try:
                await asyncio.gather(*(keeper.start() for keeper in self.keepers.values()))
                if await self._becomes_ready():
                    return
            except BaseException:
                await self.stop()
                raise
            # Somebody took the port between our look at it and the API server's.
            await self.stop()
            self.ports.pop(API_SERVER)
            if attempt:
                await asyncio.sleep(attempt)
        raise SandboxError("The API server found no free port.", remedy="Try again.")

    async def start_kserve(self) -> None:
        """Start KServe's manager; it wants a ready API server and its configuration there.

        Raises:
            SandboxError: Its program cannot be run.

        """
        part = build_parts(self._programs, self.layout, self.ports)[KSERVE]
        self.keepers[KSERVE] = Keeper(part, self.layout, self._changed)
        await self.keepers[KSERVE].start()

    async def wait_for_kserve(self) -> None:
        """Wait until KServe's webhooks are answered.

        Raises:
            SandboxError: They are not, after a long time.

        """
        deadline = time.monotonic() + _START_SECONDS
        while not await asyncio.to_thread(listens, self.ports[KSERVE]):
            if time.monotonic() > deadline:
                raise self._does_not_start(KSERVE)
            await asyncio.sleep(_POLL)

    async def stop(self) -> None:
        """Stop everything, the API server before its store."""
        above = [name for name in self.keepers if name not in (API_SERVER, CORE[0])]
        await asyncio.gather(*(self.keepers[name].stop(_STOP_SECONDS) for name in above))
        for name in (API_SERVER, CORE[0]):
            if name in self.keepers:
                await self.keepers[name].stop(_STOP_SECONDS)

    def _prepare_folder(self) -> None:
        layout = self.layout
        layout.make_folders()
        make_private_folder(layout.data)
        ensure_certificates(layout.certificates)
        self._tokens = ensure_tokens(layout.tokens_file)
        for part in PROCESSES:
            keep_one_older_log(layout, part)
        remove_sockets(layout)

    def _write_kubeconfigs(self) -> None:
        ca_pem = (self.layout.certificates / "ca.crt").read_bytes()
        places = {SYSTEM: self.layout.system_kubeconfig}
        places |= {user: self.layout.kubeconfig(user.name) for user in USERS}
        for user, path in places.items():
            token = self._tokens[user.name]
            kubeconfig = build_kubeconfig(user, token, server=self.server, ca_pem=ca_pem)
            write_kubeconfig(path, kubeconfig)

    async def _becomes_ready(self) -> bool:
        """Wait for the API server; False where its port turned out to be taken."""
        ca_file = self.layout.certificates / "ca.crt"
        probe = ApiServerProbe(self.ports[API_SERVER], ca_file, self._tokens[SYSTEM.name])
        keeper = self.keepers[API_SERVER]
        deadline = time.monotonic() + _START_SECONDS
        while not await asyncio.to_thread(probe.is_ready):
            if keeper.restarts and _PORT_TAKEN in keeper.log_end():
                return False
            if time.monotonic() > deadline:
                raise self._does_not_start(API_SERVER)
            await asyncio.sleep(_POLL)
        return True

    def _does_not_start(self, part: str) -> SandboxError:
        keeper = self.keepers[part]
        return SandboxError(
            f"{part} does not become ready. The last lines of its log:\n{keeper.log_end()}\n",
            remedy=f"The whole log is {self.layout.log_file(part)}.",
        )
