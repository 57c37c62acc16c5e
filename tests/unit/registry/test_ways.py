"""The ways to a registry: private CA, client certificate, proxy."""

import base64
from pathlib import Path

import pytest

from odh_nim.domain.errors import ConfigurationError, RegistryError
from odh_nim.registry.endpoint import Trust
from support.registry_clients import open_store
from support.registry_images import noise
from support.registry_server import FakeRegistry, serve
from support.registry_tls import NAME, Certificates, Proxy, make_certificates, proxying

CONTENT = noise(300_000, "tls")


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls"))


def test_a_private_ca_is_trusted_where_it_is_named_and_only_there(
    certificates: Certificates,
) -> None:
    """AG-63, R-AIR-09."""
    registry = FakeRegistry()
    digest = registry.put("nim/a", CONTENT)
    with serve(registry, tls=certificates.server_context()) as host:
        with open_store(host, trust=Trust(certificates.ca)) as store:
            assert b"".join(store.read_blob("nim/a", digest, len(CONTENT))) == CONTENT
        with open_store(host, trust=Trust()) as store, pytest.raises(RegistryError) as error:
            store.has_blob("nim/a", digest)

    assert "certificate cannot be trusted" in str(error.value)


def test_a_client_certificate_is_shown(certificates: Certificates) -> None:
    """AG-63."""
    registry = FakeRegistry()
    digest = registry.put("nim/a", CONTENT)
    ours = Trust(certificates.ca, *certificates.pair("client"))
    with serve(registry, tls=certificates.server_context(ask_client=True)) as host:
        with open_store(host, trust=ours) as store:
            assert store.has_blob("nim/a", digest)
        with open_store(host, trust=Trust(certificates.ca)) as store, pytest.raises(RegistryError):
            store.has_blob("nim/a", digest)


def test_certificate_files_that_cannot_be_used_are_named(
    certificates: Certificates, tmp_path: Path
) -> None:
    """AG-63."""
    (tmp_path / "broken").write_text("no certificate")
    for trust in (Trust(tmp_path / "missing"), Trust(tmp_path / "broken")):
        with pytest.raises(ConfigurationError, match="certificate file"):
            trust.context()


def test_a_registry_behind_a_proxy_is_reached_by_connect(certificates: Certificates) -> None:
    """AG-63: the name is the proxy's to resolve, TLS ends at the registry, the login is kept."""
    registry = FakeRegistry()
    digest = registry.put("nim/a", CONTENT)
    login = base64.b64encode(b"user:pass-canary").decode()
    with (
        serve(registry, tls=certificates.server_context()) as host,
        proxying(Proxy(int(host.rpartition(":")[2]), login=login)) as proxy,
    ):
        environ = {"https_proxy": f"http://user:pass-canary@127.0.0.1:{proxy.port}"}
        with open_store(NAME, trust=Trust(certificates.ca), environ=environ) as store:
            assert b"".join(store.read_blob("nim/a", digest, len(CONTENT))) == CONTENT
        wrong = {"https_proxy": f"http://127.0.0.1:{proxy.port}"}
        with (
            open_store(NAME, trust=Trust(certificates.ca), environ=wrong) as store,
            pytest.raises(RegistryError, match="asks for a login") as error,
        ):
            store.has_blob("nim/a", digest)
        exempt = {**environ, "NO_PROXY": ".test"}
        with (
            open_store(NAME, trust=Trust(certificates.ca), environ=exempt) as store,
            pytest.raises(RegistryError, match="name cannot be resolved"),
        ):
            store.has_blob("nim/a", digest)

    assert {line.rpartition(" ")[0] for line in proxy.lines} == {f"CONNECT {NAME}:443"}
    assert "canary" not in str(error.value)


def test_a_plain_registry_behind_a_proxy_is_asked_through_it() -> None:
    """AG-63."""
    registry = FakeRegistry()
    digest = registry.put("nim/a", CONTENT)
    with serve(registry) as host, proxying(Proxy(int(host.rpartition(":")[2]))) as proxy:
        environ = {"HTTP_PROXY": f"127.0.0.1:{proxy.port}"}
        with open_store(NAME, environ=environ) as store:
            assert store.has_blob("nim/a", digest)

    assert proxy.lines[0].startswith(f"HEAD http://{NAME}/v2/nim/a/blobs/")
