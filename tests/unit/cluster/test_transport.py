"""Who a request is made as, what travels with it, and what never does."""

import asyncio
import dataclasses
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest

from odh_nim.cluster import (
    Client,
    ClientCertificate,
    ConnectionConfig,
    Identity,
    Timeouts,
    use_identity,
)
from odh_nim.cluster.tls import build_context
from odh_nim.domain.errors import (
    InputError,
    InvalidNameError,
    KubeconfigError,
    ServerError,
    UnauthorizedError,
    UnclearReplyError,
    UnreachableError,
)
from odh_nim.domain.resources import CLUSTER_ROLES, CONFIG_MAPS, NAMESPACES, SECRETS
from support.api_server import ApiServer, Reply, Seen, status
from support.pacing import FakeTime
from support.tls import make_pki

CANARY = "canary-token-0123456789"
READY = Reply(200, {"kind": "Secret", "metadata": {"name": "key"}})


def ready(_seen: Seen) -> Reply:
    return READY


def connect(server: ApiServer, **config: Any) -> Client:
    return Client(ConnectionConfig(server.url, **config), pacing=FakeTime().pacing())


@pytest.mark.anyio
async def test_a_request_carries_the_connections_login() -> None:
    async with ApiServer(ready) as server, connect(server, token="t") as client:
        await client.get(SECRETS, "key", "a")

        assert server.seen[0].headers["authorization"] == "Bearer t"
        assert server.seen[0].path == "/api/v1/namespaces/a/secrets/key"


@pytest.mark.anyio
async def test_impersonation_travels_in_its_own_headers() -> None:
    async with (
        ApiServer(ready) as server,
        connect(server, token="t", as_user="jürgen", as_groups=("g", "h")) as client,
    ):
        await client.get(SECRETS, "key", "a")

        pairs = server.seen[0].header_list
        assert ("impersonate-user", "jürgen") in pairs
        assert [value for name, value in pairs if name == "impersonate-group"] == ["g", "h"]


@pytest.mark.anyio
async def test_an_identity_replaces_all_of_the_connections_login(tmp_path: Path) -> None:
    """R-KEY-16, R-EXT-05."""
    pki = make_pki(tmp_path)
    async with (
        ApiServer(ready, tls=pki.server) as server,
        connect(
            server,
            ca_data=pki.ca,
            client_certificate=pki.client("server-itself"),
            as_user="somebody",
            as_groups=("g",),
        ) as client,
    ):
        await client.get(SECRETS, "key", "a")
        with use_identity(Identity(token="alice")):
            await client.get(SECRETS, "key", "a")
        with use_identity(Identity(token="bob", user="carol", groups=("k",))):
            await client.get(SECRETS, "key", "a")
        await client.get(SECRETS, "key", "a")

        own, alice, bob, again = server.seen
        assert (own.certificate, own.headers["impersonate-user"]) == ("server-itself", "somebody")
        assert "authorization" not in own.headers
        assert (alice.certificate, alice.headers["authorization"]) == (None, "Bearer alice")
        assert "impersonate-user" not in alice.headers
        assert (bob.certificate, bob.headers["impersonate-user"]) == (None, "carol")
        assert again.certificate == "server-itself"
        # Kept alive, each kind on its own connection.
        assert [seen.connection for seen in server.seen] == [1, 2, 2, 1]


@pytest.mark.anyio
async def test_a_user_alone_is_impersonated_with_the_connections_login() -> None:
    async with ApiServer(ready) as server, connect(server, token="t", as_user="x") as client:
        with use_identity(Identity(user="alice")):
            await client.get(SECRETS, "key", "a")

        assert server.seen[0].headers["authorization"] == "Bearer t"
        assert server.seen[0].headers["impersonate-user"] == "alice"


@pytest.mark.anyio
async def test_identities_of_tasks_at_the_same_time_do_not_mix() -> None:
    """R-KEY-16."""

    async def slow(seen: Seen) -> Reply:
        await asyncio.sleep(0.01)
        return Reply(200, {"metadata": {"name": seen.headers["authorization"]}})

    async with ApiServer(slow) as server, connect(server, token="own") as client:

        async def ask(name: str) -> str:
            with use_identity(Identity(token=name)):
                await asyncio.sleep(0)
                return str((await client.get(SECRETS, "key", "a"))["metadata"]["name"])

        names = [f"caller-{number}" for number in range(30)]
        answers = await asyncio.gather(*(ask(name) for name in names))

    assert answers == [f"Bearer {name}" for name in names]


