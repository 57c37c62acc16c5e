"""Reading from a real API server: pages, watches, identities, what is served."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from odh_nim.cluster import Client, Identity, WatchEvent, use_identity
from odh_nim.domain.errors import (
    ExpiredError,
    ForbiddenError,
    KindNotServedError,
    NotFoundError,
    RejectedError,
    UnauthorizedError,
)
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import (
    CONFIG_MAPS,
    INFERENCE_SERVICES,
    NAMESPACES,
    NODES,
    SECRETS,
    ApiResource,
)
from odh_nim.sandbox.testing import ControlPlane

NOWHERE = ApiResource("nowhere.test", "v1", "things", "Thing")
OLD = ApiResource("serving.kserve.io", "v1alpha9", "inferenceservices", "InferenceService")
UNKNOWN = ApiResource("", "v1", "things", "Thing")


def config_map(name: str, **data: str) -> Manifest:
    labels = {"app": "x"}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels},
        "data": data,
    }


async def make(client: Client, namespace: str, count: int) -> list[str]:
    names = [f"c-{number}" for number in range(count)]
    await asyncio.gather(*(client.create(config_map(x), namespace=namespace) for x in names))
    return names


@pytest.mark.anyio
async def test_pages_add_up_to_the_list(control_plane: ControlPlane, namespace: str) -> None:
    """F16."""
    async with Client(control_plane.config_for("alice")) as alice:
        names = await make(alice, namespace, 7)
        paged: list[str] = []
        sizes = []
        token = None
        while True:
            page = await alice.list_page(
                CONFIG_MAPS,
                namespace,
                limit=3,
                continue_token=token,
                label_selector="app=x",
            )
            paged += [item["metadata"]["name"] for item in page.items]
            sizes.append(len(page.items))
            token = page.continue_token
            if token is None:
                break
        whole = await alice.list(CONFIG_MAPS, namespace, label_selector="app=x")
        one = await alice.list(CONFIG_MAPS, namespace, field_selector="metadata.name=c-3")

    assert sizes == [3, 3, 1]
    assert paged == names == [item["metadata"]["name"] for item in whole]
    assert [item["metadata"]["name"] for item in one] == ["c-3"]
    assert {(item["apiVersion"], item["kind"]) for item in whole} == {("v1", "ConfigMap")}


@pytest.mark.anyio
async def test_a_continue_token_that_is_none_is_refused(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F16."""
    async with Client(control_plane.config_for("alice")) as alice:
        with pytest.raises((RejectedError, ExpiredError)):
            await alice.list_page(CONFIG_MAPS, namespace, limit=3, continue_token="nonsense")


class _Metadata(msgspec.Struct):
    name: str
    uid: str


class _Small(msgspec.Struct):
    metadata: _Metadata


@pytest.mark.anyio
async def test_typed_lists_hold_what_is_asked_for(
    control_plane: ControlPlane, namespace: str
) -> None:
    async with Client(control_plane.config_for("alice")) as alice:
        names = await make(alice, namespace, 3)
        found = await alice.list_as(CONFIG_MAPS, _Small, namespace, label_selector="app=x")

    assert [item.metadata.name for item in found] == names
    assert all(item.metadata.uid for item in found)


@pytest.mark.anyio
async def test_callers_are_known_by_their_own_names(control_plane: ControlPlane) -> None:
    """R-KEY-16, R-EXT-05."""
    alice = control_plane.config_for("alice")
    async with Client(control_plane.admin) as admin:
        own = await admin.who_am_i()
        with use_identity(Identity(token=alice.token)):
            by_token = await admin.who_am_i()
            with pytest.raises(ForbiddenError, match="user alice may not list nodes"):
                await admin.list(NODES)
        with use_identity(Identity(user="vera", groups=("system:authenticated",))):
            impersonated = await admin.who_am_i()
            may_read = await admin.can_i("get", INFERENCE_SERVICES, "team-a")
            may_write = await admin.can_i("create", INFERENCE_SERVICES, "team-a")

    assert (own, by_token, impersonated) == ("admin", "alice", "vera")
    assert (may_read, may_write) == (True, False)


@pytest.mark.anyio
async def test_only_who_may_impersonate_does(control_plane: ControlPlane) -> None:
    """R-KEY-16."""
    async with Client(control_plane.config_for("alice")) as alice:
        with (
            use_identity(Identity(user="admin")),
            pytest.raises(ForbiddenError, match="user alice may not act in the name of others"),
        ):
            await alice.list(NODES)


