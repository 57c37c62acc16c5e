import base64
import hashlib
import json
import os
import stat
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from odh_nim.domain.errors import ConfigurationError, RegistryRefusedError
from odh_nim.registry.endpoint import Endpoint, Location, proxy_for, proxy_login
from odh_nim.registry.logins import Login, Logins, _from_config
from support.registry_clients import QUICK, open_store
from support.registry_images import noise
from support.registry_program import free_port
from support.registry_server import FakeRegistry, Fault, serve

BOB = Login("bob", "pass-canary")
REPOSITORY = "nim/meta/llama"
CONTENT = noise(1_000_000, "x")


def test_a_token_is_fetched_once_and_used_for_all_requests_of_a_repository() -> None:
    registry = FakeRegistry(login=("bob", "pass-canary"))
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host, open_store(host, login=BOB) as store:
        for _ in range(3):
            assert store.has_blob(REPOSITORY, digest)

    assert registry.count("GET /token") == 1
    assert registry.count("HEAD") == 3 + 1


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_threads_that_ask_at_the_same_moment_all_get_in(scheme: str) -> None:
    """AG-24: each met a 401, and another thread had learnt of the login meanwhile."""
    registry = FakeRegistry(login=("bob", "pass-canary"), scheme=scheme)
    places = [f"{REPOSITORY}{number}" for number in range(8)]
    digests = [registry.put(place, CONTENT) for place in places]
    registry.faults = [Fault("stall", "HEAD", times=8, seconds=0.2)]
    found: list[bool] = []

    with serve(registry) as host, open_store(host, login=BOB) as store:
        threads = [
            threading.Thread(target=lambda *at: found.append(store.has_blob(*at)), args=at)
            for at in zip(places, digests, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == [True] * 8


def test_threads_whose_token_is_refused_at_the_same_moment_all_get_a_new_one() -> None:
    """AG-24: 401 in the middle; nobody takes the new token of another thread away."""
    registry = FakeRegistry(login=("bob", "pass-canary"))
    digest = registry.put(REPOSITORY, CONTENT)
    found: list[bool] = []

    with serve(registry) as host, open_store(host, login=BOB) as store:
        assert store.has_blob(REPOSITORY, digest)
        registry.tokens.clear()
        registry.faults = [Fault("stall", "HEAD", times=6, seconds=0.2)]
        threads = [
            threading.Thread(target=lambda: found.append(store.has_blob(REPOSITORY, digest)))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert found == [True] * 6
    assert registry.count("GET /token") <= 3


def test_a_short_lived_token_is_renewed_before_it_expires() -> None:
    """AG-24."""
    registry = FakeRegistry(login=("bob", "pass-canary"), token_life=0.3)
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host, open_store(host, login=BOB) as store:
        until = threading.Event()
        for _ in range(12):
            assert store.has_blob(REPOSITORY, digest)
            until.wait(0.07)

    # One 401, the first; every later token came in time.
    assert len(registry.tokens) >= 3
    assert registry.count("HEAD") == 12 + 1


def test_a_realm_named_later_gets_nothing() -> None:
    """AG-24: the first realm is kept, also when a 401 in the middle names another."""
    other = FakeRegistry()
    registry = FakeRegistry(login=("bob", "pass-canary"))
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(other) as elsewhere, serve(registry) as host, open_store(host, login=BOB) as store:
        registry.later_realm = f"http://{elsewhere}/token"
        assert store.has_blob(REPOSITORY, digest)
        registry.tokens.clear()
        assert store.has_blob(REPOSITORY, digest)

    assert other.requests == []
    assert registry.count("GET /token") == 2


def test_a_refused_login_is_told_without_the_password() -> None:
    """AG-35, R-AIR-09."""
    registry = FakeRegistry(login=("bob", "other"))

    with (
        serve(registry) as host,
        open_store(host, login=BOB) as store,
        pytest.raises(RegistryRefusedError) as error,
    ):
        store.digest_of(REPOSITORY, "1.0.0")

    assert "the login was refused" in str(error.value)
    assert "canary" not in str(error.value) + repr(error.value) + repr(BOB)
    assert all("canary" not in line for line in registry.requests)


def test_a_refresh_token_is_exchanged() -> None:
    registry = FakeRegistry(login=("", "refresh-canary"))
    digest = registry.put(REPOSITORY, CONTENT)
    login = Login("", refresh_token="refresh-canary")

    with serve(registry) as host, open_store(host, login=login) as store:
        assert store.has_blob(REPOSITORY, digest)


def test_a_basic_login_is_sent_after_the_registry_asked_for_it() -> None:
    registry = FakeRegistry(login=("bob", "pass-canary"), scheme="basic")
    digest = registry.put(REPOSITORY, CONTENT)

    with serve(registry) as host, open_store(host, login=BOB) as store:
        assert store.has_blob(REPOSITORY, digest)
        store.upload_blob("nim/a", digest, len(CONTENT), lambda offset: iter([CONTENT[offset:]]))

    assert "Authorization" not in registry.headers_seen[0][1]
    assert registry.count("HEAD") == 2


def test_a_token_that_runs_out_while_a_blob_goes_out_is_replaced() -> None:
    """F43."""
    registry = FakeRegistry(
        login=("bob", "pass-canary"), faults=[Fault("401", "^PUT .*uploads")], broken_patch="keeps"
    )

    with serve(registry) as host, open_store(host, login=BOB) as store:
        digest = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
        store.upload_blob("nim/a", digest, len(CONTENT), lambda offset: iter([CONTENT[offset:]]))

    assert registry.blobs[digest] == CONTENT


def test_a_login_is_not_sent_in_plain_text_to_another_machine() -> None:
    """S4."""
    assert not Endpoint("mirror.example.com", plain=True).may_send_login
    assert Endpoint("mirror.example.com").may_send_login
    assert Endpoint("127.0.0.1:5000", plain=True).may_send_login


# ── Files and helpers ───────────────────────────────────────────────────────────────────────────
def auth(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_docker_and_podman_files_are_read_the_most_exact_entry_first(tmp_path: Path) -> None:
    """AG-63."""
    docker = tmp_path / ".docker"
    docker.mkdir()
    (docker / "config.json").write_text(
        json.dumps({"auths": {"https://mirror.example.com/v2/": auth("from", "docker")}})
    )
    run = tmp_path / "run" / "containers"
    run.mkdir(parents=True)
    (run / "auth.json").write_text(
        json.dumps(
            {
                "auths": {
                    "quay.example.com": auth("all", "one"),
                    "quay.example.com/team": auth("team", "two"),
                }
            }
        )
    )
    logins = Logins({"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")})

    assert logins.find("mirror.example.com", "nim/meta/llama") == Login("from", "docker")
    assert logins.find("quay.example.com", "team/app") == Login("team", "two")
    assert logins.find("quay.example.com", "other/app") == Login("all", "one")
    assert logins.find("elsewhere.example.com", "x") is None


def test_a_given_file_and_docker_config_folder_are_used(tmp_path: Path) -> None:
    """AG-63."""
    file = tmp_path / "auth.json"
    file.write_text(json.dumps({"auths": {"a.example.com": {"username": "u", "password": "p"}}}))
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"b.example.com": auth("b", "c")}}))

    assert Logins({}, authfile=file).find("a.example.com") == Login("u", "p")
    assert Logins({"DOCKER_CONFIG": str(tmp_path)}).find("b.example.com") == Login("b", "c")


