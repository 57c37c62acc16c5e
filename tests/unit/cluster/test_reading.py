"""Lists are whole or an error: F16."""

import asyncio
from typing import Any

import msgspec
import pytest

from odh_nim.cluster import Client, ConnectionConfig
from odh_nim.domain.errors import (
    BusyError,
    ExpiredError,
    ForbiddenError,
    KindNotServedError,
    UnreachableError,
)
from odh_nim.domain.resources import CONFIG_MAPS, INFERENCE_SERVICES, PODS, SECRETS
from support.api_server import ApiServer, Reply, Seen, status
from support.pacing import FakeTime


def connect(server: ApiServer) -> Client:
    return Client(ConnectionConfig(server.url), pacing=FakeTime().pacing())


def page(*names: str, following: str = "", version: str = "7") -> Reply:
    items = [{"metadata": {"name": name}, "data": {"size": "large"}} for name in names]
    metadata = {"resourceVersion": version, "continue": following}
    return Reply(200, {"kind": "ConfigMapList", "metadata": metadata, "items": items or None})


def names_of(items: list[Any]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


@pytest.mark.anyio
async def test_all_pages_become_one_list() -> None:
    """F16, S22."""

    def handler(seen: Seen) -> Reply:
        return page("c") if seen.params.get("continue") else page("a", "b", following="more")

    async with ApiServer(handler) as server, connect(server) as client:
        items = await client.list(
            CONFIG_MAPS, "team-a", label_selector="a=b,c in (d)", field_selector="x=y"
        )

        assert names_of(items) == ["a", "b", "c"]
        assert [(item["apiVersion"], item["kind"]) for item in items] == [("v1", "ConfigMap")] * 3
        assert [seen.params for seen in server.seen] == [
            {"labelSelector": "a=b,c in (d)", "fieldSelector": "x=y", "limit": "500"},
            {
                "labelSelector": "a=b,c in (d)",
                "fieldSelector": "x=y",
                "limit": "500",
                "continue": "more",
            },
        ]


@pytest.mark.anyio
async def test_a_list_without_a_namespace_covers_all() -> None:
    async with ApiServer(lambda _: page()) as server, connect(server) as client:
        assert await client.list(INFERENCE_SERVICES) == []

        assert server.seen[0].path == "/apis/serving.kserve.io/v1beta1/inferenceservices"


class _Metadata(msgspec.Struct):
    name: str


class _Small(msgspec.Struct):
    metadata: _Metadata


@pytest.mark.anyio
async def test_a_list_can_keep_only_what_is_read() -> None:
    async with ApiServer(lambda _: page("a", "b")) as server, connect(server) as client:
        found = await client.list_as(CONFIG_MAPS, _Small, "team-a")

    assert found == [_Small(_Metadata("a")), _Small(_Metadata("b"))]


class _WithData(msgspec.Struct):
    metadata: _Metadata
    data: dict[str, str]


@pytest.mark.anyio
async def test_a_list_that_keeps_the_metadata_asks_for_nothing_else() -> None:
    """R-KEY-16: no data of a Secret is sent to whoever only counts them."""
    async with ApiServer(lambda _: page("a")) as server, connect(server) as client:
        await client.list_as(SECRETS, _Small, "team-a")
        await client.list_as(SECRETS, _WithData, "team-a")

        asked = [seen.headers["accept"] for seen in server.seen]

    assert asked[0].startswith("application/json;as=PartialObjectMetadataList;")
    assert asked[1] == "application/json"


@pytest.mark.anyio
async def test_an_object_that_does_not_fit_the_type_is_an_error() -> None:
    class Strange(msgspec.Struct):
        data: int

    async with ApiServer(lambda _: page("a")) as server, connect(server) as client:
        with pytest.raises(UnreachableError, match=r"Expected `int`.*items\[0\]"):
            await client.list_as(CONFIG_MAPS, Strange)


@pytest.mark.anyio
async def test_a_list_whose_place_was_forgotten_begins_again() -> None:
    """F16."""
    answers = [page("a", following="1"), status(410, "Expired"), page("a", "b")]

    async with ApiServer(lambda _: answers.pop(0)) as server, connect(server) as client:
        assert names_of(await client.list(CONFIG_MAPS)) == ["a", "b"]

        assert [seen.params.get("continue") for seen in server.seen] == [None, "1", None]


@pytest.mark.anyio
async def test_a_list_that_is_forgotten_again_and_again_is_an_error() -> None:
    """F16."""

    def handler(seen: Seen) -> Reply:
        return status(410, "Expired") if "continue" in seen.params else page("a", following="1")

    async with ApiServer(handler) as server, connect(server) as client:
        with pytest.raises(ExpiredError):
            await client.list(CONFIG_MAPS)

        assert len(server.seen) == 8


FAULTS = {
    "403": (status(403, "Forbidden", "no"), ForbiddenError),
    "404": (status(404, "NotFound"), KindNotServedError),
    "429": (status(429, "TooManyRequests"), BusyError),
    "cut": (Reply(cut=True), UnreachableError),
    "no list": (Reply(200, {"kind": "Status"}), UnreachableError),
    "items of another type": (Reply(200, {"metadata": {}, "items": "a"}), UnreachableError),
    "a web page": (Reply(200, b"<html>", media_type="text/html"), UnreachableError),
    "the same page": (page("b", following="1"), UnreachableError),
}


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
async def test_a_fault_on_a_later_page_is_an_error_and_no_part(fault: Any) -> None:
    """F16."""
    reply, error = fault

    def handler(seen: Seen) -> Reply:
        return reply if "continue" in seen.params else page("a", following="1")

    async with ApiServer(handler) as server, connect(server) as client:
        with pytest.raises(error):
            await client.list(CONFIG_MAPS)


@pytest.mark.anyio
async def test_one_page_is_given_with_its_place() -> None:
    async with ApiServer(lambda _: page("a", following="1")) as server, connect(server) as client:
        found = await client.list_page(CONFIG_MAPS, limit=1, continue_token="0")

        assert (names_of(found.items), found.continue_token) == (["a"], "1")
        assert found.resource_version == "7"
        assert server.seen[0].params == {"limit": "1", "continue": "0"}


@pytest.mark.anyio
async def test_what_is_served_is_asked_once_a_minute() -> None:
    """F14."""
    time = FakeTime()

    def handler(seen: Seen) -> Reply:
        if seen.path == "/apis/serving.kserve.io/v1beta1":
            return Reply(200, {"resources": [{"name": "inferenceservices"}]})
        if seen.path == "/api/v1":
            return Reply(200, {"resources": [{"name": "pods"}]})
        if seen.path == "/apis/serving.kserve.io":
            return Reply(200, {"versions": [{"version": "v1beta1"}, {"version": "v1alpha1"}]})
        return Reply(404, b"404 page not found", media_type="text/plain")

    async with ApiServer(handler) as server:
        config = ConnectionConfig(server.url)
        async with Client(config, pacing=time.pacing()) as client:
            assert await client.serves(INFERENCE_SERVICES)
            assert await client.dry_run().serves(INFERENCE_SERVICES)
            assert await client.serves(PODS)
            assert not await client.serves(SECRETS)
            assert await client.served_versions("serving.kserve.io") == ("v1beta1", "v1alpha1")
            assert await client.served_versions("nowhere.test") == ()
            assert len(server.seen) == 4

            time.now += 61
            assert await client.serves(INFERENCE_SERVICES)
            assert len(server.seen) == 5


@pytest.mark.anyio
async def test_a_cluster_that_cannot_say_what_it_serves_has_not_said_no() -> None:
    """F14."""
    handler = lambda _: status(503, "ServiceUnavailable", "no endpoints")  # noqa: E731 - short
    async with ApiServer(handler) as server, connect(server) as client:
        with pytest.raises(BusyError, match="no endpoints"):
            await client.serves(INFERENCE_SERVICES)


@pytest.mark.anyio
async def test_a_server_that_was_built_without_its_version_tells_which_it_is_like() -> None:
    """The sandbox's, which is compiled from a Go module."""
    built = {"major": "1", "minor": "36", "gitVersion": "v0.0.0-master+$Format:%H$"}
    async with ApiServer(lambda _: Reply(200, built)) as server, connect(server) as client:
        assert await client.server_version() == "v1.36"


@pytest.mark.anyio
async def test_rights_and_names_are_asked_of_the_server() -> None:
    """R-KEY-16."""

    def handler(seen: Seen) -> Reply:
        if seen.path.endswith("selfsubjectreviews"):
            return Reply(201, {"status": {"userInfo": {"username": "alice"}}})
        if seen.path == "/version":
            return Reply(200, {"gitVersion": "v1.36.3"})
        asked = seen.json["spec"]["resourceAttributes"]
        return Reply(201, {"status": {"allowed": asked["verb"] == "get"}})

    async with ApiServer(handler) as server, connect(server) as client:
        assert await client.can_i("get", SECRETS, "a", name="key", subresource="x")
        assert not await client.can_i("create", INFERENCE_SERVICES)
        assert await client.who_am_i() == "alice"
        assert await client.server_version() == "v1.36.3"

        assert [seen.json["spec"]["resourceAttributes"] for seen in server.seen[:2]] == [
            {
                "verb": "get",
                "group": "",
                "version": "v1",
                "resource": "secrets",
                "namespace": "a",
                "name": "key",
                "subresource": "x",
            },
            {
                "verb": "create",
                "group": "serving.kserve.io",
                "version": "v1beta1",
                "resource": "inferenceservices",
            },
        ]


@pytest.mark.anyio
async def test_rights_asked_at_the_same_time_share_one_review_and_a_no_is_asked_again() -> None:
    """R-KEY-16: a list of rules may be incomplete, so only a yes is taken from it."""
    rules = [
        {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["*"]},
        {"verbs": ["delete"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["x"]},
    ]

    def handler(seen: Seen) -> Reply:
        if seen.path.endswith("selfsubjectrulesreviews"):
            return Reply(201, {"status": {"resourceRules": rules, "incomplete": True}})
        asked = seen.json["spec"]["resourceAttributes"]
        return Reply(201, {"status": {"allowed": asked["verb"] == "create"}})

    async with ApiServer(handler) as server, connect(server) as client:
        verbs = ("get", "list", "create", "delete")
        answers = await asyncio.gather(*(client.can_i(verb, SECRETS, "a") for verb in verbs))

        assert answers == [True, True, True, False]
        paths = [seen.path.rsplit("/", 1)[-1] for seen in server.seen]
        assert sorted(paths) == ["selfsubjectaccessreviews"] * 2 + ["selfsubjectrulesreviews"]