@pytest.mark.anyio
async def test_a_connection_without_credentials_needs_an_identity() -> None:
    """R-EXT-05, F8."""
    async with ApiServer(ready) as server:
        config = ConnectionConfig(server.url, token=CANARY).without_credentials()
        async with Client(config) as client:
            with pytest.raises(UnauthorizedError, match="nobody is logged in"):
                await client.get(SECRETS, "key", "a")
            with use_identity(Identity(user="alice")), pytest.raises(UnauthorizedError):
                await client.get(SECRETS, "key", "a")
            assert server.seen == []

            with use_identity(Identity(token="alice")):
                await client.get(SECRETS, "key", "a")

            assert server.seen[0].headers["authorization"] == "Bearer alice"


@pytest.mark.anyio
async def test_a_refused_identity_is_never_replaced_by_the_connections_login(
    tmp_path: Path,
) -> None:
    """F8, R-EXT-05."""
    file = tmp_path / "token"
    file.write_text("own")

    async with (
        ApiServer(lambda _: status(401, "Unauthorized")) as server,
        connect(server, token_file=file) as client,
    ):
        with use_identity(Identity(token="old")), pytest.raises(UnauthorizedError):
            await client.get(SECRETS, "key", "a")

        assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer old"]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"token": ""},
        {"token": "two words"},
        {"token": f"{CANARY}\r\nX: y"},
        {"token": "t", "groups": ("g",)},
        {"user": "a\nb"},
        {"user": "a", "groups": ("",)},
    ],
)
def test_an_identity_that_could_be_mistaken_is_refused(fields: dict[str, Any]) -> None:
    """R-KEY-16, I3."""
    with pytest.raises(InputError) as failure:
        Identity(**fields)

    assert CANARY not in str(failure.value)


def test_an_identity_does_not_show_its_token() -> None:
    """I3."""
    assert CANARY not in repr(Identity(token=CANARY))


@pytest.mark.anyio
async def test_no_redirect_is_followed() -> None:
    """I9; S6."""
    async with ApiServer(ready) as other, ApiServer(ready) as server:
        server.handler = lambda _: Reply(302, headers={"location": f"{other.url}/x"})
        async with connect(server, token=CANARY) as client:
            with pytest.raises(ServerError, match="a redirect"):
                await client.get(SECRETS, "key", "a")

        assert other.seen == []


@pytest.mark.anyio
async def test_netrc_and_proxy_variables_do_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I3."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login u password p\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async with ApiServer(ready) as server, connect(server) as client:
        await client.get(SECRETS, "key", "a")

        assert "authorization" not in server.seen[0].headers


@pytest.mark.anyio
async def test_a_cookie_is_never_sent_back() -> None:
    """R-KEY-16."""
    reply = dataclasses.replace(READY, headers={"set-cookie": "session=alice; Path=/"})
    async with ApiServer(lambda _: reply) as server, connect(server, token="t") as client:
        await client.get(SECRETS, "key", "a")
        await client.get(SECRETS, "key", "a")

        assert "cookie" not in server.seen[1].headers


@pytest.mark.anyio
async def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """I3; S7."""
    caplog.set_level(logging.DEBUG)
    handlers = [ready, lambda _: status(403, "Forbidden", "no"), lambda _: Reply(cut=True)]
    async with ApiServer(ready) as server, connect(server, token=CANARY) as client:
        for handler in handlers:
            server.handler = handler
            body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
            try:
                await client.create(body | {"data": {"k": CANARY}}, namespace="a")
            except (UnreachableError, InputError) as error:
                assert CANARY not in repr(error)  # noqa: PT017 - some of them succeed
            except Exception as error:  # noqa: BLE001 - as above
                assert CANARY not in str(error)  # noqa: PT017 - as above

    ours = [record for record in caplog.records if record.name.startswith("odh_nim")]
    assert "POST /api/v1/namespaces/a/secrets 200" in ours[0].getMessage()
    for record in caplog.records:
        assert CANARY not in record.getMessage()
        assert "authorization" not in record.getMessage().lower()


@pytest.mark.anyio
async def test_the_server_is_checked_by_its_own_authority(tmp_path: Path) -> None:
    pki, other = make_pki(tmp_path), make_pki(tmp_path, "127.0.0.2")
    async with ApiServer(ready, tls=pki.server) as server:
        async with connect(server, ca_data=pki.ca) as client:
            await client.get(SECRETS, "key", "a")
        async with connect(server, ca_data=other.ca, token=CANARY) as client:
            with pytest.raises(UnreachableError, match="cannot be trusted") as failure:
                await client.create(
                    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "key"}}
                )
            assert not isinstance(failure.value, UnclearReplyError)
        async with connect(server, insecure_skip_tls_verify=True) as client:
            await client.get(SECRETS, "key", "a")

        assert len(server.seen) == 2