@pytest.mark.parametrize("field", ["credHelpers", "credsStore"])
def test_credential_helpers_are_asked(tmp_path: Path, field: str) -> None:
    """AG-63."""
    helper = tmp_path / "docker-credential-site"
    helper.write_text(
        '#!/bin/sh\nread host\n[ "$1 $host" = "get mirror.example.com" ] || '
        '{ echo "credentials not found"; exit 1; }\n'
        'echo \'{"ServerURL":"x","Username":"helped","Secret":"by-helper"}\'\n'
    )
    helper.chmod(helper.stat().st_mode | stat.S_IEXEC)
    value = {"mirror.example.com": "site"} if field == "credHelpers" else "site"
    (tmp_path / "config.json").write_text(json.dumps({field: value}))
    logins = Logins({"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"})

    assert logins.find("mirror.example.com") == Login("helped", "by-helper")
    assert logins.find("other.example.com") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("not json canary", "no JSON"),
        ('{"auths": {"a.example.com": {"auth": "%%canary"}}}', "no base64"),
        ('{"credHelpers": {"a.example.com": "../canary/x"}}', "credential helper"),
        ('{"credHelpers": {"a.example.com": "not-there"}}', "not on PATH"),
    ],
)
def test_files_that_cannot_be_used_are_named_without_their_text(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "config.json").write_text(text)

    with pytest.raises(ConfigurationError, match=words) as error:
        Logins({"DOCKER_CONFIG": str(tmp_path), "PATH": "/nowhere"}).find("a.example.com")

    if "helper" not in words:
        assert "canary" not in str(error.value)


