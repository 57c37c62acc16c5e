"""Faults between the client and a real API server: what the error says is what was stored."""

import dataclasses
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from odh_nim.cluster import Client, ConnectionConfig, Timeouts
from odh_nim.domain import errors
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS
from odh_nim.sandbox.testing import ControlPlane
from support.fault_proxy import FaultProxy
from support.faults import Fault, Plan

UNCLEAR = errors.UnclearReplyError
# Fault of the first try → the error, None where a further try succeeds; and whether it is stored.
WRITES: dict[Fault, tuple[type[errors.ClusterError] | None, bool]] = {
    Fault.CONFLICT: (errors.ConflictError, False),
    Fault.EXISTS: (errors.AlreadyExistsError, False),
    Fault.FORBIDDEN: (errors.ForbiddenError, False),
    Fault.QUOTA: (errors.QuotaExceededError, False),
    Fault.TERMINATING: (errors.NamespaceTerminatingError, False),
    Fault.INVALID: (errors.RejectedError, False),
    Fault.UNAUTHORIZED: (errors.UnauthorizedError, False),
    Fault.BUSY: (None, True),
    Fault.SERVER_ERROR: (errors.ServerError, False),
    Fault.UNAVAILABLE: (errors.ServerError, False),
    Fault.GATEWAY: (errors.ServerError, False),
    Fault.RESET_BEFORE: (UNCLEAR, False),
    Fault.RESET_AFTER: (UNCLEAR, True),
    Fault.TRUNCATED: (UNCLEAR, True),
    Fault.GARBAGE: (UNCLEAR, True),
    Fault.HANG_BEFORE: (UNCLEAR, False),
    Fault.HANG_AFTER: (UNCLEAR, True),
}
# A read is tried again after these.
PASSING = (
    Fault.BUSY,
    Fault.UNAVAILABLE,
    Fault.GATEWAY,
    Fault.RESET_BEFORE,
    Fault.RESET_AFTER,
    Fault.TRUNCATED,
)


def config_map(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}


def verified(config: ConnectionConfig) -> ssl.SSLContext:
    assert config.ca_data is not None
    return ssl.create_default_context(cadata=config.ca_data.decode())


@asynccontextmanager
async def behind_a_proxy(
    control_plane: ControlPlane, **timeouts: float
) -> AsyncIterator[tuple[Client, FaultProxy]]:
    """Connect alice through a proxy that plays faults."""
    config = control_plane.config_for("alice")
    async with FaultProxy(config.server, verify=verified(config)) as proxy:
        through = dataclasses.replace(config, server=proxy.url, ca_data=None)
        async with Client(through, timeouts=Timeouts(**timeouts)) as client:
            yield client, proxy


@pytest.mark.anyio
@pytest.mark.parametrize("fault", WRITES)
async def test_the_error_of_a_write_is_true(
    fault: Fault, control_plane: ControlPlane, namespace: str
) -> None:
    """F3-F11, F13, R-TST-04."""
    error, stored = WRITES[fault]
    hangs = fault in (Fault.HANG_BEFORE, Fault.HANG_AFTER)
    async with behind_a_proxy(control_plane, operation=1 if hangs else 30) as (client, proxy):
        proxy.play(Plan(0, fault))
        if error is None:
            await client.create(config_map("x"), namespace=namespace)
        else:
            with pytest.raises(errors.ClusterError) as failure:
                await client.create(config_map("x"), namespace=namespace)
            assert type(failure.value) is error
        assert len(proxy.played) == 1
        writes = [call for call in proxy.calls if call.is_write]
        found = await client.list(CONFIG_MAPS, namespace, field_selector="metadata.name=x")

    assert len(writes) == (2 if error is None else 1)
    assert bool(found) is stored


@pytest.mark.anyio
@pytest.mark.parametrize("fault", PASSING)
async def test_reads_and_dry_runs_and_exact_deletions_go_on(
    fault: Fault, control_plane: ControlPlane, namespace: str
) -> None:
    """F4-F7, R-DEP-04."""
    async with behind_a_proxy(control_plane) as (client, proxy):
        created = await client.create(config_map("x"), namespace=namespace)

        proxy.play(Plan(0, fault))
        assert await client.get(CONFIG_MAPS, "x", namespace) == created
        proxy.play(Plan(0, fault, times=2))
        assert len(await client.list(CONFIG_MAPS, namespace)) == 2
        proxy.play(Plan(0, fault))
        assert await client.can_i("create", CONFIG_MAPS, namespace)
        proxy.play(Plan(0, fault))
        await client.dry_run().create(config_map("y"), namespace=namespace)
        proxy.play(Plan(0, fault))
        await client.delete(CONFIG_MAPS, "x", namespace, uid=created["metadata"]["uid"])

        assert len(proxy.played) == 1
        left = await client.list(CONFIG_MAPS, namespace)

    assert [item["metadata"]["name"] for item in left] == ["kube-root-ca.crt"]
