"""The page of a sandbox: a process of its own, as one of the users sees the cluster."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from odh_nim.domain.errors import SandboxError
from odh_nim.sandbox.controlplane.keeper import Keeper
from odh_nim.sandbox.controlplane.parts import PAGE, Part
from odh_nim.sandbox.controlplane.probe import listens
from odh_nim.sandbox.layout import Layout

USER: Final = "alice"
_POLL: Final = 0.05
_START_SECONDS: Final = 60.0


def page_part(
    layout: Layout, command: Sequence[str], *, port: int, environment: Mapping[str, str]
) -> Part:
    """Describe the process that serves the page."""
    more = (f"--port={port}", f"--address-file={layout.page_address_file}")
    return Part(PAGE, (*command, *more), layout.run, environment)


def page_address(layout: Layout) -> str:
    """Give the address that opens the page; empty where there is no page."""
    try:
        return layout.page_address_file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""


async def start_page(keeper: Keeper, layout: Layout, port: int) -> None:
    """Start it and return when it can be opened.

    Raises:
        SandboxError: It cannot, after a long time.

    """
    # An address of the run before would open nothing.
    layout.page_address_file.unlink(missing_ok=True)
    await keeper.start()
    deadline = time.monotonic() + _START_SECONDS
    while not (await asyncio.to_thread(listens, port) and page_address(layout)):
        if time.monotonic() > deadline:
            raise SandboxError(
                f"The page does not start. The last lines of its log:\n{keeper.log_end()}\n",
                remedy=f"The whole log is {layout.log_file(PAGE)}.",
            )
        await asyncio.sleep(_POLL)