@given(st.text(max_size=80))
def test_any_text_in_a_file_gives_a_login_none_or_one_error(text: str) -> None:
    try:
        config = json.loads(text)
    except ValueError:
        return
    if isinstance(config, dict):
        _from_config(config, "a.example.com", "x", {}, Path("f"))


# ── Proxies ─────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("url", "no_proxy", "expected"),
    [
        ("https://nvcr.io", "", "http://proxy:3128"),
        ("https://nvcr.io", "nvcr.io", None),
        ("https://a.b.example.com", ".example.com", None),
        ("https://a.b.example.com", "example.com", None),
        ("https://notexample.com", "example.com", "http://proxy:3128"),
        ("https://10.1.2.3", "10.0.0.0/8", None),
        ("https://11.1.2.3", "10.0.0.0/8", "http://proxy:3128"),
        ("https://reg.example.com:5000", "reg.example.com:5000", None),
        ("https://reg.example.com:5001", "reg.example.com:5000", "http://proxy:3128"),
        ("https://anything", "*", None),
        ("http://127.0.0.1:5000", "", None),
        ("http://plain.example.com", "", None),
    ],
)
def test_no_proxy_decides(url: str, no_proxy: str, expected: str | None) -> None:
    """AG-63."""
    assert proxy_for(url, {"HTTPS_PROXY": "proxy:3128", "no_proxy": no_proxy}) == expected


def test_the_login_of_a_proxy_leaves_its_address() -> None:
    assert proxy_login("http://u:p%40x@proxy:3128") == ("http://proxy:3128", "u:p@x")
    assert proxy_login("http://proxy:3128") == ("http://proxy:3128", None)


def test_a_place_in_a_registry_is_read() -> None:
    assert Location.parse("mirror.example.com:5000/nvidia/x") == Location(
        "mirror.example.com:5000", "nvidia/x"
    )
    assert Location.parse("http://127.0.0.1:5000").plain
    with pytest.raises(Exception, match="no registry"):
        Location.parse("https://u:p@host/x")


def test_a_proxy_that_cannot_be_reached_is_told_soon(tmp_path: Path) -> None:
    """AG-63: within 30 s, here with shorter limits."""
    environ = {"HTTP_PROXY": f"http://127.0.0.1:{free_port()}"}
    began = time.monotonic()
    with (
        open_store("registry.example.com", environ=environ, patience=QUICK) as store,
        pytest.raises(Exception, match="proxy cannot be reached"),
    ):
        store.digest_of("a", "b")

    assert time.monotonic() - began < 5
    assert 2 * QUICK.__class__().connect + QUICK.__class__().first < 40
