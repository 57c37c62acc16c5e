"""Keeps one part running until it is told to stop."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from typing import Final

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.controlplane.parts import Part
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.process import Process, identify, write_pid_file

_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
# A part that lived so long was well: its next end is a new story.
_STEADY_SECONDS: Final = 10.0
# All talk on loopback; a proxy or a kubeconfig of the person is not meant for these.
_LEFT_OUT: Final = (
    "KUBECONFIG",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "POD_NAMESPACE",
)
_LOG_TAIL: Final = 4000
_LINES: Final = 5


class Keeper:
    """Starts a part, starts it again when it dies, and stops it.

    `changed` is called whenever another process is the part, or none.
    """

    def __init__(self, part: Part, layout: Layout, changed: Callable[[], None]) -> None:
        self.part = part
        self.restarts = 0
        self.process: Process | None = None
        self._layout = layout
        self._changed = changed
        self._child: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the part.

        Raises:
            SandboxError: The program cannot be run.

        """
        try:
            await self._spawn()
        except OSError as error:
            raise SandboxError(f"{self.part.name} cannot be started: {error}") from error
        self._task = asyncio.create_task(self._keep())

    async def stop(self, grace: float) -> None:
        """End the part: politely, and after some time by force."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        child = self._child
        if child is not None and child.returncode is None:
            self._send(child, signal.SIGTERM)
            try:
                await asyncio.wait_for(child.wait(), grace)
            except TimeoutError:
                self._send(child, signal.SIGKILL)
                await child.wait()
        self._forget()

    def log_end(self) -> str:
        """Give the last lines of the part's log."""
        try:
            with self._layout.log_file(self.part.name).open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - _LOG_TAIL))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return ""
        return "\n".join(lines[-_LINES:])

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            began = time.monotonic()
            assert self._child is not None
            await self._child.wait()
            self.restarts += 1
            self._forget()
            pause = _FIRST_PAUSE if time.monotonic() - began > _STEADY_SECONDS else pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            await self._spawn()

    async def _spawn(self) -> None:
        left_out = {*_LEFT_OUT, *(name.lower() for name in _LEFT_OUT)}
        environment = {name: text for name, text in os.environ.items() if name not in left_out}
        environment |= self.part.environment
        with self._layout.log_file(self.part.name).open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self.part.arguments,
                cwd=self.part.folder,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.process = identify(self._child.pid)
        if self.process is not None:
            write_pid_file(self._layout.pid_file(self.part.name), self.process)
        self._changed()

    def _forget(self) -> None:
        self.process = None
        self._layout.pid_file(self.part.name).unlink(missing_ok=True)
        self._changed()

    @staticmethod
    def _send(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            child.send_signal(number)
