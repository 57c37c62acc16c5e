"""The cluster in memory refuses what a real one refuses."""

import asyncio
from contextlib import aclosing

import pytest

from odh_nim.domain.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    RejectedError,
    UnclearReplyError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import CONFIG_MAPS, SECRETS
from support.cluster import FakeCluster
from support.cluster_faults import Fault

pytestmark = pytest.mark.anyio


def config_map(name: str = "a", **parts: object) -> Manifest:
    metadata = {"name": name, **parts}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"x": "1"}}


async def test_names_are_taken_once_and_dry_runs_store_nothing() -> None:
    cluster = FakeCluster()

    await cluster.dry_run().create(config_map())
    assert cluster.names() == set()
    await cluster.create(config_map())
    with pytest.raises(AlreadyExistsError):
        await cluster.create(config_map())
    with pytest.raises(AlreadyExistsError):
        await cluster.dry_run().create(config_map())


async def test_preconditions_are_kept() -> None:
    cluster = FakeCluster()
    made = await cluster.create(config_map())

    changed = await cluster.replace(made | {"data": {"x": "2"}})
    assert changed["metadata"]["uid"] == made["metadata"]["uid"]
    with pytest.raises(ConflictError):
        await cluster.replace(made)
    with pytest.raises(ConflictError):
        await cluster.delete(CONFIG_MAPS, "a", uid="another")
    await cluster.delete(CONFIG_MAPS, "a", uid=made["metadata"]["uid"])
    with pytest.raises(NotFoundError):
        await cluster.get(CONFIG_MAPS, "a")


async def test_failed_test_of_a_patch_refuses_all_of_it() -> None:
    cluster = FakeCluster(config_map())
    steps = [
        {"op": "replace", "path": "/data/x", "value": "2"},
        {"op": "test", "path": "/data/x", "value": "1"},
    ]

    with pytest.raises(RejectedError):
        await cluster.patch(CONFIG_MAPS, "a", json_patch=steps)
    assert (cluster.find("ConfigMap", "a") or {})["data"] == {"x": "1"}
    after = await cluster.patch(CONFIG_MAPS, "a", merge={"data": {"x": None, "y": "3"}})
    assert after["data"] == {"y": "3"}


async def test_owned_objects_go_with_their_last_owner_and_finalizers_hold() -> None:
    cluster = FakeCluster(config_map("owner", finalizers=["hold"]), gc=True)
    uid = (cluster.find("ConfigMap", "owner") or {})["metadata"]["uid"]
    cluster.put(config_map("owned", ownerReferences=[{"uid": uid}]))

    await cluster.delete(CONFIG_MAPS, "owner")
    assert "ConfigMap/owned" in cluster.names()
    assert (cluster.find("ConfigMap", "owner") or {})["metadata"]["deletionTimestamp"]
    cluster.remove("ConfigMap", "owner")
    assert cluster.names() == set()


async def test_reset_after_a_write_has_stored_it() -> None:
    cluster = FakeCluster().fail(Fault.RESET_AFTER, call="create")

    with pytest.raises(UnclearReplyError):
        await cluster.create(config_map())
    assert cluster.names() == {"ConfigMap/a"}


async def test_watch_tells_what_is_there_and_what_comes() -> None:
    cluster = FakeCluster(config_map("a", labels={"x": "1"}), config_map("b"))
    told: list[str] = []

    async def watch() -> None:
        async with aclosing(cluster.watch(CONFIG_MAPS, label_selector="x=1")) as events:  # type: ignore[type-var]  # a generator
            async for event in events:
                told.append(f"{event.type} {event.object['metadata']['name']}")
                if event.type == "DELETED":
                    return

    task = asyncio.ensure_future(watch())
    await asyncio.sleep(0.01)
    cluster.put(config_map("c", labels={"x": "1"}))
    cluster.put(config_map("d"))
    await asyncio.sleep(0.01)
    cluster.remove("ConfigMap", "c")
    await task

    assert told == ["ADDED a", "ADDED c", "DELETED c"]


async def test_calls_made_together_are_one_round() -> None:
    cluster = FakeCluster()

    await asyncio.gather(cluster.list(SECRETS), cluster.list(CONFIG_MAPS))
    await cluster.list(SECRETS)

    assert (len(cluster.calls), cluster.rounds) == (3, 2)
