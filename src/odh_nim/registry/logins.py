"""Logins of registries: docker's `config.json`, podman's `auth.json`, credential helpers."""

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from odh_nim.domain.errors import ConfigurationError

_HELPER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_HELPER_TIME: Final = 30
# Docker's own registry is filed under the address of its first version.
_ALIASES: Final = {"docker.io": "index.docker.io"}
# What a helper writes as user name when the secret is a refresh token.
_TOKEN_USER: Final = "<token>"  # noqa: S105 - a mark, no secret


@dataclass(frozen=True)
class Login:
    """A user and a password, or a refresh token; neither can be printed by accident."""

    username: str
    password: str = field(default="", repr=False)
    refresh_token: str | None = field(default=None, repr=False)


class Logins:
    """Finds the login of a repository: given ones first, then the files, most exact entry first."""

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        given: Mapping[str, Login] | None = None,
        authfile: Path | None = None,
    ) -> None:
        self._environ = environ
        self._given = dict(given or {})
        self._authfile = authfile
        self._cache: dict[tuple[str, str], Login | None] = {}

    def find(self, host: str, repository: str = "") -> Login | None:
        """Find the login, or None for an anonymous connection.

        Raises:
            ConfigurationError: A file or a helper that names the host cannot be used.

        """
        if host in self._given:
            return self._given[host]
        if (host, repository) not in self._cache:
            self._cache[host, repository] = self._look_up(host, repository)
        return self._cache[host, repository]

    def _look_up(self, host: str, repository: str) -> Login | None:
        for path in self._files():
            if (config := _read(path)) is None:
                continue
            if login := _from_config(config, host, repository, self._environ, path):
                return login
        return None

    def _files(self) -> Iterator[Path]:
        if self._authfile:
            yield self._authfile
            return
        environ = self._environ
        if named := environ.get("REGISTRY_AUTH_FILE"):
            yield Path(named)
        home = Path(environ.get("HOME") or "~").expanduser()
        if run := environ.get("XDG_RUNTIME_DIR"):
            yield Path(run) / "containers" / "auth.json"
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "containers/auth.json"
        yield Path(environ.get("DOCKER_CONFIG") or home / ".docker") / "config.json"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"The logins in {path} cannot be read: {error}.") from None
    try:
        config = json.loads(text)
    except (ValueError, RecursionError):
        # `from None`: the parser's error holds the text.
        raise ConfigurationError(f"The logins in {path} are no JSON.") from None
    if not isinstance(config, dict):
        raise ConfigurationError(f"The logins in {path} are no JSON object.")
    return config


def _from_config(
    config: dict[str, Any], host: str, repository: str, environ: Mapping[str, str], path: Path
) -> Login | None:
    helpers = config.get("credHelpers")
    if isinstance(helpers, dict) and isinstance(named := helpers.get(host), str):
        return _ask_helper(named, host, environ)
    entries = config.get("auths")
    entries = entries if isinstance(entries, dict) else {}
    normal = {_normal(key): entry for key, entry in entries.items()}
    for key in _keys(host, repository):
        entry = normal.get(key)
        if isinstance(entry, dict) and (login := _from_entry(entry, path)):
            return login
    if isinstance(store := config.get("credsStore"), str) and store:
        return _ask_helper(store, host, environ)
    return None


def _keys(host: str, repository: str) -> Iterator[str]:
    """Give the names an entry can have, the most exact one first."""
    for name in (host, _ALIASES.get(host)):
        if name is None:
            continue
        parts = repository.split("/") if repository else []
        for length in range(len(parts), 0, -1):
            yield "/".join([name, *parts[:length]])
        yield name


def _normal(key: str) -> str:
    name = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return name.removesuffix("/v1").removesuffix("/v2")


def _from_entry(entry: dict[str, Any], path: Path) -> Login | None:
    token = entry.get("identitytoken")
    if isinstance(entry.get("auth"), str) and entry["auth"]:
        try:
            text = base64.b64decode(entry["auth"], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise ConfigurationError(f"A login in {path} is no base64 text.") from None
        username, _, password = text.partition(":")
        return Login(username, password.rstrip("\0"), token if isinstance(token, str) else None)
    given = entry.get("username"), entry.get("password")
    if isinstance(given[0], str) and isinstance(given[1], str):
        return Login(given[0], given[1])
    return None


def _ask_helper(name: str, host: str, environ: Mapping[str, str]) -> Login | None:
    if not _HELPER.fullmatch(name):
        raise ConfigurationError(f"{name!r} is no credential helper.")
    program = f"docker-credential-{name}"
    server = "https://index.docker.io/v1/" if host == "docker.io" else host
    try:
        answer = subprocess.run(  # noqa: S603 - a program the user named, without a shell
            [program, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=_HELPER_TIME,
            env=dict(environ),
            check=False,
        )
    except FileNotFoundError:
        raise ConfigurationError(f"The credential helper {program} is not on PATH.") from None
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{program} gave no answer in {_HELPER_TIME} s.") from None
    if answer.returncode:
        # It says "credentials not found" on standard output; anything may stand there.
        if b"not found" in answer.stdout:
            return None
        raise ConfigurationError(f"{program} failed for {host} (exit {answer.returncode}).")
    try:
        fields = json.loads(answer.stdout)
        username, secret = fields["Username"], fields["Secret"]
    except (ValueError, LookupError, TypeError):
        raise ConfigurationError(f"{program} gave no login for {host}.") from None
    if username == _TOKEN_USER:
        return Login("", refresh_token=secret)
    return Login(username, secret)
