import inspect
from typing import Any

import pytest

from odh_nim.cluster import Client, ConnectionConfig, DryRunClient
from odh_nim.cluster.verbs import Verbs
from odh_nim.domain.manifest import Manifest
from odh_nim.domain.resources import SECRETS
from support.api_server import ApiServer, Reply, Seen
from support.pacing import FakeTime

SECRET: Manifest = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "key", "resourceVersion": "5"},
}
# Every verb that may change something, called as a careless caller would.
WRITES: dict[str, dict[str, Any]] = {
    "create": {"manifest": SECRET},
    "replace": {"manifest": SECRET},
    "apply": {"manifest": SECRET, "force": True},
    "patch": {"resource": SECRETS, "name": "key", "merge": {"data": None}},
    "delete": {"resource": SECRETS, "name": "key", "uid": "u"},
}
READS = {
    "get",
    "get_metadata",
    "list",
    "list_as",
    "list_page",
    "watch",
    "logs",
    "can_i",
    "serves",
    "served_versions",
    "server_version",
    "who_am_i",
}


def ready(_seen: Seen) -> Reply:
    return Reply(200, SECRET)


def connect(server: ApiServer) -> Client:
    return Client(ConnectionConfig(server.url), pacing=FakeTime().pacing())


@pytest.mark.anyio
async def test_each_write_is_what_the_server_expects() -> None:
    async with ApiServer(ready) as server, connect(server) as client:
        await client.create(SECRET, namespace="a")
        await client.replace(SECRET, namespace="a")
        await client.apply(SECRET, namespace="a", field_manager="me")
        await client.patch(SECRETS, "key", "a", json_patch=[{"op": "test"}], subresource="status")
        await client.patch(SECRETS, "key", "a", merge={"data": None})
        await client.delete(
            SECRETS, "key", "a", uid="u", resource_version="5", grace_seconds=0, dry_run=True
        )

        create, replace, apply, json_patch, merge, delete = server.seen
        ours = {"fieldManager": "odh-nim"}
        assert (create.method, create.path) == ("POST", "/api/v1/namespaces/a/secrets")
        assert (create.params, create.json) == (ours, SECRET)
        assert (replace.method, replace.path) == ("PUT", "/api/v1/namespaces/a/secrets/key")
        assert replace.params == ours
        assert (apply.method, apply.headers["content-type"]) == (
            "PATCH",
            "application/apply-patch+yaml",
        )
        assert apply.params == {"fieldManager": "me", "force": "false"}
        assert json_patch.path == "/api/v1/namespaces/a/secrets/key/status"
        assert (json_patch.headers["content-type"], json_patch.json) == (
            "application/json-patch+json",
            [{"op": "test"}],
        )
        assert (merge.headers["content-type"], merge.json) == (
            "application/merge-patch+json",
            {"data": None},
        )
        assert (delete.method, delete.params) == ("DELETE", {"dryRun": "All"})
        assert delete.json == {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": "u", "resourceVersion": "5"},
            "gracePeriodSeconds": 0,
            "dryRun": ["All"],
        }


@pytest.mark.anyio
async def test_a_patch_is_of_one_kind() -> None:
    async with ApiServer(ready) as server, connect(server) as client:
        with pytest.raises(ValueError, match="either"):
            await client.patch(SECRETS, "key", "a", merge={}, json_patch=[])
        with pytest.raises(ValueError, match="either"):
            await client.patch(SECRETS, "key", "a")

        assert server.seen == []


def test_every_verb_is_known_as_a_read_or_a_write() -> None:
    """R-DEP-04."""
    verbs = {name for name, _ in inspect.getmembers(Verbs, callable) if not name.startswith("_")}

    assert verbs == READS | WRITES.keys()
    assert {name for name in vars(DryRunClient) if not name.startswith("_")} == set()


@pytest.mark.anyio
@pytest.mark.parametrize("verb", WRITES)
@pytest.mark.parametrize("told", [{}, {"dry_run": False}, {"dry_run": True}], ids=str)
async def test_no_write_of_a_dry_run_can_be_stored(verb: str, told: dict[str, bool]) -> None:
    """R-DEP-04."""
    async with ApiServer(ready) as server, connect(server) as client:
        await getattr(client.dry_run(), verb)(**WRITES[verb], **told)

        (seen,) = server.seen
        assert seen.params["dryRun"] == "All"
        # The API server reads a DELETE with a body from the body alone.
        assert seen.method != "DELETE" or seen.json["dryRun"] == ["All"]


@pytest.mark.anyio
@pytest.mark.parametrize("verb", WRITES)
async def test_a_write_outside_a_dry_run_is_real(verb: str) -> None:
    """R-DEP-04."""
    async with ApiServer(ready) as server, connect(server) as client:
        client.dry_run()
        await getattr(client, verb)(**WRITES[verb])

        assert "dryRun" not in server.seen[0].params
        assert b"dryRun" not in server.seen[0].body


@pytest.mark.anyio
async def test_a_dry_run_shares_the_connection() -> None:
    """R-DEP-04."""
    async with ApiServer(ready) as server, connect(server) as client:
        await client.get(SECRETS, "key", "a")
        await client.dry_run().create(SECRET)

        assert {seen.connection for seen in server.seen} == {1}