@pytest.mark.anyio
async def test_a_wrong_token_never_becomes_somebody_else(control_plane: ControlPlane) -> None:
    """F8, R-EXT-05; S1."""
    async with Client(control_plane.admin) as admin:
        with use_identity(Identity(token="wrong")), pytest.raises(UnauthorizedError):
            await admin.list(NODES)
    async with Client(control_plane.admin.without_credentials()) as nobody:
        with pytest.raises(UnauthorizedError):
            await nobody.list(NODES)


@pytest.mark.anyio
async def test_rights_differ_by_project_and_person(
    control_plane: ControlPlane, namespace: str
) -> None:
    """R-KEY-16, F9."""
    async with Client(control_plane.config_for("alice")) as alice:
        answers = [
            await alice.can_i("create", SECRETS, namespace),
            await alice.can_i("create", SECRETS, "team-b"),
            await alice.can_i("create", SECRETS),
            await alice.can_i("get", SECRETS, namespace, name="x"),
            await alice.dry_run().can_i("create", SECRETS, namespace),
        ]

    assert answers == [True, False, False, True, True]


@pytest.mark.anyio
async def test_what_is_not_there_is_told_from_what_is_not_served(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F14."""
    async with Client(control_plane.admin) as admin:
        with pytest.raises(NotFoundError, match='configmaps "x" not found') as missing:
            await admin.get(CONFIG_MAPS, "x", namespace)
        assert not isinstance(missing.value, KindNotServedError)
        for resource in (NOWHERE, OLD, UNKNOWN):
            with pytest.raises(KindNotServedError):
                await admin.get(resource, "x", namespace)
            with pytest.raises(KindNotServedError):
                await admin.list(resource)
            assert not await admin.serves(resource)
        assert await admin.serves(INFERENCE_SERVICES)
        assert await admin.serves(SECRETS)
        assert "v1beta1" in await admin.served_versions("serving.kserve.io")
        assert await admin.served_versions("nowhere.test") == ()
        assert await admin.served_versions("") == ("v1",)
        assert (await admin.server_version()).startswith("v")


async def read(events: AsyncIterator[WatchEvent], *, until: str) -> list[str]:
    told: list[str] = []
    async with asyncio.timeout(30):
        async for event in events:
            name = event.object.get("metadata", {}).get("name", "")
            told.append(f"{event.type} {name}".strip())
            if told[-1] == until:
                break
    return told


@pytest.mark.anyio
async def test_a_watch_tells_what_is_there_and_what_happens(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F15."""
    async with Client(control_plane.config_for("alice")) as alice:
        await make(alice, namespace, 2)
        events = alice.watch(CONFIG_MAPS, namespace, label_selector="app=x")
        first = await read(events, until="BOOKMARK")
        events = alice.watch(CONFIG_MAPS, namespace, label_selector="app=x")
        await read(events, until="BOOKMARK")

        await alice.create(config_map("new"), namespace=namespace)
        await alice.patch(CONFIG_MAPS, "new", namespace, merge={"data": {"a": "b"}})
        await alice.delete(CONFIG_MAPS, "c-0", namespace)
        await alice.delete(CONFIG_MAPS, "new", namespace)
        rest = await read(events, until="DELETED new")

    assert first == ["ADDED c-0", "ADDED c-1", "BOOKMARK"]
    assert rest == ["ADDED new", "MODIFIED new", "DELETED c-0", "DELETED new"]


@pytest.mark.anyio
async def test_a_watch_from_a_forgotten_version_lists_anew(
    control_plane: ControlPlane, namespace: str
) -> None:
    """F15."""
    async with Client(control_plane.config_for("alice")) as alice:
        await make(alice, namespace, 2)
        events = alice.watch(CONFIG_MAPS, namespace, label_selector="app=x", resource_version="1")
        told = await read(events, until="BOOKMARK")

    assert told == ["RELISTED", "ADDED c-0", "ADDED c-1", "BOOKMARK"]


@pytest.mark.anyio
async def test_a_watch_that_is_not_allowed_is_an_error(control_plane: ControlPlane) -> None:
    """F9, F14."""
    async with Client(control_plane.config_for("vera")) as vera:
        with pytest.raises(ForbiddenError, match="user vera may not list namespaces"):
            await read(vera.watch(NAMESPACES), until="BOOKMARK")
    async with Client(control_plane.admin) as admin:
        with pytest.raises(KindNotServedError):
            await read(admin.watch(NOWHERE, "team-a"), until="BOOKMARK")