@pytest.mark.anyio
async def test_the_servers_name_can_be_another(tmp_path: Path) -> None:
    pki = make_pki(tmp_path, "api.example.test")
    async with ApiServer(ready, tls=pki.server) as server:
        async with connect(server, ca_data=pki.ca) as client:
            with pytest.raises(UnreachableError, match="cannot be trusted"):
                await client.get(SECRETS, "key", "a")
        async with connect(server, ca_data=pki.ca, tls_server_name="api.example.test") as client:
            await client.get(SECRETS, "key", "a")


def test_a_key_never_stays_on_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """I3; S16."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    pki = make_pki(tmp_path)
    config = ConnectionConfig("https://127.0.0.1", ca_data=pki.ca)
    good = pki.client("a")
    other = ClientCertificate(good.certificate, pki.client("b").key)

    assert isinstance(build_context(config, good), ssl.SSLContext)
    for broken in (
        other,
        ClientCertificate(b"x", b"y"),
        ClientCertificate(good.certificate, b"-----BEGIN ENCRYPTED PRIVATE KEY-----"),
    ):
        with pytest.raises(KubeconfigError, match=r"client (certificate|key)"):
            build_context(config, broken)

    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_authority_that_is_no_certificate_is_named() -> None:
    """I7."""
    with pytest.raises(KubeconfigError, match="authority"):
        build_context(ConnectionConfig("https://127.0.0.1", ca_data=b"x"), None)


@pytest.mark.anyio
async def test_a_server_behind_a_path_keeps_it() -> None:
    async with ApiServer(ready) as server:
        config = ConnectionConfig(f"{server.url}/k8s/clusters/c-1")
        async with Client(config) as client:
            await client.get(SECRETS, "key", "a")

        assert server.seen[0].path == "/k8s/clusters/c-1/api/v1/namespaces/a/secrets/key"


@pytest.mark.anyio
async def test_each_part_of_an_address_is_one_part() -> None:
    """I9."""
    async with ApiServer(ready) as server, connect(server) as client:
        await client.get(CLUSTER_ROLES, "system:node?x=y#z")

        assert server.seen[0].path.endswith("/clusterroles/system:node?x=y#z")
        assert server.seen[0].params == {}
        for name in ("", ".", "..", "a/b", "../secrets/b", "%2e%2e", "a\nb"):
            with pytest.raises(InvalidNameError):
                await client.get(SECRETS, name, "a")
            with pytest.raises(InvalidNameError):
                await client.get(SECRETS, "key", name)
            with pytest.raises(InvalidNameError):
                await client.list(SECRETS, name)
        assert len(server.seen) == 1


@pytest.mark.anyio
async def test_the_namespace_is_the_one_named_or_the_connections() -> None:
    async with ApiServer(ready) as server, connect(server, namespace="mine") as client:
        manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
        there = {**manifest, "metadata": {"name": "x", "namespace": "there"}}
        await client.get(CONFIG_MAPS, "x")
        await client.create(manifest)
        await client.create(there)
        await client.create(there, namespace="there")
        await client.get(NAMESPACES, "x")

        assert [seen.path.removeprefix("/api/v1/namespaces/") for seen in server.seen] == [
            "mine/configmaps/x",
            "mine/configmaps",
            "there/configmaps",
            "there/configmaps",
            "x",
        ]
        with pytest.raises(InputError, match="is for project there, not here"):
            await client.create(there, namespace="here")
        with pytest.raises(InputError, match=r"Foo/x .* is no kind"):
            await client.create({"apiVersion": "v9", "kind": "Foo", "metadata": {"name": "x"}})


@pytest.mark.anyio
async def test_a_proxy_is_told_the_host_and_nothing_else(tmp_path: Path) -> None:
    """I3."""
    targets: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        targets.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(proxy, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        config = ConnectionConfig(
            "https://api.test:6443",
            proxy=f"http://127.0.0.1:{port}",
            token=CANARY,
            ca_data=make_pki(tmp_path).ca,
        )
        timeouts = Timeouts(operation=5)
        async with Client(config, timeouts=timeouts, pacing=FakeTime().pacing()) as client:
            with pytest.raises(UnreachableError, match="407"):
                await client.get(SECRETS, "key", "a")

    assert targets[0].startswith(b"CONNECT api.test:6443 ")
    assert CANARY.encode() not in targets[0]
