"""Whether an image may be pulled, and what a container runtime says when it may not."""

import json
from base64 import b64decode
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from odh_nim.domain import names
from odh_nim.domain.api_key import PREFIX, ApiKey
from odh_nim.domain.errors import InputError
from odh_nim.domain.manifest import Manifest

ALLOWED: Final = 200
_UNAUTHORIZED: Final = 401
_NOT_FOUND: Final = 404
_REASONS: Final[Mapping[int, str]] = {
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    429: "Too Many Requests",
    451: "Unavailable For Legal Reasons",
    503: "Service Unavailable",
}


class ImageJudge(Protocol):
    """Answers what a registry would: an HTTP status."""

    async def pull_status(self, image: str, key: ApiKey) -> int:
        """Ask for an image with a key."""
        ...


async def judge_image(
    image: str, passwords: Sequence[str], judge: ImageJudge, *, registries: Sequence[str]
) -> str:
    """Tell why an image may not be pulled; empty where it may.

    As in a real kubelet the first password that works is enough, and other registries than
    NVIDIA's are open.
    """
    if registry_of(image) not in registries:
        return ""
    status = _UNAUTHORIZED
    for password in passwords:
        status = await _ask(judge, image, password)
        if status == ALLOWED:
            return ""
    return refusal_text(image, status, anonymous=not passwords)


async def _ask(judge: ImageJudge, image: str, password: str) -> int:
    if not password.startswith(PREFIX):
        return _UNAUTHORIZED
    try:
        key = ApiKey(password)
    except InputError:
        return _UNAUTHORIZED
    return await judge.pull_status(image, key)


def registry_of(image: str) -> str:
    """Name the registry of an image as the runtime reads it."""
    host, slash, _ = image.partition("/")
    named = slash and ("." in host or ":" in host or host == "localhost")
    return host if named else "docker.io"


def refusal_text(image: str, status: int, *, anonymous: bool = False) -> str:
    """Say it as containerd does, so that whoever reads the message meets the real forms."""
    registry = registry_of(image)
    path, _, tag = image.removeprefix(f"{registry}/").partition(":")
    resolve = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": '
    if status == _NOT_FOUND:
        return f"{resolve}{image}: not found"
    text = f"{status} {_REASONS.get(status, 'Error')}"
    if status == _UNAUTHORIZED:
        token = "anonymous token" if anonymous else "oauth token"
        return (
            f"{resolve}failed to authorize: failed to fetch {token}: unexpected status from GET "
            f"request to https://{registry}/proxy_auth?scope=repository%3A{path}%3Apull: {text}"
        )
    address = f"https://{registry}/v2/{path}/manifests/{tag or 'latest'}"
    return f"{resolve}unexpected status from HEAD request to {address}: {text}"


def passwords_in(secret: Manifest, registry: str) -> list[str]:
    """Read the passwords a pull Secret holds for a registry; one that is broken holds none."""
    try:
        found = [_password(login) for login in docker_logins(secret, registry)]
        return [password for password in found if password and isinstance(password, str)]
    except (ValueError, AttributeError):
        return []


def docker_logins(secret: Manifest, registry: str) -> list[Mapping[str, Any]]:
    """Read the logins a pull Secret holds for a registry; one that is broken holds none."""
    encoded = (secret.get("data") or {}).get(names.DOCKER_CONFIG_FIELD, "")
    try:
        logins = json.loads(b64decode(encoded)).get("auths", {}).items()
        return [
            login
            for host, login in logins
            if host.removeprefix("https://").partition("/")[0] == registry
        ]
    except (ValueError, AttributeError):
        return []


def _password(login: Mapping[str, Any]) -> object:
    if login.get("auth"):
        return b64decode(login["auth"]).decode().partition(":")[2]
    return login.get("password")
