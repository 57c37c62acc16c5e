"""Whether the parts of a running sandbox really answer."""

from typing import Final

from odh_nim.sandbox.controlplane.facts import read_facts
from odh_nim.sandbox.controlplane.parts import API_SERVER
from odh_nim.sandbox.controlplane.probe import ApiServerProbe, listens
from odh_nim.sandbox.layout import Layout
from odh_nim.sandbox.state import State
from odh_nim.sandbox.users import SYSTEM, read_tokens

_WELL: Final = "ready"
_SILENT: Final = "does not answer"
_DOWN: Final = "down"


def health_of(layout: Layout, state: State) -> dict[str, str]:
    """Say of each part `ready`, `does not answer` or `down`.

    Parts without a port of their own are ready when they run.
    """
    facts = read_facts(layout)
    ports = facts.ports if facts else {}
    health = {}
    for part in state.parts:
        if part.process is None or not part.process.is_running():
            health[part.name] = _DOWN
        elif part.name not in ports:
            health[part.name] = _WELL
        else:
            is_well = _api_server_is_ready if part.name == API_SERVER else _listens
            health[part.name] = _WELL if is_well(layout, ports[part.name]) else _SILENT
    return health


def is_healthy(layout: Layout, state: State) -> bool:
    """Say whether every part is ready."""
    return all(health == _WELL for health in health_of(layout, state).values())


def _api_server_is_ready(layout: Layout, port: int) -> bool:
    token = read_tokens(layout.tokens_file).get(SYSTEM.name, "")
    return ApiServerProbe(port, layout.certificates / "ca.crt", token).is_ready()


def _listens(_: Layout, port: int) -> bool:
    return listens(port)
