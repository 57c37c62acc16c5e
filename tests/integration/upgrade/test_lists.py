"""Any one list that fails on the wire, in any way: nothing goes."""

import dataclasses
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from odh_nim.cluster import Client
from odh_nim.cluster.retry import Pacing
from odh_nim.cluster.transport import Timeouts
from odh_nim.domain.errors import UpgradeIncompleteError
from odh_nim.sandbox.testing import ControlPlane
from odh_nim.upgrade import Options, apply_upgrade, plan_upgrade
from support.fault_proxy import FaultProxy
from support.faults import Call, Fault, Plan
from support.old_cluster_server import OldClusterServer, cluster_definition
from support.old_clusters import content, manifests

pytestmark = pytest.mark.anyio

STATE = "mixed/several-generations"
FAULTS = (Fault.SERVER_ERROR, Fault.FORBIDDEN, Fault.TRUNCATED, Fault.GARBAGE)
ALWAYS = 1000


async def at_once(_seconds: float) -> None:
    """Waits between tries are what a test has no time for."""


@asynccontextmanager
async def behind_a_proxy(
    plane: ControlPlane,
) -> AsyncIterator[tuple[Client, FaultProxy, list[str]]]:
    config = plane.admin
    assert config.ca_data is not None
    trust = ssl.create_default_context(cadata=config.ca_data.decode())
    wanted: list[str] = []
    async with FaultProxy(
        config.server, verify=trust, counts=lambda call: call.target in wanted
    ) as proxy:
        through = dataclasses.replace(config, server=proxy.url, ca_data=None)
        timeouts = Timeouts(operation=2, listing=2)
        async with Client(through, timeouts=timeouts, pacing=Pacing(sleep=at_once)) as client:
            yield client, proxy, wanted


def is_list(call: Call) -> bool:
    return not call.is_write and "limit=" in call.target


@pytest.mark.parametrize("fault", FAULTS)
async def test_any_one_list_that_fails_on_the_wire_deletes_nothing(
    old_plane: ControlPlane, server: OldClusterServer, fault: Fault
) -> None:
    """R-CLN-03, F14, F16, S25."""
    await server.define(cluster_definition("v3.5.0"))
    await server.load(manifests(STATE))
    before = {name: content(one) for name, one in (await server.settled()).items()}
    async with behind_a_proxy(old_plane) as (client, proxy, wanted):
        assert (await plan_upgrade(client)).complete
        targets = list(dict.fromkeys(call.target for call in proxy.calls if is_list(call)))
        assert len(targets) > 40
        for target in targets:
            wanted[:] = [target]
            proxy.play(Plan(0, fault, times=ALWAYS))

            with pytest.raises(UpgradeIncompleteError):
                await apply_upgrade(client, Options(wait=1))

            assert proxy.played, target
            assert not [call for call in proxy.calls if call.is_write], (target, fault)
    assert {name: content(one) for name, one in (await server.snapshot()).items()} == before
