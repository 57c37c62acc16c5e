"""The way to NVIDIA: certificates, names, proxies, and what never changes the request."""

from pathlib import Path

import pytest

from odh_nim.domain.api_key import ApiKey
from odh_nim.domain.errors import ConfigurationError, NgcUnavailableError
from odh_nim.ngc import CallerInfo, NgcClient, Timeouts
from odh_nim.ngc.transport import retry_after
from support.raw_server import answer, connect_proxy, raw_server
from support.tls import Pki, make_pki

KEY = ApiKey("nvapi-CANARY-KEY-0000000000")
QUICK = Timeouts(connect=1, read=1, key_check=2, call=2)
HOST = "ngc.example.com"


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return make_pki(tmp_path, HOST, "127.0.0.1")


@pytest.fixture
def trust(pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pki:
    """Trust the test's authority as an administrator does: by an environment variable."""
    file = tmp_path / "ca.pem"
    file.write_bytes(pki.ca)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return pki


@pytest.fixture(autouse=True)
def no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


async def check(url: str) -> CallerInfo:
    async with NgcClient(url, timeouts=QUICK) as client:
        return await client.caller_info(KEY)


@pytest.mark.anyio
async def test_certificate_of_nobody_known_is_not_trusted(pki: Pki) -> None:
    """R-KEY-04: TLS."""
    async with raw_server(answer(b"{}"), context=pki.server) as server:
        with pytest.raises(NgcUnavailableError, match="its certificate cannot be trusted"):
            await check(f"https://127.0.0.1:{server.port}")

    assert server.requests == []


@pytest.mark.anyio
async def test_server_without_tls_gets_no_key() -> None:
    """R-KEY-04: TLS."""
    async with raw_server(answer(b"{}")) as server:
        with pytest.raises(NgcUnavailableError, match="no TLS connection could be made"):
            await check(f"https://127.0.0.1:{server.port}")

    assert KEY.reveal() not in str(server.requests)


@pytest.mark.anyio
async def test_unknown_name_is_said_to_be_unknown() -> None:
    """R-KEY-04: DNS."""
    with pytest.raises(NgcUnavailableError, match=r"its name cannot be resolved|in time"):
        await check("https://nowhere.invalid")


@pytest.mark.anyio
async def test_closed_port_refuses() -> None:
    async with raw_server(answer()) as server:
        pass

    with pytest.raises(NgcUnavailableError, match="the connection was refused"):
        await check(server.url)


@pytest.mark.anyio
async def test_proxy_of_the_environment_is_used(
    trust: Pki, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-04: F29."""
    async with (
        raw_server(answer(b'{"type": "PERSONAL_KEY"}'), context=trust.server) as server,
        connect_proxy(server) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        info = await check(f"https://{HOST}")

    assert info.type == "PERSONAL_KEY"
    assert proxy.requests[0].startswith(f"CONNECT {HOST}:443 ")
    assert KEY.reveal() not in proxy.requests[0]
    assert KEY.reveal() in server.requests[0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (answer(b"", status=407), "the proxy asks for a login"),
        (answer(b"<html>", status=403, media_type="text/html"), "the proxy said: 403"),
        (answer(b"", status=502), "the proxy said: 502"),
    ],
)
async def test_refusal_of_a_proxy_is_told_as_its_own(
    refusal: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-04: F29."""
    async with connect_proxy(None, refusal=refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(NgcUnavailableError, match=words):
            await check(f"https://{HOST}")


@pytest.mark.anyio
async def test_hosts_without_proxy_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect_proxy(None) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", ".invalid")
        with pytest.raises(NgcUnavailableError):
            await check("https://nowhere.invalid")

    assert proxy.requests == []


@pytest.mark.anyio
async def test_this_machine_is_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    async with connect_proxy(None) as proxy, raw_server(answer(b"{}")) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        await check(server.url)

    assert proxy.requests == []


@pytest.mark.anyio
async def test_broken_proxy_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "nonsense://proxy")

    with pytest.raises(NgcUnavailableError, match="proxy or certificate settings"):
        NgcClient(f"https://{HOST}")


@pytest.mark.anyio
async def test_logins_of_a_netrc_file_are_ignored(
    trust: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R-KEY-04; S6: another login must not take the key's place."""
    file = tmp_path / ".netrc"
    file.write_text(f"machine {HOST} login somebody password canary-password\n")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    monkeypatch.setenv("HOME", str(tmp_path))
    async with (
        raw_server(answer(b"{}"), context=trust.server) as server,
        connect_proxy(server) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        await check(f"https://{HOST}")

    request = server.requests[0].lower()
    assert f"authorization: bearer {KEY.reveal().lower()}" in request
    assert "basic" not in request


@pytest.mark.parametrize(
    "url",
    [
        "http://ngc.example.com",
        "https://10.0.0.1",
        "https://169.254.169.254",
        "https://2130706433",
        "https://user:password@ngc.example.com",
        "ftp://ngc.example.com",
        "",
    ],
)
def test_address_that_would_expose_a_key_is_refused(url: str) -> None:
    """R-KEY-06."""
    with pytest.raises(ConfigurationError) as refusal:
        NgcClient(url)

    assert "password" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("999999999999", 999999999.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_wish_for_rest_is_read_as_seconds_or_date(text: str, seconds: float | None) -> None:
    """F27."""
    assert retry_after(text) == seconds
