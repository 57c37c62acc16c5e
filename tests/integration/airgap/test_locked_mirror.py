"""A mirror as banks have it: a private CA, client certificates, tokens of its own service."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.registry_program import RegistryProgram, running
from support.registry_tls import make_certificates
from support.registry_world import World
from support.token_server import TokenServer, tokens

CANARY = "pass-canary"
# Tokens that live for a second run out many times on the way.
LIFE = 1


@pytest.fixture
def service(tmp_path: Path) -> Iterator[TokenServer]:
    folder = tmp_path / "tls"
    folder.mkdir()
    certificates = make_certificates(folder)
    with tokens(TokenServer(certificates, ("robot", CANARY), LIFE)) as server:
        yield server


@pytest.fixture
def locked(nvidia: RegistryProgram, service: TokenServer, tmp_path: Path) -> Iterator[World]:
    certificate, key = service.certificates.pair("server")
    tls = {
        "certificate": str(certificate),
        "key": str(key),
        "clientcas": [str(service.certificates.ca)],
    }
    with running(tmp_path / "mirror", auth=service.auth(), tls=tls) as mirror:
        yield World(nvidia, mirror, tmp_path)


def ways(service: TokenServer) -> list[str | Path]:
    certificate, key = service.certificates.pair("client")
    return ["--ca", service.certificates.ca, "--client-cert", certificate, "--client-key", key]


def log_in(world: World, password: str) -> Path:
    path = world.folder / "auth.json"
    login = base64.b64encode(f"robot:{password}".encode()).decode()
    path.write_text(json.dumps({"auths": {world.mirror.host: {"auth": login}}}))
    return path


def test_a_locked_mirror_takes_a_bundle_and_is_verified(
    locked: World, service: TokenServer
) -> None:
    """AG-24, AG-35, AG-63, R-AIR-09."""
    plan, bundle = locked.plan(), locked.folder / "bundle"
    with_login = [*ways(service), "--authfile", log_in(locked, CANARY)]
    place = f"{locked.mirror.host}/site/nv"
    locked.run("pull", plan, bundle)

    pushed = locked.run("push", bundle, place, *with_login, "-o", "json")
    locked.run("verify", bundle, "--registry", place, "--deep", *with_login)
    again = locked.run("push", bundle, place, *with_login, "-o", "json")

    assert '"moved"' in pushed.stdout
    assert '"moved"' not in again.stdout
    assert CANARY not in pushed.stdout + pushed.stderr
    # Nothing wider than a repository was asked for, and pushing only where something is pushed.
    assert {scope.split(":")[0] for scope in service.scopes} == {"repository"}
    assert all(name.split(":")[1].startswith("site/nv/") for name in service.scopes)


@pytest.mark.parametrize("lacks", ["login", "certificate", "ca"])
def test_what_a_locked_mirror_misses_is_said_and_nothing_goes_up(
    locked: World, service: TokenServer, lacks: str
) -> None:
    """AG-62, AG-63."""
    plan = locked.plan()
    options = [*ways(service), "--authfile", log_in(locked, CANARY)]
    if lacks == "login":
        log_in(locked, "wrong-canary")
    elif lacks == "certificate":
        options = [*options[:2], *options[6:]]
    else:
        other = locked.folder / "other"
        other.mkdir()
        options[1] = make_certificates(other).ca

    answer = locked.run("copy", plan, locked.mirror.host, "--wait", "1", *options, code=8)

    words = {"login": "login", "certificate": "", "ca": "certificate cannot be trusted"}
    assert words[lacks] in answer.stderr
    assert "canary" not in answer.stderr
    assert list(locked.mirror.folder.rglob("_manifests")) == []
